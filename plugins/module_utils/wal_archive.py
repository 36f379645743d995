# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WAL that a repository holds for one database: which segments there are, and which are missing on a way through it.

The engine's own commands stay green when a segment is missing, and a restore across the gap loses rows without a word. So the files are listed, and
the way is computed here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from .errors import OpsError
from .wal import SEGMENT_BYTES, position, segment_name, segment_number, timeline_of

__all__ = ["ArchiveError", "Archived", "Gap", "History", "WalArchive", "parse_history", "parse_listing"]

# pgBackRest, user guide, "Archive": <database>/<timeline and high part>/<segment>-<SHA-1>[.<compression>]
SEGMENT_FILE = re.compile(
    r"(?P<database>\d[\d.]*-\d+)/[0-9A-F]{16}/(?P<name>[0-9A-F]{24})-(?P<sha1>[0-9a-f]{40})(?:\.\w+)?"
)
HISTORY_FILE = re.compile(r"(?P<database>\d[\d.]*-\d+)/(?P<timeline>[0-9A-F]{8})\.history")
# PostgreSQL, src/backend/access/transam/timeline.c: "<parent timeline>\t<position of the switch>\t<reason>"
HISTORY_LINE = re.compile(r"\s*(?P<timeline>\d+)\s+(?P<lsn>[0-9A-Fa-f]{1,8}/[0-9A-Fa-f]{1,8})(?:\s+.*)?")


class ArchiveError(OpsError):
    """The archive cannot be read, or does not say what is asked."""


@dataclass(frozen=True)
class Archived:
    """A segment in the repository: its size there (bytes, compressed), when it came in, the SHA-1 of its content, and its file in the stanza's archive."""

    name: str
    size_bytes: int
    archived_at: datetime
    sha1: str = ""
    path: str = ""


@dataclass(frozen=True)
class Gap:
    """Segments that are missing, one after another: the first and the last of them, and how many."""

    first: str
    last: str
    count: int

    @property
    def span(self) -> str:
        """The gap in any language: its segment, or the first and last of them with their number."""
        return self.first if self.count == 1 else f"{self.first} … {self.last} ({self.count})"

    @property
    def words(self) -> str:
        """The gap for a message."""
        if self.count == 1:
            return f"WAL segment {self.first} is missing"
        return f"{self.count} WAL segments are missing, {self.first} to {self.last}"


@dataclass(frozen=True)
class History:
    """How a timeline came about.

    Attributes:
        timeline: its number.
        ancestors: each timeline that it came from, with the position at which that was left; the oldest first.
    """

    timeline: int
    ancestors: tuple[tuple[int, int], ...] = ()

    def timeline_at(self, number: int) -> int:
        """Return the timeline whose file holds the segment of that number on the way to this timeline's end.

        The segment in which a timeline was left exists on both; the newer one holds what both have.
        """
        for ancestor, left_at in self.ancestors:
            if number < left_at // SEGMENT_BYTES:
                return ancestor
        return self.timeline


@dataclass(frozen=True)
class WalArchive:
    """What the repository holds of one database's WAL.

    Attributes:
        segments: the files by their names.
        histories: of the timelines after the first, by number.
    """

    segments: Mapping[str, Archived] = field(default_factory=dict)
    histories: Mapping[int, History] = field(default_factory=dict)

    @property
    def newest_timeline(self) -> int:
        """The timeline that was begun last.

        Raises:
            ArchiveError: there is no WAL.
        """
        found = {timeline_of(name) for name in self.segments} | set(self.histories)
        if not found:
            raise ArchiveError("the repository holds no WAL")
        return max(found)

    def history(self, timeline: int) -> History:
        """Return how a timeline came about.

        Raises:
            ArchiveError: its history file is missing.
        """
        if timeline == 1:
            return History(1)
        if timeline not in self.histories:
            raise ArchiveError(
                f"the history of timeline {timeline} ({timeline:08X}.history) is missing in the repository"
            )
        return self.histories[timeline]

    def way(self, first: str, last: str) -> list[str]:
        """Return the names of all segments from `first` to `last`, which may be on a later timeline.

        Raises:
            ArchiveError: no way leads there: `first` lies on a timeline, or after the point, that `last` does not come from.
        """
        history = self.history(timeline_of(last))
        begin, end = segment_number(first), segment_number(last)
        if history.timeline_at(begin) != timeline_of(first) and not self._copied(first, history):
            raise ArchiveError(f"no way leads from WAL segment {first} to timeline {timeline_of(last)}")
        return [segment_name(history.timeline_at(number), number) for number in range(begin, end + 1)]

    def gaps(self, first: str, last: str) -> list[Gap]:
        """Return what is missing on the way from `first` to `last`, in order.

        Raises:
            ArchiveError: no way leads there.
        """
        found: list[Gap] = []
        before = False
        for name in self.way(first, last):
            missing = name not in self.segments
            if missing and before:
                found[-1] = Gap(found[-1].first, name, found[-1].count + 1)
            elif missing:
                found.append(Gap(name, name, 1))
            before = missing
        return found

    def last_on(self, timeline: int) -> str | None:
        """Return the last segment that was archived on a timeline, None where none was."""
        return max((name for name in self.segments if timeline_of(name) == timeline), default=None)

    def _copied(self, name: str, history: History) -> bool:
        """Tell whether a segment is the one in which its timeline was left: the next timeline's file begins with the same."""
        return any(
            ancestor == timeline_of(name) and left_at // SEGMENT_BYTES == segment_number(name)
            for ancestor, left_at in history.ancestors
        )


def parse_history(timeline: int, text: str) -> History:
    """Return a timeline's history from its file.

    Raises:
        ArchiveError: the file is no history.
    """
    ancestors = []
    for line in text.splitlines():
        stripped = line.split("#", 1)[0].strip()
        if not stripped:
            continue
        found = HISTORY_LINE.fullmatch(stripped)
        if not found:
            raise ArchiveError(f"{timeline:08X}.history is damaged: {line[:80]!r} is no switch of a timeline")
        ancestors.append((int(found["timeline"]), position(found["lsn"])))
    if ancestors != sorted(ancestors) or any(ancestor >= timeline for ancestor, _left_at in ancestors):
        raise ArchiveError(f"{timeline:08X}.history is damaged: its timelines do not follow one another")
    return History(timeline, tuple(ancestors))


def parse_listing(text: str, database: str) -> tuple[dict[str, Archived], list[int]]:
    """Return the segments, and the timelines whose history files there are, out of a listing of a stanza's archive.

    Args:
        text: what `pgbackrest repo-ls --recurse --output=json archive/<stanza>` printed.
        database: the engine's name of the database in there, such as `15-1`.

    Raises:
        ArchiveError: it is no such listing.
    """
    try:
        listed = json.loads(text)
        entries = [(str(path), entry) for path, entry in listed.items() if entry["type"] == "file"]
        segments, timelines = {}, []
        for path, entry in entries:
            segment, history = SEGMENT_FILE.fullmatch(path), HISTORY_FILE.fullmatch(path)
            if segment and segment["database"] == database:
                at = datetime.fromtimestamp(entry["time"], UTC)
                segments[segment["name"]] = Archived(segment["name"], int(entry["size"]), at, segment["sha1"], path)
            elif history and history["database"] == database:
                timelines.append(int(history["timeline"], 16))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ArchiveError(f"the listing of the archive cannot be read ({error}): {text[:200]}") from None
    return segments, sorted(timelines)
