"""An approval after an emergency is of one run; from gate to record it is seen in action/test_operation_approved_afterwards.py."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.approval import Approval, ApprovalError
from ansible_collections.traumalink.ops.plugins.plugin_utils.emergency_approval import (
    answers_for,
    by_hand_of,
    lets_record,
    refuse_to_come,
    run_id_of,
    subject_of,
)

RUN_ID = "20261125-033000-3f9a2c"
MADE = datetime(2026, 11, 25, 8, tzinfo=UTC)


def approval(verb: str = "upgrade", subject: str = "", name: str = RUN_ID) -> Approval:
    """Return an approval, after the emergency of RUN_ID unless it says otherwise."""
    subject = subject or subject_of(RUN_ID)
    return Approval("0" * 16, "lab", verb, subject, name, MADE, MADE + timedelta(days=30), "li_na", MADE, "属实")


def test_it_is_of_the_run_whose_id_it_holds_in_both_ways() -> None:
    assert run_id_of(approval()) == RUN_ID
    assert run_id_of(approval(subject="a1" * 32)) == ""
    assert run_id_of(approval(name="trauma-1.1.0.tar.gz")) == ""
    assert answers_for(approval().summary(), RUN_ID)
    assert not answers_for(approval().summary(), "20261125-033000-000000")
    assert not answers_for(None, RUN_ID)
    with pytest.raises(ApprovalError, match="is no run id"):
        subject_of("upgrade")


@pytest.mark.parametrize("seconds", [-5, 0, 86400 * 400])
def test_an_emergency_that_has_begun_may_be_approved_though_the_clocks_differ_a_little(seconds: int) -> None:
    refuse_to_come(RUN_ID, datetime(2026, 11, 25, 3, 30, tzinfo=UTC) + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("run_id", "said"),
    [
        (RUN_ID, "is of 2026-11-25T03:30:00Z, and it is 2026-11-25T03:29:54Z here: .* Nothing was signed"),
        ("20261325-033000-3f9a2c", "names no time that there is; write the emergency's as the message"),
    ],
)
def test_what_has_not_been_is_not_approved_afterwards(run_id: str, said: str) -> None:
    with pytest.raises(ApprovalError, match=f"^approve_run_id '?{run_id}'? {said}"):
        refuse_to_come(run_id, datetime(2026, 11, 25, 3, 29, 54, tzinfo=UTC))


def test_one_that_lets_the_verb_record_run_is_after_no_emergency() -> None:
    assert lets_record(approval("record", "a1" * 32))
    assert not lets_record(approval("record"))
    assert not lets_record(approval("upgrade", "a1" * 32))


def test_the_record_says_who_approved_what_and_when_they_signed() -> None:
    told = by_hand_of(approval())
    assert (told["kind"], told["entered_by"], told["occurred_at"]) == ("approval", "li_na", "2026-11-25T08:00:00Z")
    assert told["summary_zh"] == f"补批紧急操作 {RUN_ID}：属实"
