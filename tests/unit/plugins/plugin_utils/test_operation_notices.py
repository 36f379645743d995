"""What is told: an emergency as soon as it begins, every end that was no simple success, and whoever was cut off."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.plugin_utils.operation_closing import countersigned
from ansible_collections.traumalink.ops.plugins.plugin_utils.operation_notices import (
    head_notices,
    interrupted_notices,
    notices_of,
    opening_notices,
)
from ansible_collections.traumalink.ops.plugins.plugin_utils.receivers import Receivers

RECORD: dict[str, Any] = {
    "run_id": "20261125-033000-3f9a2c",
    "site": "lab",
    "verb": "backup",
    "actor": "li.na@controller1",
    "started_at": "2026-11-25T03:30:00+00:00",
    "hosts": ["db1", "ops1"],
}
LI_NA = {"id": "li_na", "side": "hospital", "roles": ["approver"], "mail": "li.na@hospital.example.org"}
CONTRACT = {"timezone": "Asia/Shanghai", "contacts": [LI_NA]}
BOTH = Receivers(["duty@vendor.example.org"], True, "plain", CONTRACT)


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
    notices = notices_of(record, BOTH)
    assert len(notices) == told
    assert all(notice["subject"] and notice["text"] and notice["webhook"] for notice in notices)
    for notice in notices:
        hospital = ["li.na@hospital.example.org"] if notice["event"] == "emergency_ended" else []
        assert notice["mail_to"] == ["duty@vendor.example.org", *hospital]


def test_where_the_inventory_names_nobody_only_an_emergency_is_told_and_to_the_hospital() -> None:
    emergency = {"reason": "it hangs", "by": "li_na"}
    record = {**RECORD, "outcome": "failed", "emergency": emergency, "ended_at": None, "reason": "x"}
    (ended,) = notices_of(record, Receivers(contract=CONTRACT))
    assert (ended["event"], ended["mail_to"], ended["webhook"]) == (
        "emergency_ended",
        ["li.na@hospital.example.org"],
        None,
    )
    (opening,) = opening_notices(record, Receivers(contract=CONTRACT))
    assert (opening["event"], opening["mail_to"]) == ("emergency", ["li.na@hospital.example.org"])
    assert notices_of({**record, "emergency": None}, Receivers(contract=CONTRACT)) == []
    assert opening_notices(record, Receivers(contract={"timezone": "UTC", "contacts": []})) == []


def test_a_contract_that_cannot_be_read_does_not_keep_anybody_from_being_told() -> None:
    record = {**RECORD, "outcome": "refused", "reason": "contract: is missing"}
    assert len(notices_of(record, Receivers(webhook=True, webhook_format="wecom"))) == 1


@pytest.mark.parametrize("webhook_format", ["plain", "wecom"])
def test_the_hospital_is_given_a_head_that_can_be_compared(keys: Callable[[str], Path], webhook_format: str) -> None:
    head = {"sequence": 3, "hash": "a" * 64, "at": "2026-11-25T03:40:00Z"}
    signed = countersigned(keys("countersign").read_text(), head)
    (message,) = head_notices("lab", signed, Receivers(["it@hospital.example.org"], True, webhook_format))
    assert (message["event"], message["mail_to"]) == ("ledger_head", ["it@hospital.example.org"])
    assert "head 3 of the ledger" in message["subject"]
    assert '"hash": "' + "a" * 64 in message["text"]
    assert "BEGIN SSH SIGNATURE" in message["text"]
    assert "a" * 64 in repr(message["webhook"])
    assert len(str(message["webhook"].get("text", "")).encode()) < 2048
    assert head_notices("lab", signed, Receivers()) == []
    assert head_notices("lab", None, Receivers(["it@hospital.example.org"])) == []


def test_an_emergency_is_told_when_it_opens_and_when_it_is_over() -> None:
    record = {**RECORD, "emergency": {"reason": "it hangs", "by": "li_na"}, "outcome": None, "ended_at": None}
    (opening,) = opening_notices(record, BOTH)
    assert opening["webhook"]["event"] == "emergency"
    assert "紧急理由 emergency: it hangs (li_na)" in opening["text"]
    assert "医院须事后补办批准" in opening["text"]
    assert opening_notices({**record, "emergency": None}, BOTH) == []
    (end,) = notices_of({**record, "outcome": "success", "ended_at": "2026-11-25T03:41:00+00:00"}, BOTH)
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
    (told,) = interrupted_notices([lost, other], settled, "lab", BOTH, nothing)
    assert (told["webhook"]["event"], told["webhook"]["run_id"]) == ("interrupted", lost["run_id"])
    assert "原因 reason: its lease ran out: backup on ops1 ended well after 25 s" in told["text"]
    assert "时间 time: 2026-11-25 11:30:00+08:00" in told["text"]
    assert "发起人 started by: li.na@controller1" in told["text"]
    assert interrupted_notices([lost], {}, "lab", BOTH, nothing) == []


def nothing(_verb: str, _run_id: str) -> None:
    """Find no record."""


def test_of_an_emergency_that_was_cut_off_the_hospital_is_told_that_it_is_over_and_what_to_approve() -> None:
    run_id = RECORD["run_id"]
    lost = {"run_id": run_id, "verb": "upgrade", "actor": "li.na@controller1", "since": "2026-11-25T03:30:00Z"}
    record = {**RECORD, "verb": "upgrade", "emergency": {"reason": "it hangs", "by": "li_na"}, "outcome": "interrupted"}
    told = interrupted_notices([lost], {run_id: "its lease ran out"}, "lab", BOTH, lambda *_asked: record)
    assert [each["event"] for each in told] == ["interrupted", "emergency_ended"]
    assert told[1]["mail_to"] == ["duty@vendor.example.org", "li.na@hospital.example.org"]
    assert f"approve with: approve_verb=upgrade approve_run_id={run_id}" in told[1]["text"]
    assert "原因 reason: its lease ran out" in told[1]["text"]


def test_where_the_ledger_cannot_be_asked_it_is_told_all_the_same_that_it_was_cut_off() -> None:
    def away(_verb: str, _run_id: str) -> None:
        raise OpsError("no route to host")

    lost = {"run_id": RECORD["run_id"], "verb": "upgrade", "actor": "li.na@controller1", "since": None}
    (told,) = interrupted_notices([lost], {RECORD["run_id"]: "its lease ran out"}, "lab", BOTH, away)
    assert told["event"] == "interrupted"


def test_an_emergency_whose_work_may_still_go_on_is_not_told_as_over() -> None:
    record = {**RECORD, "outcome": "failed", "emergency": {"reason": "it hangs", "by": "li_na"}, "ended_at": None}
    assert [each["event"] for each in notices_of(record, BOTH, over=False)] == ["failed"]
