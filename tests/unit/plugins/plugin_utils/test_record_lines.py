"""Records as lines for a person."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.record import ByHand, Emergency, Record
from ansible_collections.traumalink.ops.plugins.plugin_utils.record_lines import record_lines

BEGAN = datetime(2026, 11, 25, 16, 0, tzinfo=UTC)
RECORD = Record("20261125-160000-3f9a2c", "lab", "backup", "li.na@c1", BEGAN)


def test_a_record_in_the_sites_time_zone() -> None:
    ended = Record(
        RECORD.run_id, "lab", "backup", "li.na@c1", BEGAN, ended_at=BEGAN.replace(minute=1, second=11), outcome="failed", reason="disk full",
        emergency=Emergency("it hangs", "li_na"), rehearsal=True,
    )  # fmt: skip
    (line,) = record_lines([ended.as_dict()], "Asia/Shanghai")
    assert line.split() == [
        "2026-11-26",
        "00:00",
        "backup",
        "failed",
        "71",
        "s",
        "20261125-160000-3f9a2c",
        "li.na@c1",
        "rehearsal",
        "emergency:",
        "it",
        "hangs",
        "disk",
        "full",
    ]


def test_an_open_operation_says_so() -> None:
    (line,) = record_lines([RECORD.as_dict()], "UTC")
    assert line.split() == ["2026-11-25", "16:00", "backup", "open", "20261125-160000-3f9a2c", "li.na@c1"]


def test_work_done_by_hand_shows_its_kind_and_words() -> None:
    visit = ByHand("visit", BEGAN, "wang_wei", "现场巡检", "")
    record = Record(RECORD.run_id, "lab", "record", "li.na@c1", BEGAN, ended_at=BEGAN, outcome="success", by_hand=visit)
    (line,) = record_lines([record.as_dict()], "Asia/Shanghai")
    assert line.endswith("li.na@c1  visit of 2026-11-26 00:00: 现场巡检 (wang_wei)")


def test_no_record_is_said() -> None:
    assert record_lines([], "UTC") == ["no record is like that"]


def test_a_time_zone_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match="time zone 'Shanghai' is not known"):
        record_lines([], "Shanghai")
