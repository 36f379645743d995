"""Work done by hand stands in the ledger as it was entered, an approval after an emergency as it was signed; what is no evidence does not."""

import json

from flows import LAB, converge, play
from operations import entries, last_record

VISIT = {
    "record_kind": "visit",
    "record_occurred_at": "2026-11-24T10:00:00+08:00",
    "record_entered_by": "wang_wei",
    "record_summary_zh": "现场巡检，更换硬盘",
    "record_clauses": ["3.4", "4.4"],
}


def test_a_visit_is_in_the_ledger():
    known = len(entries())
    run = play("record", "-e", json.dumps(VISIT))
    assert run.succeeded, run.output[-3000:]
    assert run.changed == {}
    record = last_record()
    assert len(entries()) == known + 2
    assert (record["verb"], record["outcome"], record["clauses"]) == ("record", "success", ["3.4", "4.4"])
    assert record["by_hand"] == {
        "kind": "visit",
        "occurred_at": "2026-11-24T02:00:00Z",
        "entered_by": "wang_wei",
        "summary_zh": "现场巡检，更换硬盘",
        "summary_en": "",
    }


def test_the_same_again_is_another_record():
    known = len(entries())
    assert converge().succeeded
    assert len(entries()) == known + 2
    assert last_record()["by_hand"]["summary_zh"] == "现场巡检"


def test_what_lies_in_the_future_is_refused_and_leaves_no_evidence():
    run = play("record", "-e", json.dumps({**VISIT, "record_occurred_at": "2099-01-01T10:00:00+08:00"}))
    assert run.status != 0
    assert run.says("lies in the future; record it when it has been done. Nothing was recorded"), run.output[-3000:]
    record = last_record()
    assert (record["outcome"], record["by_hand"]) == ("refused", None)


def test_it_is_listed_for_a_person():
    assert play("record", "-e", json.dumps(VISIT)).succeeded
    run = play("ledger", "-e", "ledger_action=list", "-e", "ledger_verb=record", "-e", "ledger_outcome=success")
    assert run.succeeded, run.output[-3000:]
    assert run.says("record success")
    assert run.says(last_record()["run_id"])


def let_through():
    """Run a verb as an emergency; return its run id."""
    emergency = {"operation_emergency_reason": "the line to the archive is down", "operation_emergency_by": "approver"}
    assert play("record", "-e", json.dumps({**VISIT, **emergency})).succeeded
    record = last_record()
    assert record["emergency"]["by"] == "approver"
    return record["run_id"]


def signed(folder, run_id):
    """Have the hospital approve an emergency afterwards; return the file of the approval."""
    given = {"approve_verb": "record", "approve_run_id": run_id, "approve_contact": "approver"}
    places = {"approve_key": str(LAB / "approval_key"), "approve_destination": str(folder)}
    run = play("approve", "-e", json.dumps(given | places))
    assert run.status == 0, run.output[-3000:]
    (document,) = folder.glob("approval-lab-record-*.json")
    return document


def test_an_approval_after_an_emergency_is_brought_in_as_it_was_signed_and_once(tmp_path):
    run_id = let_through()
    document = signed(tmp_path, run_id)
    run = play("record", "-e", f"operation_approval={document}")
    assert run.succeeded, run.output[-3000:]
    told, record = json.loads(document.read_bytes()), last_record()
    assert (record["outcome"], record["approval"]["id"]) == ("success", told["id"])
    assert (record["by_hand"]["kind"], record["by_hand"]["entered_by"]) == ("approval", "approver")
    assert record["by_hand"]["occurred_at"] == told["made_at"]
    assert run_id in record["by_hand"]["summary_zh"]
    again = play("record", "-e", f"operation_approval={document}")
    assert again.status != 0
    assert again.says(f"was used by {record['run_id']}"), again.output[-3000:]
    assert last_record()["outcome"] == "refused"


def test_an_approval_of_what_no_emergency_let_through_is_refused(tmp_path):
    assert play("record", "-e", json.dumps(VISIT)).succeeded
    document = signed(tmp_path, last_record()["run_id"])
    run = play("record", "-e", f"operation_approval={document}")
    assert run.status != 0
    assert run.says("which no emergency let through"), run.output[-3000:]
    assert (last_record()["outcome"], last_record()["by_hand"]) == ("refused", None)


def test_a_line_that_says_approved_is_no_approval():
    run = play(
        "record", "-e", json.dumps({**VISIT, "record_kind": "approval", "record_summary_zh": f"补批{let_through()}"})
    )
    assert run.status != 0
    assert run.says("have the hospital sign it with traumalink.ops.approve"), run.output[-3000:]
    assert (last_record()["outcome"], last_record()["by_hand"]) == ("refused", None)
