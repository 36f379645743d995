# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a target lies in the archived WAL: looked for in the segments alone that can hold the answer, the newest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from .restore_goal import LSN, NAME, TIME, Goal, instant
from .restore_way import Way
from .wal import SEGMENT_BYTES, position, segment_number
from .wal_archive import Archived, Gap
from .wal_records import Ended, Segment

__all__ = ["Hit", "Reader", "Search", "SpanTimes"]

# A segment comes into the archive after its last commit; clocks of the hosts differ by five seconds at most, when an operation begins (role operation).
SLACK = timedelta(seconds=10)
MOST_SEGMENTS = 4096  # 64 GiB: looking takes a tenth of a second each, and a person waits


class Reader(Protocol):
    """What reads a segment, see wal_reader."""

    @property
    def looked(self) -> set[str]:
        """Names of the segments that were read."""

    def segment(self, archived: Archived, following: Archived | None) -> Segment:
        """Return what begins in a segment."""

    def last_record(self, archived: Archived) -> int | None:
        """Return where the last whole record of a segment begins."""

    def record_from(self, lsn: int, archived: Archived, following: Archived | None) -> bool:
        """Tell whether a record begins at a position or behind it."""


@dataclass(frozen=True)
class Hit:
    """A place at which a restore can stop.

    Attributes:
        lsn: the record that decides: a restore point, a commit, the first end of a transaction after a time, a position.
        last: the last commit that is recovered then; None where all commits are in the set already.
        ended: the transaction that was asked for, of which the record tells.
    """

    lsn: int
    last: Ended | None
    ended: Ended | None = None


@dataclass(frozen=True)
class SpanTimes:
    """What is known of a gap: the last commit before it, and the first after it."""

    before: datetime | None
    after: datetime | None


@dataclass(frozen=True)
class Search:
    """Looks along one way.

    Attributes:
        since: number of the segment at which looking back ends: nothing before it can be stopped at.
        from_since: where a record is looked for in a part of the way only, that is the part behind `since`; else the newest.
    """

    way: Way
    reader: Reader
    since: int
    from_since: bool = False

    def at(self, number: int) -> Segment:
        """Return what begins in the segment of that number; nothing where it is missing."""
        held = self.way.held(number)
        return self.reader.segment(held, self.way.held(number + 1)) if held else Segment()

    def last_commit(self, before: int, since: int | None = None) -> Ended | None:
        """Return the last commit whose record lies before a position, not looking before the segment numbered `since`."""
        least = self.since if since is None else since
        for number in range(min(self.way.end, before // SEGMENT_BYTES), least - 1, -1):
            if commits := [end for end in self.at(number).commits if end.lsn < before]:
                return commits[-1]
        return None

    def first_commit(self, since: int) -> Ended | None:
        """Return the first commit from the segment of that number on."""
        return next(
            (commits[0] for number in range(since, self.way.end + 1) if (commits := self.at(number).commits)), None
        )

    @property
    def final(self) -> Ended | None:
        """The last commit on the way."""
        return self.last_commit((self.way.end + 1) * SEGMENT_BYTES)

    def span(self, gap: Gap) -> SpanTimes:
        """Return the times around a gap."""
        first = segment_number(gap.first)
        before, after = self.last_commit(first * SEGMENT_BYTES), self.first_commit(segment_number(gap.last) + 1)
        return SpanTimes(before.at if before else None, after.at if after else None)

    def find(self, goal: Goal) -> list[Hit]:
        """Return each place on the way that the goal can mean; none where it is not reached."""
        if goal.kind == TIME:
            assert goal.at is not None  # noqa: S101 - what the kind means
            return self.find_time(goal.at)
        if goal.kind == LSN:
            return self.find_lsn(position(goal.value))
        return list(self.find_record(goal))

    def find_time(self, at: datetime) -> list[Hit]:
        """Return where a replay to a time stops: before the first transaction in the WAL's order that ended after it.

        Looking begins where ops' clock says. The database's may have been ahead, so as long as the answer lies in the segment with which looking
        began, the one before it is looked at too. Where it was ahead and put right well before the time, a replay stops earlier than is said here,
        which is seen when it has (restore_recovered).
        """
        held = [each for number in range(self.since, self.way.end + 1) if (each := self.way.held(number))]
        first = next((i for i, each in enumerate(held) if each.archived_at >= at - SLACK), len(held) - 1)
        found = self.first_after(at, held[first:])
        while found and first > 0 and found.lsn // SEGMENT_BYTES == segment_number(held[first].name):
            first -= 1
            found = self.first_after(at, held[first : first + 1]) or found
        return [Hit(found.lsn, self.last_commit(found.lsn))] if found else []

    def first_after(self, at: datetime, segments: Iterable[Archived]) -> Ended | None:
        """Return the first transaction in these segments that ended after a time."""
        return next((end for held in segments for end in self.at(segment_number(held.name)).ends if end.at > at), None)

    def find_lsn(self, lsn: int) -> list[Hit]:
        """Return the position itself where the WAL goes on to it or further; a replay stops behind the record there."""
        number = lsn // SEGMENT_BYTES
        if number < self.since or not (held := self.held_from(number)):
            return []
        if number >= self.way.end and not self.reader.record_from(lsn, held, None):
            return []
        return [Hit(lsn, self.last_commit(lsn + 1))]

    def held_from(self, number: int) -> Archived | None:
        """Return the segment of that number or, where it is missing, the next one that is not."""
        return next((held for each in range(number, self.way.end + 1) if (held := self.way.held(each))), None)

    @property
    def numbers(self) -> range:
        """The segments in which a record is looked for: no more than can be looked through."""
        every = range(self.since, self.way.end + 1)
        return every[:MOST_SEGMENTS] if self.from_since else every[-MOST_SEGMENTS:]

    @property
    def part(self) -> str:
        """What is looked through for a record, in words, where that is not the whole way; else ""."""
        numbers = self.numbers
        if len(numbers) == self.way.end + 1 - self.since:
            return ""
        ends = [f"{self.way.name(number)}{self.archived(number)}" for number in (numbers[0], numbers[-1])]
        return f"{len(numbers)} WAL segments ({len(numbers) * SEGMENT_BYTES >> 30} GiB), {' to '.join(ends)}"

    def archived(self, number: int) -> str:
        """Return in words when the segment of that number came into the archive; "" where it is missing."""
        held = self.way.held(number)
        return f" of {instant(held.archived_at)}" if held else ""

    def find_record(self, goal: Goal) -> Iterator[Hit]:
        """Give the restore points of a name, or the end of a transaction; the newest first."""
        for number in reversed(self.numbers):
            found = self.at(number)
            if goal.kind == NAME:
                for point in reversed(found.points):
                    if point.name == goal.value:
                        yield Hit(point.lsn, self.last_commit(point.lsn))
                continue
            for end in found.ends:
                if end.xid == int(goal.value) or int(goal.value) in end.parts:
                    yield Hit(end.lsn, end, end)
                    return  # a number comes back only after four thousand million others
