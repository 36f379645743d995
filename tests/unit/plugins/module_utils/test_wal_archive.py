"""The archived WAL: what is missing on a way through it, over timelines too."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.wal import segment_name
from ansible_collections.traumalink.ops.plugins.module_utils.wal_archive import (
    Archived,
    ArchiveError,
    Gap,
    History,
    WalArchive,
    parse_history,
    parse_listing,
)

AT = datetime(2026, 11, 25, 3, 30, tzinfo=UTC)


def names(timeline: int, numbers: Iterable[int]) -> list[str]:
    """Return names of segments."""
    return [segment_name(timeline, number) for number in numbers]


def archive(*held: list[str], histories: Iterable[History] = ()) -> WalArchive:
    """Return an archive that holds these segments."""
    return WalArchive(
        {name: Archived(name, 1000, AT) for part in held for name in part},
        {history.timeline: history for history in histories},
    )


# Timeline 1 was left in the middle of segment 5 for timeline 2, and that at the very start of segment 9 for timeline 3.
SECOND = parse_history(2, "1\t0/5A00028\tno recovery target specified\n")
THIRD = parse_history(3, '1\t0/5A00028\tno recovery target specified\n\n2\t0/9000000\tat restore point "before"\n')


def test_an_archive_without_a_gap() -> None:
    held = archive(names(1, range(3, 9)))
    assert held.gaps(*names(1, (3, 8))) == []
    assert held.last_on(1) == segment_name(1, 8)
    assert held.newest_timeline == 1


def test_each_gap_is_named_with_its_ends() -> None:
    held = archive(names(1, (3, 4, 7, 9)))
    gaps = held.gaps(*names(1, (3, 10)))
    assert gaps == [
        Gap(segment_name(1, 5), segment_name(1, 6), 2),
        Gap(segment_name(1, 8), segment_name(1, 8), 1),
        Gap(segment_name(1, 10), segment_name(1, 10), 1),
    ]
    assert gaps[0].words == "2 WAL segments are missing, 000000010000000000000005 to 000000010000000000000006"
    assert gaps[1].words == "WAL segment 000000010000000000000008 is missing"


def test_a_way_over_the_high_part() -> None:
    assert archive().way("0000000100000000000000FE", "000000010000000100000001") == [
        "0000000100000000000000FE", "0000000100000000000000FF", "000000010000000100000000", "000000010000000100000001",
    ]  # fmt: skip


def test_a_way_follows_the_timelines() -> None:
    held = archive(names(1, (3, 4)), names(2, (5, 6, 7, 8)), names(3, (9, 10)), histories=[SECOND, THIRD])
    assert held.way(segment_name(1, 3), segment_name(3, 10)) == [
        *names(1, (3, 4)), *names(2, (5, 6, 7, 8)), *names(3, (9, 10)),
    ]  # fmt: skip
    assert held.gaps(segment_name(1, 3), segment_name(3, 10)) == []
    assert held.newest_timeline == 3


def test_the_segment_in_which_a_timeline_was_left_may_begin_the_way() -> None:
    held = archive(histories=[SECOND])
    assert held.way(segment_name(1, 5), segment_name(2, 6)) == names(2, (5, 6))


def test_no_way_leads_from_a_timeline_that_was_left_before() -> None:
    held = archive(histories=[SECOND, THIRD])
    with pytest.raises(ArchiveError, match="no way leads from WAL segment 000000010000000000000006 to timeline 3"):
        held.way(segment_name(1, 6), segment_name(3, 10))


def test_without_its_history_a_timeline_cannot_be_followed() -> None:
    with pytest.raises(ArchiveError, match=r"the history of timeline 2 \(00000002.history\) is missing"):
        archive().way(segment_name(1, 3), segment_name(2, 6))
    with pytest.raises(ArchiveError, match="holds no WAL"):
        _ = archive().newest_timeline


@pytest.mark.parametrize("text", ["what", "1\tzero\treason", "2\t0/5000000\tof itself", "2\t0/9\tx\n1\t0/5\ty"])
def test_a_damaged_history_is_refused(text: str) -> None:
    with pytest.raises(ArchiveError, match=r"00000002.history is damaged"):
        parse_history(2, text)


def test_a_listing_of_the_repository() -> None:
    sha1 = "a" * 40
    listed = {
        ".": {"type": "path"},
        "archive.info": {"type": "file", "size": 500, "time": 1764041400},
        "15-1": {"type": "path"},
        f"15-1/0000000100000000/000000010000000000000003-{sha1}.zst": {"type": "file", "size": 777, "time": 1764041400},
        f"15-1/0000000100000000/000000010000000000000004-{sha1}": {
            "type": "file",
            "size": 16777216,
            "time": 1764041400,
        },
        f"15-1/0000000100000000/000000010000000000000005.partial-{sha1}.zst": {"type": "file", "size": 9, "time": 1},
        "15-1/0000000100000000/000000010000000000000003.00000028.backup": {"type": "file", "size": 9, "time": 1},
        "15-1/00000002.history": {"type": "file", "size": 41, "time": 1764041400},
        f"17-2/0000000100000000/000000010000000000000009-{sha1}.zst": {"type": "file", "size": 777, "time": 1764041400},
    }
    segments, timelines = parse_listing(json.dumps(listed), "15-1")
    assert list(segments) == names(1, (3, 4))
    assert segments[segment_name(1, 3)].size_bytes == 777
    assert segments[segment_name(1, 3)].archived_at == datetime(2025, 11, 25, 3, 30, tzinfo=UTC)
    assert timelines == [2]


@pytest.mark.parametrize("text", ["", "[]", '{"x": 1}', '{"15-1/x": {"type": "file"'])
def test_what_is_no_listing_is_refused(text: str) -> None:
    with pytest.raises(ArchiveError, match="the listing of the archive cannot be read"):
        parse_listing(text, "15-1")
