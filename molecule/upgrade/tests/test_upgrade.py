"""An upgrade is refused before anything changes, ends well with nobody noticing, or ends where it began: on all hosts, with a record that says why."""

import time
from datetime import timedelta

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.backup_proof import DRILLS
from flows import LAB, at, play
from load import Phase, lab_target, load, missing
from operations import chain_is_whole, contract, entries, kill, last_record, refused, until
from releases import packed
from site_access import Site
from upgrades import APPS, approval, migrated, prove, reach, serves, standing, started, upgrade

RATE = 60  # two labs share a machine here; the bench has 120 (tests/bench/upgrade.py)


@pytest.fixture(autouse=True)
def chain():
    """See after each flow that the ledger's chain fits."""
    yield
    chain_is_whole()


def refused_beside_1_0_0(run, message):
    """See that an upgrade was refused, and that the first release serves as before."""
    refused(run, message)
    serves("1.0.0")


def test_without_a_drill_nothing_could_be_brought_back():
    at("ops1").check_output(f"mkdir -p {DRILLS} && mv {DRILLS} {DRILLS}.aside && mkdir {DRILLS} && echo done")
    try:
        refused_beside_1_0_0(upgrade("1.1.0"), "The backups of the site are unproven")
    finally:
        at("ops1").check_output(f"rmdir {DRILLS} && mv {DRILLS}.aside {DRILLS} && echo done")


@pytest.fixture(scope="module")
def proven():
    """Have a backup that is proven."""
    prove()


@pytest.mark.parametrize(
    ("version", "given", "message"),
    [
        ("1.1.0", {"operation_approval": ""}, "upgrade needs the hospital's approval"),
        (
            "2.0.0",
            {},
            "2.0.0 comes from 1.1.0 only (from_versions of its manifest), and 1.0.0 runs. Upgrade to 1.1.0 first.",
        ),
    ],
)
def test_the_gate_refuses_by_its_message(proven, version, given, message):
    refused_beside_1_0_0(upgrade(version, **given), message)


def test_an_approval_for_another_release_does_not_do(proven):
    refused_beside_1_0_0(
        upgrade("1.1.0", operation_approval=str(approval("2.0.0"))), "not for the release or plan with SHA-256"
    )


def test_outside_the_window_nothing_begins(proven):
    closed = contract(opens_in=timedelta(hours=6), lasts="1h")
    refused_beside_1_0_0(upgrade("1.1.0", site={"contract": closed}), "the next opening is")


def test_a_release_that_somebody_else_signed_is_refused(proven, tmp_path):
    for suffix in ("", ".sig"):
        data = packed("1.1.0").with_name(packed("1.1.0").name + suffix).read_bytes()
        (tmp_path / f"trauma-1.1.0.tar.gz{suffix}").write_bytes(data)
    other = packed("1.0.0").with_name("trauma-1.0.0.tar.gz.sig").read_bytes()
    (tmp_path / "trauma-1.1.0.tar.gz.sig").write_bytes(other)
    run = upgrade("1.1.0", upgrade_archive=str(tmp_path / "trauma-1.1.0.tar.gz"))
    refused_beside_1_0_0(run, "signature")


def test_an_upgrade_and_its_rollback_under_load_fail_no_request(proven, tmp_path):
    site = Site(LAB, tmp_path)
    with load(lab_target(site), tmp_path / "load.jsonl", rate=RATE) as run:
        time.sleep(20)
        begin = time.time()
        up = upgrade("1.1.0")
        middle = time.time()
        assert up.succeeded, up.output[-4000:]
        serves("1.1.0")
        back = play("rollback")
        end = time.time()
        assert back.succeeded, back.output[-4000:]
        serves("1.0.0")
    summary = run.summary([Phase("before", begin - 20, begin), Phase("up", begin, middle), Phase("back", middle, end)])
    assert summary.complete
    assert summary.whole.failed == 0, summary.whole.failures
    assert missing(summary.acknowledged, site.sql) == []
    upgraded = next(entry["record"] for entry in reversed(entries()) if entry["record"]["verb"] == "upgrade")
    assert upgraded["outcome"] == "success"
    assert (upgraded["versions_before"], upgraded["versions_after"]) == ({"trauma": "1.0.0"}, {"trauma": "1.1.0"})
    assert upgraded["figures"]["failed_requests"] == 0
    assert upgraded["figures"]["requests"] > 0
    assert upgraded["approval"]["approver"] == "approver"
    # What expanded stays: both versions live with it.
    assert migrated() == "0002"
    again = play("rollback")
    assert again.status != 0
    assert again.says("There is no version that all app hosts could go back to"), again.output[-3000:]


@pytest.mark.parametrize(
    ("version", "cause"),
    [
        ("1.1.1", "does not stay up"),
        pytest.param("1.1.2", "triage", marks=pytest.mark.soak),
        ("1.1.3", "0003"),
    ],
    ids=["does not start", "a functional module is unhealthy", "its migration fails"],
)
def test_a_release_that_does_not_work_is_taken_back_and_not_tried_again(proven, version, cause):
    run = upgrade(version)
    assert run.status != 0
    record = last_record()
    assert record["outcome"] == "rolled_back", record
    assert cause in record["reason"], record["reason"]
    serves("1.0.0")
    assert all(version in standing(host).bad for host in APPS)
    again = upgrade(version)
    assert again.says(f"{version} was marked BAD"), again.output[-3000:]
    assert again.changed == {}


@pytest.mark.soak
@pytest.mark.parametrize(
    "reached",
    [
        "Apply the migrations that are pending",
        "Lead the host's traffic to the new release",
        "Watch the new release under real traffic",
        "Stop the version before",
    ],
)
def test_a_controller_that_is_killed_leaves_an_upgrade_that_the_next_run_recovers(proven, reached):
    process = started("1.1.0")
    until(process, reached)
    time.sleep(1)
    kill(process)
    known = len(entries())
    again = upgrade("1.1.0")
    assert again.succeeded, again.output[-4000:]
    assert [entry["record"]["outcome"] for entry in entries()[known:]].count("interrupted") == 1
    serves("1.1.0")
    assert all("1.1.0" not in standing(host).bad for host in APPS), "nothing was wrong with the release"
    back = play("rollback")
    assert back.succeeded, back.output[-4000:]
    serves("1.0.0")


@pytest.mark.soak
def test_a_release_that_fails_under_traffic_is_taken_back(proven, tmp_path):
    reach("1.1.0")
    site = Site(LAB, tmp_path)
    with load(lab_target(site), tmp_path / "load.jsonl", rate=40):
        time.sleep(5)
        run = upgrade("1.2.0", upgrade_soak_seconds=60)
    assert run.status != 0
    record = last_record()
    assert record["outcome"] == "rolled_back", record
    assert "under traffic" in record["reason"], record["reason"]
    serves("1.1.0")


def test_upgrading_to_what_runs_already_changes_nothing(proven):
    reach("1.1.0")
    run = upgrade("1.1.0")
    assert run.succeeded, run.output[-3000:]
    assert run.changed == {}
    assert run.says("trauma 1.1.0 runs on all app hosts already; nothing is to be done")


def test_a_site_run_afterwards_finds_nothing_to_change(proven):
    run = play("site", "-e", f"deploy_archive={packed('1.1.0')}")
    assert run.succeeded, run.output[-3000:]
    assert run.changed == {}, run.output[-4000:]


def test_an_older_version_is_no_upgrade(proven):
    run = upgrade("1.0.0")
    assert run.status != 0
    assert run.says("1.1.0 runs, and 1.0.0 is older: an upgrade never goes back"), run.output[-3000:]
