"""What the end of an operation owes to its opening; what the ledger makes of it is seen in test_ledger.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.as_opened import other_than, unapproved
from ansible_collections.traumalink.ops.plugins.module_utils.record import Record

Make = Callable[..., Record]
APPROVAL = {
    "id": "k3f", "approver": "wang", "subject": "", "valid_from": "2026-11-25T00:00:00Z", "valid_to": "2026-11-26T00:00:00Z",
    "made_at": "2026-11-25T03:29:00Z",
}  # fmt: skip
BY_HAND = {"kind": "approval", "occurred_at": "2026-11-25T03:29:00Z", "entered_by": "wang", "summary_zh": "补批"}


@pytest.mark.parametrize(
    ("changes", "other"),
    [
        ({}, ""),
        ({"reason": "x", "figures": {"seconds": 1}}, ""),
        ({"actor": "wang@c2", "verb": "drill"}, "verb, actor"),
        ({"approval": {**APPROVAL, "id": "k4"}}, "approval"),
        ({"approval": None}, "approval"),
    ],
)
def test_what_was_let_in_is_what_ends(record: Make, changes: dict[str, Any], other: str) -> None:
    opened = record(1, approval=APPROVAL).as_dict()
    assert other_than(opened, record(1, **{"approval": APPROVAL, **changes}).as_dict()) == other


def test_fields_that_an_earlier_version_did_not_know_are_no_others(record: Make) -> None:
    whole = record(1, approval={**APPROVAL, "made_at": None}).as_dict()
    earlier = {
        **whole,
        "approval": {name: whole["approval"][name] for name in ("id", "approver", "subject", "valid_from", "valid_to")},
    }
    assert other_than(earlier, whole) == ""
    assert other_than(earlier, record(1, approval=APPROVAL).as_dict()) == "approval", "nothing comes in later"


def test_an_approval_after_an_emergency_is_the_one_with_which_it_was_opened(record: Make) -> None:
    opened = record(1, approval=APPROVAL).as_dict()
    said = record(1, approval=APPROVAL, by_hand=BY_HAND).as_dict()
    assert unapproved(said, opened) == ""
    assert "was not opened here with its approval" in unapproved(said, None)
    assert "was not opened here with its approval" in unapproved(said, record(1).as_dict())
    assert unapproved(record(1, by_hand={**BY_HAND, "kind": "visit"}).as_dict(), None) == ""
    assert unapproved(record(1).as_dict(), None) == ""
