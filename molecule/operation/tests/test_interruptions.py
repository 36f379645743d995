"""What goes wrong in the middle: hosts that fail or vanish, controllers that die, two at the same moment. The chain fits each time."""

import re
import threading
import time

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.lease import held_seconds
from flows import LAB, ROOT, at
from operations import (
    HOSTS,
    LEASE_SECONDS,
    chain_is_whole,
    entries,
    kill,
    last_record,
    leases,
    marks,
    started,
    until,
    verb,
    wait_for,
)


@pytest.fixture(autouse=True)
def chain():
    """See after each flow that the chain fits and nobody holds the site."""
    yield
    chain_is_whole()
    assert leases() == 0


def test_one_host_that_fails_brings_all_back():
    run = verb(flow_mark="half done", flow_failing=["app1"])
    assert run.status != 0
    assert run.says("the work fails on app1"), run.output[-3000:]
    assert marks() == {"undone"}
    record = last_record()
    assert (record["outcome"], record["reason"]) == ("rolled_back", "app1: the work fails on app1")


def test_what_cannot_be_undone_is_told_beside_what_failed():
    run = verb(flow_mark="half done", flow_failing=["app1"], flow_undo_fails=True)
    assert run.status != 0
    record = last_record()
    assert record["outcome"] == "failed"
    assert record["reason"].startswith("app1: the work fails on app1; it could not be undone: ")
    assert "the way back is blocked" in record["reason"]
    assert verb(flow_mark="whole again").succeeded


def test_all_hosts_that_fail_leave_one_record():
    known = len(entries())
    run = verb(flow_mark="half done", flow_failing=list(HOSTS))
    assert run.status != 0
    assert marks() == {"undone"}
    assert len(entries()) == known + 2
    record = last_record()
    assert record["outcome"] == "rolled_back"
    assert all(f"{host}: the work fails on {host}" in record["reason"] for host in HOSTS)


def test_a_host_that_vanishes_in_the_middle_is_named_and_the_others_are_brought_back():
    run = verb(flow_mark="half done", flow_lost=["app1"])
    assert run.status != 0
    assert {at(host).check_output("cat /var/lib/flow_mark") for host in HOSTS if host != "app1"} == {"undone"}
    record = last_record()
    assert record["outcome"] == "failed"
    assert "app1: cannot be reached" in record["reason"]


def test_when_all_hosts_vanish_the_next_run_closes_the_record():
    run = verb(flow_mark="half done", flow_lost=list(HOSTS))
    assert run.status != 0
    lost = last_record()
    assert lost["outcome"] is None
    again = verb(flow_mark="whole again")
    assert again.succeeded, again.output[-3000:]
    closed = next(entry["record"] for entry in reversed(entries()) if entry["record"]["run_id"] == lost["run_id"])
    assert closed["outcome"] == "interrupted"
    assert marks() == {"whole again"}


@pytest.mark.parametrize(
    ("phase", "reached", "variables", "recorded"),
    [
        ("before the record is opened", "Wait before the record is opened", {"flow_check_seconds": 60}, False),
        ("between two tasks", "Wait between two tasks", {"flow_pause_seconds": 60}, True),
        ("while a unit works", "Work for long in a unit", {"flow_seconds": 3 * LEASE_SECONDS}, True),
        ("while the record is closed", "close | Close the record", {}, None),
    ],
)
def test_a_controller_that_is_killed(phase, reached, variables, recorded):
    known = len(entries())
    process = started(flow_mark=phase, **variables)
    until(process, reached)
    if phase == "while a unit works":
        wait_for(lambda: at("ops1").run("systemctl list-units --no-legend 'traumalink-2*' | grep -q running").rc == 0)
    kill(process)
    again = verb(flow_mark="whole again")
    assert again.succeeded, again.output[-3000:]
    assert marks() == {"whole again"}
    new = [entry["record"] for entry in entries()[known:]]
    interrupted = [record for record in new if record["outcome"] == "interrupted"]
    assert new[-1]["outcome"] == "success"
    if recorded is not None:
        assert len(interrupted) == int(recorded)
    if phase == "while a unit works":
        # Far longer than the lease: it was waited for to its end.
        waited = re.search(r"waiting on ops1 ended well after (\d+) s", interrupted[0]["reason"])
        assert waited, interrupted[0]["reason"]
        assert int(waited[1]) >= 3 * LEASE_SECONDS
        assert again.says("was cut off; what it left on")
    if recorded:
        # What was half done is undone before anything new begins.
        assert again.says("site_recover | Undo it on every host that can be reached")
    assert at("ops1").run("systemctl list-units --no-legend 'traumalink-2*' | grep -q .").rc != 0


