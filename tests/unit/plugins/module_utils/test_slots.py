"""The register: what is current, what was good before, and where the next version may go."""

from __future__ import annotations

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.slots import (
    Placed,
    Register,
    RegisterError,
    Staged,
    choose_slot,
    read_register,
)

ONE, TWO = Staged("1" * 64, "vendor"), Staged("2" * 64, "vendor")
AT = "2026-11-25T14:30:00Z"


def deployed() -> Register:
    return Register().staged("1.0.0", ONE, "blue").activated("1.0.0")


def upgraded() -> Register:
    return deployed().staged("1.1.0", TWO, "green").activated("1.1.0")


def test_what_was_current_becomes_the_previous_good_one() -> None:
    register = upgraded()
    assert (register.current, register.previous_good) == (Placed("1.1.0", "green"), Placed("1.0.0", "blue"))
    assert register.activated("1.1.0") == register


def test_a_bad_version_never_becomes_the_previous_good_one() -> None:
    register = upgraded().staged("1.1.0", Staged("2" * 64, "vendor", bad="unhealthy"), "green")
    back = register.activated("1.0.0")
    assert (back.current, back.previous_good) == (Placed("1.0.0", "blue"), None)


def test_only_what_is_staged_can_become_current() -> None:
    with pytest.raises(RegisterError, match=r"9\.9\.9 is in no slot"):
        deployed().activated("9.9.9")


def test_is_read_as_it_was_written() -> None:
    for register in (
        Register(),
        deployed(),
        upgraded(),
        upgraded().finalized("1.1.0"),
        upgraded().rolled_back("1.0.0", AT, "x"),
    ):
        assert read_register(register.as_text(), "r.json") == register
    assert read_register(None, "r.json") == Register()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"format": 1}', '{"format": 3, "releases": {}}',
             '{"format": 1, "releases": {"1.0.0": {"x": 1}}, "slots": {}, "current": null, "previous_good": null}',
             '{"format": 1, "releases": {}, "slots": {}, "current": {}, "previous_good": null}']
)  # fmt: skip
def test_a_damaged_register_is_refused_by_its_path(text: str) -> None:
    with pytest.raises(RegisterError, match=r"r\.json"):
        read_register(text, "r.json")


@pytest.mark.parametrize(
    ("register", "version", "slot"),
    [
        (Register(), "1.0.0", "blue"),
        (deployed(), "1.0.0", "blue"),
        (deployed(), "1.1.0", "green"),
        (upgraded(), "1.1.0", "green"),
        (upgraded(), "1.0.0", "blue"),
        (upgraded(), "1.2.0", "blue"),
        (Register().staged("1.0.0", ONE, "green"), "1.0.0", "green"),
    ],
)
def test_a_version_goes_where_it_is_or_where_nothing_runs(register: Register, version: str, slot: str) -> None:
    assert choose_slot(register, version) == slot


def test_the_slot_of_the_current_version_is_never_given_away() -> None:
    with pytest.raises(RegisterError, match=r"1\.0\.0 is current in slot blue; 1\.1\.0 can go to the other slot only"):
        choose_slot(deployed(), "1.1.0", "blue")
    assert choose_slot(deployed(), "1.1.0", "green") == "green"


def test_a_bad_version_is_not_tried_again() -> None:
    register = deployed().staged("1.1.0", Staged("2" * 64, "vendor", bad="triage unhealthy"), "green")
    with pytest.raises(
        RegisterError, match=r"1\.1\.0 was marked BAD on this host \(triage unhealthy\).*-e upgrade_retry_bad=true"
    ):
        choose_slot(register, "1.1.0")
    assert choose_slot(register.cleared("1.1.0"), "1.1.0") == "green"
    assert register.cleared("1.0.0") == register
    with pytest.raises(RegisterError, match="cannot become current"):
        register.activated("1.1.0")


def test_a_register_of_the_first_format_is_read() -> None:
    text = (
        '{"format": 1, "releases": {"1.0.0": {"bad": "", "sha256": "11", "signer": "vendor"}}, "slots": {"blue": "1.0.0"},'
        ' "current": {"version": "1.0.0", "slot": "blue"}, "previous_good": null}'
    )
    register = read_register(text, "r.json")
    assert register.releases == {"1.0.0": Staged("11", "vendor")}
    assert (register.current, register.final) == (Placed("1.0.0", "blue"), "")


def test_keeps_when_a_version_became_current() -> None:
    register = deployed().staged("1.1.0", TWO, "green").activated("1.1.0", AT)
    assert (register.releases["1.1.0"].activated_at, register.releases["1.0.0"].activated_at) == (AT, "")
    assert register.activated("1.1.0", "2027-01-01T00:00:00Z") == register


