"""Who is told of what: an emergency as soon as it begins, every end that was no simple success, and whoever was cut off."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.operation_closing import countersigned
from ansible_collections.traumalink.ops.plugins.plugin_utils.operation_notices import (
    head_notice,
    interrupted_notices,
    notices_of,
    opening_notices,
)

RECORD: dict[str, Any] = {
    "run_id": "20261125-033000-3f9a2c",
    "site": "lab",
    "verb": "backup",
    "actor": "li.na@controller1",
    "started_at": "2026-11-25T03:30:00+00:00",
    "hosts": ["db1", "ops1"],
}
CONTRACT = {"timezone": "Asia/Shanghai"}


@pytest.mark.parametrize(
    ("outcome", "emergency", "told"),
    [
        ("success", None, 0),
        ("refused", None, 1),
        ("failed", None, 1),
        ("success", {"reason": "it hangs", "by": "li_na"}, 1),
        ("failed", {"reason": "it hangs", "by": "li_na"}, 2),
        ("refused", {"reason": "it hangs", "by": "li_na"}, 1),
    ],
)
def test_who_is_told_of_what(outcome: str, emergency: dict[str, str] | None, told: int) -> None:
    record = {**RECORD, "outcome": outcome, "emergency": emergency, "ended_at": None, "reason": "x"}
    notices = notices_of(record, "plain", {"timezone": "Asia/Shanghai"})
    assert len(notices) == told
    assert all(notice["subject"] and notice["text"] and notice["webhook"] for notice in notices)


def test_a_contract_that_cannot_be_read_does_not_keep_anybody_from_being_told() -> None:
    record = {**RECORD, "outcome": "refused", "reason": "contract: is missing"}
    assert len(notices_of(record, "wecom", None)) == 1


@pytest.mark.parametrize("webhook_format", ["plain", "wecom"])
def test_the_hospital_is_given_a_head_that_can_be_compared(keys: Callable[[str], Path], webhook_format: str) -> None:
    head = {"sequence": 3, "hash": "a" * 64, "at": "2026-11-25T03:40:00Z"}
    message = head_notice("lab", countersigned(keys("countersign").read_text(), head), webhook_format)
    assert "head 3 of the ledger" in message["subject"]
    assert '"hash": "' + "a" * 64 in message["text"]
    assert "BEGIN SSH SIGNATURE" in message["text"]
    assert "a" * 64 in repr(message["webhook"])
    assert len(str(message["webhook"].get("text", "")).encode()) < 2048


def test_an_emergency_is_told_when_it_opens_and_when_it_is_over() -> None:
    record = {**RECORD, "emergency": {"reason": "it hangs", "by": "li_na"}, "outcome": None, "ended_at": None}
    (opening,) = opening_notices(record, "plain", CONTRACT)
    assert opening["webhook"]["event"] == "emergency"
    assert "紧急理由 emergency: it hangs (li_na)" in opening["text"]
    assert "医院须事后补办批准" in opening["text"]
    assert opening_notices({**record, "emergency": None}, "plain", CONTRACT) == []
    (end,) = notices_of({**record, "outcome": "success", "ended_at": "2026-11-25T03:41:00+00:00"}, "plain", CONTRACT)
    assert end["webhook"]["event"] == "emergency_ended"
    assert "The hospital's approval is due now." in end["text"]


def test_each_operation_that_was_settled_is_told_with_what_became_of_it() -> None:
    lost = {
        "run_id": RECORD["run_id"],
        "verb": "backup",
        "actor": "li.na@controller1",
        "since": "2026-11-25T03:30:00Z",
        "hosts": ["ops1"],
    }
    other = {**lost, "run_id": "20261125-043000-3f9a2c"}
    settled = {lost["run_id"]: "its lease ran out: backup on ops1 ended well after 25 s"}
    (told,) = interrupted_notices([lost, other], settled, "lab", "plain", CONTRACT)
    assert (told["webhook"]["event"], told["webhook"]["run_id"]) == ("interrupted", lost["run_id"])
    assert "原因 reason: its lease ran out: backup on ops1 ended well after 25 s" in told["text"]
    assert "时间 time: 2026-11-25 11:30:00+08:00" in told["text"]
    assert "发起人 started by: li.na@controller1" in told["text"]
    assert interrupted_notices([lost], {}, "lab", "wecom", None) == []
