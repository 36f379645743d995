"""An archive with commits, restore points, timelines and gaps, and a reader that knows what is in its segments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest_sets import Backup, Stanza
from ansible_collections.traumalink.ops.plugins.module_utils.restore_goal import read_goal
from ansible_collections.traumalink.ops.plugins.module_utils.restore_options import Wanted
from ansible_collections.traumalink.ops.plugins.module_utils.restore_planner import Planner
from ansible_collections.traumalink.ops.plugins.module_utils.wal import SEGMENT_BYTES, lsn_text, segment_name
from ansible_collections.traumalink.ops.plugins.module_utils.wal_archive import Archived, History, WalArchive
from ansible_collections.traumalink.ops.plugins.module_utils.wal_records import Ended, Point, Segment

BEGIN = datetime(2026, 11, 29, 1, 0, tzinfo=UTC)
NOW = BEGIN + timedelta(hours=10)


def at(minutes: float) -> datetime:
    """Return a time so many minutes after the begin."""
    return BEGIN + timedelta(minutes=minutes)


def lsn(number: int, offset: int = 0) -> int:
    """Return a position in the segment of that number."""
    return number * SEGMENT_BYTES + offset


def backup_in(number: int, timeline: int = 1, **changes: str) -> Backup:
    """Return a set that lies in one segment whole, and was complete half a minute after the segment's minute."""
    name, stopped = segment_name(timeline, number), at(number + 0.5)
    return Backup(
        f"{stopped:%Y%m%d-%H%M%S}F", "full", None, at(number).isoformat(), stopped.isoformat(), 30, lsn_text(lsn(number, 0x28)),
        lsn_text(lsn(number, 0x800)), name, name, 1000, 1000, 100, False, changes.get("database_id", "15-1"),
    )  # fmt: skip


@dataclass
class Wal:
    """WAL as a story: segment N is written in minute N, with a commit a quarter and three quarters through it (transactions 2N and 2N+1 hundred)."""

    held: dict[str, Archived] = field(default_factory=dict)
    content: dict[str, Segment] = field(default_factory=dict)
    histories: dict[int, History] = field(default_factory=dict)
    looked: set[str] = field(default_factory=set)

    def write(self, timeline: int, numbers: Iterable[int], begin: int = 0, later: float = 0) -> Wal:
        """Archive these segments of a timeline; records before `begin` are those of the segment's file on timeline 1."""
        for number in numbers:
            name = segment_name(timeline, number)
            ends = [
                Ended(lsn(number, 0x400000 * part), 100 * (2 * number + (part == 3)), at(number + later + part / 4))
                for part in (1, 3)
            ]
            ends = [end for end in ends if end.lsn >= begin]
            if begin // SEGMENT_BYTES == number:
                ends = [end for end in self.content[segment_name(1, number)].ends if end.lsn < begin] + ends
            self.held[name] = Archived(name, 1000, at(number + later + 1), f"sha-{name}")
            self.content[name] = Segment(tuple(ends))
        return self

    def leave(self, parent: int, left: int, timeline: int) -> Wal:
        """Begin a timeline where another one is left."""
        before = self.histories.get(parent, History(parent)).ancestors
        self.histories[timeline] = History(timeline, (*before, (parent, left)))
        return self

    def point(self, name: str, number: int, timeline: int = 1, offset: int = 0x600000) -> Wal:
        """Make a restore point in the middle of a segment."""
        found = self.content[segment_name(timeline, number)]
        points = (*found.points, Point(lsn(number, offset), name))
        self.content[segment_name(timeline, number)] = Segment(found.ends, points)
        return self

    def ended(self, number: int, end: Ended) -> Wal:
        """Put the end of another transaction at the end of a segment."""
        found = self.content[segment_name(1, number)]
        self.content[segment_name(1, number)] = Segment((*found.ends, end), found.points)
        return self

    def lose(self, *numbers: int, timeline: int = 1) -> Wal:
        """Take segments out of the repository."""
        for number in numbers:
            del self.held[segment_name(timeline, number)]
        return self

    @property
    def archive(self) -> WalArchive:
        """What the repository lists."""
        return WalArchive(dict(self.held), dict(self.histories))

    def segment(self, archived: Archived, following: Archived | None) -> Segment:
        """Read a segment."""
        assert archived.name in self.held
        self.looked.add(archived.name)
        return self.content[archived.name]

    def last_record(self, archived: Archived) -> int | None:
        """Return where the last record begins."""
        return lsn(int(archived.name[-2:], 16), 0xC00100)

    def record_from(self, position: int, archived: Archived, following: Archived | None) -> bool:
        """Tell whether a record begins there or behind."""
        return position <= lsn(int(archived.name[-2:], 16), 0xC00100)

    def planner(self, *sets: Backup, readable: bool = True, **wanted: str) -> Planner:
        """Return the planner of a restore from these sets; `wanted` are what a person types."""
        target: Mapping[str, str] = {key: wanted.pop(key) for key in ("time", "name", "lsn", "xid") if key in wanted}
        number = wanted.pop("timeline", "")
        want = Wanted(
            read_goal(target), wanted.pop("set", ""), int(number) if number else None, wanted.pop("accept", "")
        )
        assert not wanted
        stanza = Stanza("lab", 0, "ok", 7, None, None, sets, "15-1")
        missing = "" if readable else "pg_waldump is not installed"
        return Planner(want, stanza, self.archive, {}, self if readable else None, NOW, missing)


def whole() -> Wal:
    """Return WAL without a gap: segments 1 to 20 of timeline 1."""
    return Wal().write(1, range(1, 21))


def forked() -> Wal:
    """Return WAL of which timeline 2 left timeline 1 in the middle of segment 15, an hour later; timeline 1 went on to 20."""
    return whole().leave(1, lsn(15, 0x800000), 2).write(2, range(15, 31), begin=lsn(15, 0x800000), later=60)