def away(folder, host):
    """Return inventories in which a host cannot be reached: without multiplexing, so that no open connection leads there after all."""
    folder.mkdir()
    (folder / "hosts.yml").write_text(
        f"all: {{hosts: {{{host}: {{ansible_host: 127.0.0.1, ansible_port: 1, ansible_control_path: none}}}}}}\n"
    )
    return (ROOT / "inventories" / "lab", LAB / "inventory", folder)


def test_a_host_that_cannot_be_asked_holds_up_until_somebody_says_that_it_is_off(tmp_path):
    process = started(flow_mark="half done", flow_pause_seconds=60)
    until(process, "Wait between two tasks")
    kill(process)
    known = len(entries())
    places = away(tmp_path / "away", "app1")
    refused = verb("--limit", "db:ops", inventories=places, flow_verb="deploy", flow_mark="must not be reached")
    assert refused.status != 0
    assert refused.says(
        "deploy of lab is refused: app1 cannot be reached, and site, which was cut off, may still be"
    ), refused.output[-3000:]
    assert marks() == {"half done"}
    assert leases() == 1
    (told,) = [entry["record"] for entry in entries()[known:]]
    assert told["outcome"] == "refused"
    forced = verb(
        "--limit", "db:ops", inventories=places, flow_verb="deploy", flow_mark="gone on", operation_lost_hosts=["app1"]
    )
    assert forced.succeeded, forced.output[-3000:]
    interrupted, opened, closed = [entry["record"] for entry in entries()[known + 1 :]]
    assert "app1 cannot be reached, and counts as lost" in interrupted["reason"]
    assert (opened["verb"], closed["outcome"]) == ("deploy", "success")
    assert forced.says("site_recover | Undo it on every host that can be reached")
    assert verb().succeeded


def test_what_runs_beside_anything_waits_for_nobody_who_was_cut_off():
    process = started(flow_pause_seconds=60)
    until(process, "Wait between two tasks")
    kill(process)
    time.sleep(held_seconds(LEASE_SECONDS) + 1)
    beside = verb(flow_verb="inspect")
    assert beside.succeeded, beside.output[-3000:]
    assert leases() == 1
    again = verb()
    assert again.succeeded, again.output[-3000:]
    assert again.says("was cut off; what it left on")


def test_the_lease_is_renewed_while_the_playbook_lives():
    process = started(flow_pause_seconds=3 * LEASE_SECONDS)
    until(process, "Wait between two tasks")
    second = verb(flow_mark="must not be reached")
    assert second.status != 0
    assert second.says("is at work. Run it again when that has ended. Nothing was changed"), second.output[-3000:]
    assert second.changed == {}
    assert last_record()["outcome"] == "refused"
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output[-3000:]
    assert last_record()["outcome"] == "success"


def test_a_backup_waits_for_the_one_at_work():
    process = started(flow_seconds=12, flow_mark="first")
    until(process, "Work for long in a unit")
    backup = verb(flow_verb="backup", flow_mark="second")
    assert backup.succeeded, backup.output[-3000:]
    # The first look is out of date by then.
    assert backup.output.count("checks | Refuse where a flow asks for it") == 2
    process.communicate(timeout=120)
    assert process.returncode == 0
    closed = [entry["record"]["verb"] for entry in entries() if entry["kind"] == "close"]
    assert closed[-2:] == ["site", "backup"]


def test_a_backup_that_has_waited_long_enough_is_refused():
    process = started(flow_seconds=30)
    until(process, "Work for long in a unit")
    backup = verb(flow_verb="backup", operation_lock_wait="3s", flow_mark="must not be reached")
    assert backup.status != 0
    assert backup.says("backup of lab is refused after waiting"), backup.output[-3000:]
    process.communicate(timeout=120)
    assert process.returncode == 0


