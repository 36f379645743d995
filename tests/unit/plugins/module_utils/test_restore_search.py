"""Where a target lies in the archived WAL, and that no segment is read which cannot hold the answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.restore_goal import Goal, instant
from ansible_collections.traumalink.ops.plugins.module_utils.restore_search import MOST_SEGMENTS, Hit, Search, SpanTimes
from ansible_collections.traumalink.ops.plugins.module_utils.restore_way import ways_from
from ansible_collections.traumalink.ops.plugins.module_utils.wal import lsn_text, segment_name
from ansible_collections.traumalink.ops.plugins.module_utils.wal_archive import Gap
from ansible_collections.traumalink.ops.plugins.module_utils.wal_records import Ended, Segment
from restore_samples import Wal, at, backup_in, forked, lsn, whole

QUARTER, THREE_QUARTERS = 0x400000, 0xC00000


def search(wal: Wal, since: int = 5, timeline: int = 1) -> Search:
    """Return what looks along the way of a timeline from a set in segment 5."""
    (way,) = (way for way in ways_from(backup_in(5), wal.archive, None) if way.timeline == timeline)
    return Search(way, wal, since)


def time(minute: float) -> Goal:
    """Return a time as a goal."""
    return Goal("time", "", at(minute))


def places(hits: list[Hit]) -> list[tuple[int, datetime | None]]:
    """Return where a replay stops, and when the last commit was that is recovered then."""
    return [(hit.lsn, hit.last.at if hit.last else None) for hit in hits]


# --- commits ---


@pytest.mark.parametrize(
    ("before", "since", "minute"),
    [
        (lsn(21), 5, 20.75),
        (lsn(20, THREE_QUARTERS), 5, 20.25),  # not the one that begins there
        (lsn(20, THREE_QUARTERS + 1), 5, 20.75),
        (lsn(20), 5, 19.75),
        (lsn(40), 5, 20.75),
        (lsn(5, QUARTER), 5, None),  # nothing before the first segment is looked at
        (lsn(5, QUARTER), 4, 4.75),
    ],
)
def test_the_last_commit_before_a_position(before: int, since: int, minute: float | None) -> None:
    wal = whole()
    for found in (search(wal, since).last_commit(before), search(wal).last_commit(before, since)):
        assert (found.at if found else None) == (None if minute is None else at(minute))


def test_the_last_commit_is_looked_for_behind_what_holds_none() -> None:
    wal = whole()
    for number in (18, 19, 20):
        wal.content[segment_name(1, number)] = Segment((Ended(lsn(number), 9, at(number), committed=False),))
    found = search(wal).final
    assert found is not None
    assert found.at == at(17.75)
    assert wal.looked == {segment_name(1, number) for number in (17, 18, 19, 20)}


@pytest.mark.parametrize(("since", "minute"), [(5, 5.25), (20, 20.25), (21, None)])
def test_the_first_commit_from_a_segment_on(since: int, minute: float | None) -> None:
    found = search(whole()).first_commit(since)
    assert (found.at if found else None) == (None if minute is None else at(minute))


@pytest.mark.parametrize(
    ("lost", "before", "after"),
    [([14, 15], 13.75, 16.25), ([5], None, 6.25), ([14, 15, 16, 17, 18, 19], 13.75, 20.25)],
)
def test_the_times_around_a_gap(lost: list[int], before: float | None, after: float | None) -> None:
    gap = Gap(segment_name(1, lost[0]), segment_name(1, lost[-1]), len(lost))
    spans = SpanTimes(at(before) if before else None, at(after) if after else None)
    assert search(whole().lose(*lost)).span(gap) == spans


def test_a_segment_is_read_with_the_one_that_follows_it_on_the_way() -> None:
    wal, read = forked(), []
    wal.segment = lambda archived, following: read.append((archived, following)) or Segment()  # type: ignore[method-assign,func-returns-value]
    looking = search(wal, timeline=2)
    for number in (14, 30):
        looking.at(number)
    assert looking.at(31) == Segment(), "nothing is there"
    held = wal.held
    assert read == [
        (held[segment_name(1, 14)], held[segment_name(2, 15)]), (held[segment_name(2, 30)], None),
    ]  # fmt: skip


# --- a time ---


@pytest.mark.parametrize(
    ("minute", "stops", "last"),
    [
        (12.5, lsn(12, THREE_QUARTERS), 12.25),
        (12.25, lsn(12, THREE_QUARTERS), 12.25),  # every commit up to it, its own too
        (12.2499, lsn(12, QUARTER), 11.75),
        (13.1, lsn(13, QUARTER), 12.75),
        (5.1, lsn(5, QUARTER), None),  # all commits are in the set already
        (20.5, lsn(20, THREE_QUARTERS), 20.25),
    ],
)
def test_a_replay_to_a_time_stops_before_the_first_transaction_that_ended_later(
    minute: float, stops: int, last: float | None
) -> None:
    assert places(search(whole()).find(time(minute))) == [(stops, at(last) if last else None)]


@pytest.mark.parametrize("minute", [20.75, 21, 600])
def test_a_time_behind_the_last_commit_is_reached_by_no_replay(minute: float) -> None:
    assert search(whole()).find(time(minute)) == []


def test_a_rollback_after_the_time_stops_a_replay_too_and_is_no_commit() -> None:
    wal = whole()
    wal.ended(12, Ended(lsn(12, 0xD00000), 5000, at(12.8), committed=False))
    wal.ended(12, Ended(lsn(12, 0xE00000), 5001, at(12.95), committed=False))
    assert places(search(wal).find(time(12.9))) == [(lsn(12, 0xE00000), at(12.75))]


def test_clocks_that_went_back_stop_a_replay_at_the_first_that_is_later_in_the_wal() -> None:
    wal = whole().ended(12, Ended(lsn(12, 0xD00000), 5000, at(12.6)))
    assert places(search(wal).find(time(12.5))) == [(lsn(12, THREE_QUARTERS), at(12.25))]


def test_a_time_is_looked_for_only_in_segments_that_came_into_the_archive_after_it() -> None:
    wal = Wal().write(1, range(1, 200))
    assert search(wal).find(time(100.5))
    assert wal.looked <= {segment_name(1, number) for number in (99, 100, 101)}


def ahead() -> Wal:
    """Return WAL of a database whose clock was an hour ahead of ops' from segment 100 on."""
    wal = Wal().write(1, range(1, 100)).write(1, range(100, 200), later=60)
    for number in range(100, 200):
        name = segment_name(1, number)
        wal.held[name] = replace(wal.held[name], archived_at=at(number + 1))
    return wal


