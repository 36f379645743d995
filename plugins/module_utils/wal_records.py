# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What PostgreSQL's pg_waldump says of transactions and restore points in the WAL, as typed values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from .wal import position

__all__ = ["Ended", "Point", "Segment", "error_at", "last_position", "parse_records"]

# pg_waldump.c, XLogDumpDisplayRecord; xactdesc.c and xlogdesc.c for what stands behind "desc:". Times are of the process's zone, which is UTC.
RECORD = re.compile(
    r"^rmgr: (?P<kind>\S+) .*?\btx:\s+(?P<xid>\d+), lsn: (?P<lsn>[0-9A-F]+/[0-9A-F]+), prev \S+ desc: (?P<what>\S+)(?: (?P<rest>.*))?$"
)
TIME = re.compile(r"(?:(?P<prepared>\d+): )?(?P<time>\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(?:\.\d+)?) UTC")
PARTS = re.compile(r"; subxacts: ([\d ]+)")
ERROR = re.compile(r"error in WAL record at ([0-9A-F]+/[0-9A-F]+)")
COMMITS, ROLLBACKS = ("COMMIT", "COMMIT_PREPARED"), ("ABORT", "ABORT_PREPARED")


@dataclass(frozen=True)
class Ended:
    """The end of a transaction.

    Attributes:
        lsn: position of its record; at: when it ended, aware, UTC.
        xid: its number; parts: of its subtransactions.
        committed: it may have been rolled back instead.
    """

    lsn: int
    xid: int
    at: datetime
    committed: bool = True
    parts: tuple[int, ...] = ()


@dataclass(frozen=True)
class Point:
    """A restore point: where it lies, and its name."""

    lsn: int
    name: str


@dataclass(frozen=True)
class Segment:
    """What was found in a stretch of WAL, in its order."""

    ends: tuple[Ended, ...] = ()
    points: tuple[Point, ...] = ()

    @property
    def commits(self) -> tuple[Ended, ...]:
        """The transactions that were committed."""
        return tuple(end for end in self.ends if end.committed)


def parse_records(text: str, first: int, behind: int) -> Segment:
    """Return what begins from position `first` on and before `behind`, out of pg_waldump's output."""
    ends: list[Ended] = []
    points: list[Point] = []
    for line in text.splitlines():
        found = RECORD.match(line)
        if not found or not first <= (lsn := position(found["lsn"])) < behind:
            continue
        rest = found["rest"] or ""
        if found["kind"] == "XLOG" and found["what"] == "RESTORE_POINT":
            points.append(Point(lsn, rest))
        elif found["kind"] == "Transaction" and found["what"] in COMMITS + ROLLBACKS and (time := TIME.match(rest)):
            parts = PARTS.search(rest)
            at = datetime.fromisoformat(time["time"]).replace(tzinfo=UTC)
            numbers = tuple(map(int, parts[1].split())) if parts else ()
            ends.append(Ended(lsn, int(time["prepared"] or found["xid"]), at, found["what"] in COMMITS, numbers))
    return Segment(tuple(ends), tuple(points))


def last_position(text: str) -> int | None:
    """Return where the last record begins that pg_waldump printed, None where it printed none."""
    found = None
    for line in text.splitlines():
        found = RECORD.match(line) or found
    return position(found["lsn"]) if found else None


def error_at(text: str) -> int | None:
    """Return the position at which pg_waldump could not read on, None where it says none."""
    found = ERROR.search(text)
    return position(found[1]) if found else None