def test_a_restore_ends_a_running_backup():
    process = started(flow_verb="backup", flow_seconds=120)
    until(process, "Work for long in a unit")
    wait_for(lambda: at("ops1").run("systemctl list-units --no-legend 'traumalink-2*' | grep -q running").rc == 0)
    restore = verb(flow_verb="restore", flow_mark="restored")
    assert restore.succeeded, restore.output[-3000:]
    process.communicate(timeout=120)
    assert process.returncode != 0
    records = {entry["record"]["verb"]: entry["record"] for entry in entries() if entry["kind"] == "close"}
    # Whoever is first closes the backup's record: the restore as interrupted, or the backup's own controller, which sees its work ended.
    assert records["backup"]["outcome"] in ("interrupted", "failed")
    assert "restore" in records["backup"]["reason"]
    assert records["restore"]["outcome"] == "success"


@pytest.mark.parametrize("race", [0, *(pytest.param(race, marks=pytest.mark.soak) for race in (1, 2))])
def test_two_that_start_at_the_same_moment_never_run_both(race):
    known = len(entries())
    runs = []
    threads = [
        threading.Thread(target=lambda mark=mark: runs.append(verb(flow_seconds=3, flow_mark=mark)))
        for mark in ("left", "right")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    new = entries()[known:]
    order = [(entry["kind"], entry["record"]["run_id"]) for entry in new if entry["kind"] != "single"]
    # An open entry is followed by its own close: nothing else was opened in between.
    assert [kind for kind, _run_id in order] == ["open", "close"] * (len(order) // 2)
    assert all(order[index][1] == order[index + 1][1] for index in range(0, len(order), 2))
    outcomes = sorted(entry["record"]["outcome"] for entry in new if entry["kind"] != "open")
    assert outcomes in (["refused", "success"], ["success", "success"]), outcomes
    assert sorted(run.status == 0 for run in runs) == [outcome == "success" for outcome in outcomes]


def test_a_witness_that_cannot_be_reached_holds_nothing_up_and_sees_the_next_head(tmp_path):
    run = verb(inventories=away(tmp_path / "away", "edge1"), flow_mark="without a witness")
    assert run.succeeded, run.output[-3000:]
    assert run.says("the ledger is not compared with what edge1 has seen of it"), run.output[-3000:]
    assert marks() == {"without a witness"}
    assert last_record()["outcome"] == "success"
    assert verb(flow_mark="seen again").succeeded
    newest = entries()[-1]["sequence"]
    assert f'"sequence": {newest}' in at("edge1").check_output("tail -n 1 /var/lib/traumalink-witness/lab.jsonl")


def test_without_ops_a_change_is_refused_and_a_restore_keeps_its_record(tmp_path):
    kept = tmp_path / "records.jsonl"
    known = len(entries())
    places = away(tmp_path / "away", "ops1")
    common = {"operation_controller_records": str(kept)}
    before = {at(host).check_output("cat /var/lib/flow_mark") for host in HOSTS}
    refused = verb(inventories=places, flow_mark="must not be reached", **common)
    assert refused.status != 0
    assert refused.says("ops1 cannot be reached"), refused.output[-3000:]
    assert refused.says("so there is neither lock nor record; bring it back first. Nothing was changed")
    assert {at(host).check_output("cat /var/lib/flow_mark") for host in HOSTS} == before
    assert len(kept.read_text().splitlines()) == 1
    restore = verb(
        "--limit", "app:db", inventories=places, flow_verb="restore", flow_mark="restored without ops", **common
    )
    assert restore.succeeded, restore.output[-3000:]
    assert {at(host).check_output("cat /var/lib/flow_mark") for host in HOSTS if host != "ops1"} == {
        "restored without ops"
    }
    assert len(entries()) == known
    assert len(kept.read_text().splitlines()) == 2
    # The next operation of this controller brings both into the ledger.
    run = verb(operation_controller_records=str(kept))
    assert run.succeeded, run.output[-3000:]
    brought = [entry["record"] for entry in entries()[known:] if entry["record"]["imported"]]
    assert [(record["verb"], record["outcome"]) for record in brought] == [("site", "refused"), ("restore", "success")]
    assert kept.read_text() == ""