@pytest.mark.parametrize(
    ("minute", "stops", "last"),
    [
        (170.5, lsn(110, THREE_QUARTERS), 170.25),
        (165, lsn(105, QUARTER), 164.75),
        (120, lsn(100, QUARTER), 99.75),  # a time that its clock never showed
        (99.5, lsn(99, THREE_QUARTERS), 99.25),
        (250, lsn(190, QUARTER), 249.75),  # ops has not come to that time yet
    ],
)
def test_a_time_is_found_though_the_database_s_clock_was_ahead_then(minute: float, stops: int, last: float) -> None:
    assert places(search(ahead()).find(time(minute))) == [(stops, at(last))]


def test_looking_further_back_steps_over_what_is_missing_and_ends_at_the_set() -> None:
    assert places(search(ahead().lose(*range(106, 112))).find(time(165))) == [(lsn(105, QUARTER), at(164.75))]
    assert places(search(ahead(), since=120).find(time(165))) == [(lsn(120, QUARTER), None)]


# --- a position ---


@pytest.mark.parametrize(
    ("position", "last"),
    [
        (lsn(12, 0x500000), 12.25),
        (lsn(12, QUARTER), 12.25),  # the record there is recovered too
        (lsn(12, QUARTER - 1), 11.75),
        (lsn(5, 0x800), None),
        (lsn(20, THREE_QUARTERS + 0x100), 20.75),  # the last record that there is
    ],
)
def test_a_replay_to_a_position_stops_behind_the_record_there(position: int, last: float | None) -> None:
    hits = search(whole()).find(Goal("lsn", lsn_text(position)))
    assert places(hits) == [(position, at(last) if last else None)]


@pytest.mark.parametrize("position", [lsn(4, 0xFFFFFF), lsn(20, THREE_QUARTERS + 0x101), lsn(21), lsn(900)])
def test_a_position_before_the_set_or_behind_the_last_record_is_not_there(position: int) -> None:
    assert search(whole()).find(Goal("lsn", lsn_text(position))) == []


