"""Positions in the WAL, against figures from PostgreSQL's own documentation and a lab."""

from __future__ import annotations

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.wal import (
    WalError,
    lsn_text,
    position,
    reaches_segment,
    segment_holding,
    segment_name,
    segment_number,
    timeline_of,
)


@pytest.mark.parametrize(
    ("lsn", "segment", "reached"),
    [
        ("0/8000000", "000000010000000000000007", True),  # the switch at the end of an archived segment
        ("0/7FFFFFF", "000000010000000000000007", True),
        ("0/7000000", "000000010000000000000007", True),
        ("0/6FFFFF8", "000000010000000000000007", False),  # it stopped in the segment before
        ("0/7000028", "000000020000000000000007", True),  # the timeline does not matter
        ("1/0", "0000000100000000000000FF", True),
        ("0/FF000000", "000000010000000100000000", False),
        ("16/B374D848", "0000000100000016000000B3", True),
        ("16/B374D848", "0000000100000016000000B4", False),
    ],
)
def test_a_replay_reaches_a_segment_when_it_came_into_it(lsn: str, segment: str, reached: bool) -> None:
    assert reaches_segment(lsn, segment) is reached


def test_positions_and_segments_count_over_high_parts() -> None:
    assert position("1/10") == 2**32 + 16
    assert segment_number("000000010000000200000003") == 2 * 256 + 3


@pytest.mark.parametrize("text", ["", "7", "0/", "g/1", "0/123456789", "0/1 "])
def test_refuses_what_is_no_position(text: str) -> None:
    with pytest.raises(WalError, match="is no WAL position"):
        position(text)


@pytest.mark.parametrize(
    "text", ["", "00000001000000000000000", "00000001000000000000000g", "000000010000000000000006.00000028.backup"]
)
def test_refuses_what_is_no_segment(text: str) -> None:
    with pytest.raises(WalError, match="is no WAL segment"):
        segment_number(text)


@pytest.mark.parametrize("lsn", ["0/0", "0/3000028", "16/B374D848", "FFFFFFFF/FFFFFFFF"])
def test_a_position_is_written_as_postgresql_does(lsn: str) -> None:
    assert lsn_text(position(lsn)) == lsn


def test_the_segment_of_a_position() -> None:
    # SELECT pg_walfile_name('16/B374D848') on timeline 2
    assert segment_holding("16/B374D848", 2) == "0000000200000016000000B3"
    assert segment_name(1, segment_number("0000000100000000000000FF") + 1) == "000000010000000100000000"
    assert timeline_of("0000000A0000000000000001") == 10