def test_goes_back_to_the_previous_good_version_once() -> None:
    back = upgraded().rolled_back("1.0.0", AT, "triage failed\n under load")
    assert (back.current, back.previous_good) == (Placed("1.0.0", "blue"), None)
    assert back.bad("1.1.0") == "triage failed under load"
    assert back.releases["1.0.0"].activated_at == AT
    # A run that was killed behind this step does it again.
    assert back.rolled_back("1.0.0", "2027-01-01T00:00:00Z", "other") == back
    with pytest.raises(RegisterError, match=r"goes back to no version, not to 1\.1\.0"):
        back.rolled_back("1.1.0")


def test_a_rollback_without_a_reason_leaves_the_version_good() -> None:
    back = upgraded().rolled_back("1.0.0")
    assert back.bad("1.1.0") == ""
    assert back.activated("1.1.0") == upgraded()


def test_a_rollback_goes_nowhere_else() -> None:
    with pytest.raises(RegisterError, match=r"goes back to 1\.0\.0, not to 0\.9\.0.*traumalink\.ops\.version_register"):
        upgraded().rolled_back("0.9.0")
    taken = upgraded().staged("1.2.0", TWO, "blue")
    with pytest.raises(
        RegisterError, match=r"1\.0\.0 is in no slot of this host and cannot be gone back to; stage it first"
    ):
        taken.rolled_back("1.0.0")


def test_from_a_final_version_there_is_no_way_back() -> None:
    final = upgraded().finalized("1.1.0")
    assert (final.previous_good, final.finalized("1.1.0")) == (None, final)
    with pytest.raises(
        RegisterError, match=r"1\.1\.0 is final.*Two ways are left.*traumalink\.ops\.upgrade.*traumalink\.ops\.restore"
    ):
        final.rolled_back("1.0.0")
    with pytest.raises(RegisterError, match=r"1\.1\.0 is current on this host, so 1\.0\.0 cannot be finalized"):
        upgraded().finalized("1.0.0")
    later = final.staged("1.2.0", TWO, "blue").activated("1.2.0")
    assert later.rolled_back("1.1.0").current == Placed("1.1.0", "green")


def test_the_first_reason_stays_and_there_must_be_one() -> None:
    bad = upgraded().marked_bad("1.1.0", "unhealthy")
    assert bad.marked_bad("1.1.0", "interrupted").bad("1.1.0") == "unhealthy"
    with pytest.raises(RegisterError, match="without a reason"):
        upgraded().marked_bad("1.1.0", " ")


def test_a_version_that_never_came_here_can_be_bad() -> None:
    bad = deployed().marked_bad("1.1.0", "disk full on app2", "2" * 64)
    assert bad.releases["1.1.0"] == Staged("2" * 64, "", "disk full on app2", retired=True)
    assert bad.surplus(0) == []
    with pytest.raises(RegisterError, match="BAD"):
        choose_slot(bad, "1.1.0")


def test_nobody_goes_back_to_a_bad_version() -> None:
    assert upgraded().marked_bad("1.0.0", "loses writes").previous_good is None


def many() -> Register:
    """1.0.0 to 1.4.0 and 1.10.0 came here; 1.4.0 runs in green after 1.3.0 in blue; 1.1.0 is BAD."""
    register = Register()
    for number, version in enumerate(["1.0.0", "1.10.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0"]):
        register = register.staged(version, ONE, "green" if number % 2 else "blue")
    register = register.activated("1.3.0").activated("1.4.0")
    return register.marked_bad("1.1.0", "x")


@pytest.mark.parametrize(
    ("keep", "gone"),
    [
        (0, ["1.0.0", "1.1.0", "1.2.0", "1.10.0"]),
        (1, ["1.0.0", "1.1.0", "1.2.0"]),
        (2, ["1.0.0", "1.1.0"]),
        (9, ["1.1.0"]),
    ],
)
def test_the_newest_others_stay_and_the_live_ones_always(keep: int, gone: list[str]) -> None:
    assert many().current == Placed("1.4.0", "green")
    assert many().surplus(keep) == gone


def test_what_runs_in_a_slot_stays() -> None:
    failing = deployed().staged("1.1.0", TWO, "green").marked_bad("1.1.0", "unhealthy")
    assert failing.surplus(2) == ["1.1.0"]
    assert failing.surplus(2, busy=["green"]) == []


def test_a_retired_version_frees_its_slot_and_stays_known() -> None:
    failing = deployed().staged("1.1.0", TWO, "green").marked_bad("1.1.0", "unhealthy")
    after = failing.retired("1.1.0")
    assert (after.slots, after.releases["1.1.0"].retired, after.bad("1.1.0")) == ({"blue": "1.0.0"}, True, "unhealthy")
    assert after.retired("1.1.0") == after
    assert after.retired("7.7.7") == after
    assert after.cleared("1.1.0").staged("1.1.0", after.releases["1.1.0"], "green").releases["1.1.0"].retired is False


@pytest.mark.parametrize("version", ["1.0.0", "1.1.0"])
def test_live_and_rollback_targets_are_never_retired(version: str) -> None:
    with pytest.raises(RegisterError, match="current or the previous good version"):
        upgraded().retired(version)
