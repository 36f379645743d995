"""What a person brings in: their own words, or the hospital's signed approval, never both."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.approval import ApprovalError
from ansible_collections.traumalink.ops.plugins.plugin_utils.by_hand import ByHandError
from ansible_collections.traumalink.ops.plugins.plugin_utils.by_hand_evidence import evidence

NOW = datetime(2026, 11, 29, 18, 0, tzinfo=UTC)
VISIT: dict[str, Any] = {
    "kind": "visit",
    "occurred_at": "2026-11-29T10:00:00+08:00",
    "entered_by": "li_na",
    "summary_zh": "现场巡检",
    "summary_en": "",
}


def test_work_by_hand_is_told_in_own_words() -> None:
    found = evidence(VISIT, NOW)
    assert (found["kind"], found["entered_by"]) == ("visit", "li_na")


def test_an_approval_cannot_be_told_in_own_words() -> None:
    with pytest.raises(ByHandError, match="operation_approval"):
        evidence({**VISIT, "kind": "approval"}, NOW)


def test_an_approval_that_is_not_there_is_none(tmp_path: Path, contract_data: Callable[..., dict[str, Any]]) -> None:
    with pytest.raises(ApprovalError):
        evidence({"approval": str(tmp_path / "approval.json"), "contract": contract_data(contacts=[])}, NOW)
