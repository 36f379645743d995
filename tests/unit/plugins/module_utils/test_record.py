"""A record's texts: canonical, sortable, one line, and run ids that sort by time."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.record import (
    RUN_ID,
    Record,
    canonical,
    iso,
    new_run_id,
    one_line,
)
from hypothesis import given
from hypothesis import strategies as st

SHANGHAI = timezone(timedelta(hours=8))


def test_a_run_id_holds_the_utc_time_and_six_digits() -> None:
    moment = datetime(2026, 11, 25, 11, 30, tzinfo=SHANGHAI)
    assert new_run_id(moment, lambda count: "3f9a2c" if count == 3 else "") == "20261125-033000-3f9a2c"


def test_run_ids_of_one_second_differ_and_fit_their_pattern() -> None:
    moment = datetime(2026, 11, 25, tzinfo=UTC)
    made = {new_run_id(moment) for _ in range(20)}
    assert len(made) == 20
    assert all(RUN_ID.fullmatch(run_id) for run_id in made)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 11, 25, 3, 30, tzinfo=UTC), "2026-11-25T03:30:00Z"),
        (datetime(2026, 11, 25, 3, 30, 59, 999999, tzinfo=SHANGHAI), "2026-11-24T19:30:59Z"),
    ],
)
def test_times_are_written_in_utc_with_whole_seconds(moment: datetime, text: str) -> None:
    assert iso(moment) == text


def test_canonical_text_does_not_depend_on_the_order_of_keys() -> None:
    assert canonical({"b": "中", "a": [1, 2.5, None]}) == '{"a":[1,2.5,null],"b":"中"}'
    with pytest.raises(ValueError, match="Out of range float"):
        canonical({"a": float("nan")})


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\n  b\tc ", "a b c"),
        ("bad \ud800 half", "bad \ufffd half"),
        ("bell\x07", "bell\ufffd"),
        ("x" * 11, "x" * 9 + "…"),
        ("x" * 10, "x" * 10),
    ],
)
def test_words_from_elsewhere_become_one_line(text: str, line: str) -> None:
    assert one_line(text, 10 if "x" in text else 2000) == line


@given(st.text(alphabet=st.characters(codec=None)))
def test_any_text_becomes_one_line_of_utf_8(text: str) -> None:
    line = one_line(text)
    line.encode("utf-8")
    assert len(line.splitlines()) <= 1
    assert one_line(line) == line


def test_a_record_shows_every_field_even_where_there_is_nothing(record: Callable[..., Record]) -> None:
    data = record().as_dict()
    assert json.loads(canonical(data)) == data
    empty: dict[str, Any] = dict.fromkeys(
        ("ended_at", "outcome", "window", "approval", "emergency", "by_hand", "opened", "responded", "resolved")
    )
    empty |= {
        "clauses": [],
        "artefacts": [],
        "versions_before": {},
        "versions_after": {},
        "figures": {},
        "reason": "",
        "kind": "",
    }
    assert data == {
        **empty, "run_id": "20261125-033000-000001", "site": "lab", "verb": "backup", "actor": "li.na@controller1",
        "started_at": "2026-11-25T03:30:00Z", "hosts": ["db1", "ops1"], "rehearsal": False, "imported": False,
    }  # fmt: skip
