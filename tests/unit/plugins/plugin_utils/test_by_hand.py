"""Evidence of work that a person did."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.by_hand import KINDS, ByHandError, entry

NOW = datetime(2026, 11, 25, 3, 40, tzinfo=UTC)
VISIT = {
    "kind": "visit", "occurred_at": "2026-11-24T10:00:00+08:00", "entered_by": "wang_wei", "summary_zh": "现场巡检", "summary_en": "",
}  # fmt: skip


HELD = {
    "id": "a1", "approver": "wang_wei", "made_at": "2026-11-24T10:00:00+08:00", "subject": sha256(b"20261121-161000-aaaaaa").hexdigest(),
}  # fmt: skip


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "approval"])
def test_what_was_done_is_evidence(kind: str) -> None:
    assert entry({**VISIT, "kind": kind}, NOW) == {**VISIT, "kind": kind}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "lunch"}, "record_kind 'lunch' must be one of visit, training"),
        ({"occurred_at": "yesterday"}, "record_occurred_at 'yesterday' must be a time with its zone"),
        ({"occurred_at": "2026-11-24T10:00:00"}, "must be a time with its zone"),
        ({"occurred_at": "2026-11-26T10:00:00+08:00"}, "lies in the future"),
        ({"summary_zh": ""}, "are both empty"),
        ({"entered_by": ""}, "record_entered_by"),
    ],
)
def test_what_cannot_be_evidence_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ByHandError, match=message) as caught:
        entry({**VISIT, **changes}, NOW)
    assert str(caught.value).endswith("Nothing was recorded")


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(ByHandError, match=r"record_kind .*; record_occurred_at"):
        entry({**VISIT, "kind": "lunch", "occurred_at": "soon"}, NOW)


@pytest.mark.parametrize(
    ("signed_for", "counts"),
    [(None, False), ("", False), ("20261121-161000-dddddd", False), ("20261121-161000-aaaaaa", True)],
)
def test_an_approval_is_what_was_signed_for_the_run_id_that_it_names(signed_for: str | None, counts: bool) -> None:
    approval = {**VISIT, "kind": "approval", "summary_zh": "补批 20261121-161000-aaaaaa"}
    subject = signed_for and sha256(signed_for.encode()).hexdigest()
    held = None if subject is None else {**HELD, "subject": subject}
    if counts:
        assert entry(approval, NOW, held) == approval
    else:
        with pytest.raises(ByHandError, match="record_kind approval is nothing to enter: have the hospital sign it"):
            entry(approval, NOW, held)


@pytest.mark.parametrize(
    "changes", [{"occurred_at": "2026-11-22T10:00:00+08:00"}, {"entered_by": "li_na"}, {"summary_zh": "补批"}]
)
def test_an_approval_says_who_signed_it_and_when_and_nothing_else(changes: dict[str, str]) -> None:
    approval = {**VISIT, "kind": "approval", "summary_zh": "补批 20261121-161000-aaaaaa"}
    assert entry(approval, NOW, HELD) == approval
    with pytest.raises(ByHandError, match="record_kind approval is nothing to enter"):
        entry({**approval, **changes}, NOW, HELD)


@pytest.mark.parametrize(
    ("kind", "seconds", "lets"), [("approval", 4, True), ("approval", 9, False), ("visit", 4, False)]
)
def test_the_clock_where_an_approval_is_signed_may_be_a_little_ahead(kind: str, seconds: int, lets: bool) -> None:
    at = (NOW + timedelta(seconds=seconds)).isoformat()
    given = {**VISIT, "kind": kind, "occurred_at": at, "summary_zh": "补批 20261121-161000-aaaaaa"}
    if lets:
        assert entry(given, NOW, {**HELD, "made_at": at}) == given
    else:
        with pytest.raises(ByHandError, match="lies in the future"):
            entry(given, NOW, {**HELD, "made_at": at})
