"""What can happen in the middle of an upgrade: it ends in the version before, on all hosts, with a record that names the cause."""

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from faults import switch_off, switch_on
from flows import at, play, sql
from operations import chain_is_whole, contract, last_record
from releases import packed
from upgrades import APPS, approval, prove, rehearsing, serves, standing, struck, upgrade

BEFORE = "1.0.0"
UNIT = "flow-hospital"
WATCHED = "Watch the new release under real traffic"
LONGEST_WAIT_SECONDS = (
    4.0  # what a lock may take (2 s), a second for the guard that sees to it, and one for a slow machine
)


@pytest.fixture(autouse=True)
def chain():
    """See after each flow that the ledger's chain fits, and that the version before serves."""
    yield
    chain_is_whole()
    serves(BEFORE)


@pytest.fixture(scope="module", autouse=True)
def proven():
    """Have a backup that is proven."""
    prove()


def came_back(run, version, cause, *, bad=False):
    """See that a run took all hosts back and said why, and that the version is BAD where it was its own fault, and only there."""
    assert run.status != 0
    record = last_record()
    assert (record["verb"], record["outcome"]) == ("upgrade", "rolled_back"), (record, run.output[-4000:])
    assert cause in record["reason"], record["reason"]
    serves(BEFORE)
    assert [version in standing(host).bad for host in APPS] == [bad, bad], record["reason"]


@contextlib.contextmanager
def hospital_reads():
    """Have somebody read the table of the cases in one long transaction."""
    held = "BEGIN; SELECT count(*) FROM trauma.trauma_case; SELECT pg_sleep(600)"
    yield lambda: at("db1").check_output(
        "systemd-run --quiet --unit=%s --uid=postgres psql -X -d trauma -c %s && sleep 1 && echo done", UNIT, held
    )
    at("db1").run("systemctl stop %s", UNIT)
    sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()"
    )


def longest_wait_seconds(ended):
    """Read a case again and again, as the hospital does, until something has ended; return how long the longest answer took."""
    longest = 0.0
    while not ended():
        milliseconds = sql(
            "DO $$ DECLARE since timestamptz := clock_timestamp(); BEGIN PERFORM 1 FROM trauma.trauma_case LIMIT 1; "
            "PERFORM set_config('flow.took', extract(epoch FROM clock_timestamp() - since)::text, false); END $$; SELECT current_setting('flow.took')",
            "trauma",
        )
        longest = max(longest, float(milliseconds))
        time.sleep(0.2)
    return longest


def test_a_migration_that_gets_no_lock_gives_up_and_nobody_waited_long_behind_it():
    with hospital_reads() as begin, ThreadPoolExecutor() as beside:
        run = beside.submit(
            struck, "1.1.4", "A point to which the database can be brought back", begin, deploy_lock_attempts=2
        )
        longest = longest_wait_seconds(run.done)
    came_back(run.result(), "1.1.4", "got no lock in time in 2 attempts")
    assert run.result().says("(psql); attempt 1 of 2"), run.result().output[-4000:]
    assert longest < LONGEST_WAIT_SECONDS


def test_a_release_that_fails_on_the_second_host_is_taken_back_on_the_first_too():
    came_back(upgrade("1.1.5", upgrade_retry_bad=True), "1.1.5", "app2: trauma-web@", bad=True)


def test_a_disk_that_fills_while_the_release_is_unpacked():
    releases, small = "/opt/trauma/releases", "/run/flow-small"
    mount = (
        "mkdir -p {1} && mount -t tmpfs -o mode=0755,size=1g,nr_inodes=$(( $(find {0} | wc -l) + 20 )) tmpfs {1} "
        "&& cp -a {0}/. {1} && mount --bind {1} {0} && echo done"
    )
    at("app2").check_output(mount.format(releases, small))
    try:
        came_back(upgrade("1.1.1"), "1.1.1", "the disk is full")
        assert "1.1.1" not in at("app2").file(releases).listdir()
        assert at("app2").run("find %s -maxdepth 1 -name '.*'", releases).stdout == ""
    finally:
        at("app2").check_output(f"umount {releases} && umount {small} && rmdir {small} && echo done")


def test_a_database_that_restarts_while_it_is_migrated_is_not_the_release_s_fault():
    with rehearsing("pause_migration_seconds", "60"):
        run = struck("1.1.4", "Apply the migrations that are pending", restart_in_the_middle)
    came_back(run, "1.1.4", "Migration 000")


def restart_in_the_middle():
    """Wait until the migration is in its middle, and restart the database."""
    deadline = time.monotonic() + 60
    while (
        sql(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'trauma-migrate' AND wait_event = 'PgSleep'"
        )
        == "0"
    ):
        assert time.monotonic() < deadline, "the migration did not begin"
        time.sleep(0.3)
    at("db1").check_output("systemctl restart 'postgresql@*-main.service' && echo done")


def test_haproxy_that_restarts_while_a_host_is_watched_is_not_the_release_s_fault():
    def restart():
        time.sleep(8)  # the watch is a unit, which begins a moment after its task
        at("edge1").check_output("systemctl restart haproxy && echo done")

    run = struck("1.1.0", WATCHED, restart, upgrade_soak_seconds=40)
    came_back(run, "1.1.0", "HAProxy was restarted")


def test_an_app_host_that_is_switched_off_follows_when_it_is_back():
    try:
        run = struck("1.1.0", WATCHED, lambda: switch_off("app2"))
        record = last_record()
        assert record["outcome"] == "failed", run.output[-4000:]
        assert "app2: cannot be reached" in record["reason"], record["reason"]
        first = standing("app1")
        assert first.version == BEFORE
        assert "1.1.0" not in first.bad
    finally:
        switch_on("app2")
    back = play("deploy", "-e", f"deploy_archive={packed(BEFORE)}")
    assert back.succeeded, back.output[-4000:]


@pytest.mark.parametrize(
    ("agreed", "given", "message"),
    [
        ({"work": "100m", "rollback": "30m"}, {}, "work with rollback needs 2h10m"),
        ({"work": "5m", "rollback": "5m"}, {"upgrade_soak_seconds": 3600}, "the hosts are watched for 2 h 00 min"),
    ],
    ids=["by the contract", "by the release and what is watched"],
)
def test_what_does_not_fit_the_window_does_not_begin(agreed, given, message):
    closing = contract(opens_in=timedelta(minutes=-10), lasts="2h", expected={"upgrade": agreed})
    run = upgrade("1.1.0", site={"contract": closing}, operation_approval=str(approval("1.1.0")), **given)
    assert run.status != 0
    assert run.says(message), run.output[-3000:]
    assert run.changed == {}
    assert last_record()["outcome"] == "refused"
