"""What holds for every scenario: check mode tells the truth on hosts that have everything, and on hosts that have nothing."""

from flows import BARE, LAB, SCENARIO, at, converge, play


def test_check_mode_on_converged_hosts_finds_nothing_to_change():
    run = converge("--check", "--diff")
    assert run.succeeded, run.output[-3000:]
    assert run.changed == {}


def test_check_mode_on_bare_hosts_neither_fails_nor_changes_anything():
    look = "dpkg-query -W | sha256sum; ls /etc /var/lib | sha256sum"
    before = [at(name).check_output(look) for name in ("bare1", "bare2")]
    run = play(SCENARIO / "converge.yml", "--check", "--diff", inventories=(BARE, LAB / "inventory"))
    assert run.succeeded, run.output[-3000:]
    assert [at(name).check_output(look) for name in ("bare1", "bare2")] == before
