"""Work done by hand stands in the ledger as it was entered; what is no evidence does not."""

import json

from flows import converge, play
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