@pytest.mark.parametrize(("lost", "found"), [([14], True), ([14, 15, 16], True), ([14, 15, 16, 17, 18, 19, 20], False)])
def test_a_position_in_a_gap_is_on_the_way_if_anything_is_behind_it(lost: list[int], found: bool) -> None:
    # What is told to the caller is where it lies; that nothing can be replayed to there is seen by the gap.
    assert bool(search(whole().lose(*lost)).find(Goal("lsn", lsn_text(lsn(14, 5))))) is found


# --- a restore point ---


def test_every_restore_point_of_a_name_is_found_the_newest_first() -> None:
    wal = whole().point("here", 12).point("here", 14).point("here", 14, offset=0xE00000).point("there", 13)
    assert places(search(wal).find(Goal("name", "here"))) == [
        (lsn(14, 0xE00000), at(14.75)), (lsn(14, 0x600000), at(14.25)), (lsn(12, 0x600000), at(12.25)),
    ]  # fmt: skip
    assert len(wal.looked) == 16, "all: there may be another one"


@pytest.mark.parametrize("name", ["nowhere", "early", "HERE", "here "])
def test_a_restore_point_of_another_name_or_before_the_set_is_none(name: str) -> None:
    assert search(whole().point("early", 4).point("here", 12)).find(Goal("name", name)) == []


# --- a transaction ---


@pytest.mark.parametrize(
    ("number", "end"),
    [
        ("2400", Ended(lsn(12, QUARTER), 2400, at(12.25))),
        ("5001", Ended(lsn(18, 0xD00000), 5001, at(18.9), parts=(5002, 5003))),
        ("5003", Ended(lsn(18, 0xD00000), 5001, at(18.9), parts=(5002, 5003))),
        ("6000", Ended(lsn(19, 0xD00000), 6000, at(19.9), committed=False)),
    ],
)
def test_the_end_of_a_transaction_is_found_whatever_it_was(number: str, end: Ended) -> None:
    wal = whole().ended(18, Ended(lsn(18, 0xD00000), 5001, at(18.9), parts=(5002, 5003)))
    wal.ended(19, Ended(lsn(19, 0xD00000), 6000, at(19.9), committed=False))
    assert search(wal).find(Goal("xid", number)) == [Hit(end.lsn, end, end)]


@pytest.mark.parametrize("number", ["900", "4711"])
def test_a_transaction_that_ended_before_the_set_or_never_is_not_found(number: str) -> None:
    assert search(whole()).find(Goal("xid", number)) == []


def test_a_transaction_is_looked_for_from_the_newest_segment_on_and_no_further_than_it_is_found() -> None:
    wal = whole()
    assert search(wal).find(Goal("xid", "3900"))
    assert wal.looked == {segment_name(1, 19), segment_name(1, 20)}


@pytest.fixture(scope="module")
def very_long() -> Wal:
    """Return more WAL than can be looked through while a person waits."""
    return Wal().write(1, range(1, MOST_SEGMENTS + 100))


@pytest.mark.parametrize(
    ("from_since", "first", "number"), [(False, 100, "1000"), (True, 5, str(200 * (MOST_SEGMENTS + 50)))]
)
def test_of_a_very_long_archive_a_part_is_looked_through_and_named(
    very_long: Wal, from_since: bool, first: int, number: str
) -> None:
    very_long.looked.clear()
    looking = replace(search(very_long), from_since=from_since)
    assert looking.find(Goal("xid", number)) == []
    last = first + MOST_SEGMENTS - 1
    assert very_long.looked == {segment_name(1, each) for each in range(first, last + 1)}
    assert looking.part == (
        f"4096 WAL segments (64 GiB), {segment_name(1, first)} of {instant(at(first + 1))} to {segment_name(1, last)} of {instant(at(last + 1))}"
    )


def test_a_part_begins_at_a_set_that_is_named(very_long: Wal) -> None:
    assert search(very_long).find(Goal("xid", "1200")) == []
    looking = replace(search(very_long), from_since=True)
    assert places(looking.find(Goal("xid", "1200"))) == [(lsn(6, QUARTER), at(6.25))]


def test_an_archive_that_is_looked_through_whole_has_no_parts() -> None:
    assert search(whole()).part == replace(search(whole()), from_since=True).part == ""
