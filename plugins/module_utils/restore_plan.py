# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restore will do, decided before anything is changed: set, timeline, target; what comes back and what is lost, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .pgbackrest_sets import Backup
from .restore_goal import END, LSN, NAME, Goal, instant
from .restore_search import Hit, SpanTimes
from .restore_way import Way
from .wal import SEGMENT_BYTES, lsn_text, position, segment_number
from .wal_archive import Gap

__all__ = ["RestorePlan", "accept_words", "end_plan", "gap_plan", "gap_words", "target_plan"]

DEFAULT = "default"  # the engine's word for a restore to the end


@dataclass(frozen=True)
class RestorePlan:
    """One restore.

    Attributes:
        goal: what was asked for; type, target: what the engine is told, which is another where a gap lies on the way.
        last_segment: the last one that is replayed, as far as it is archived now.
        reach, beyond: positions: the replay must come to the first, and must not pass the second ("" where nothing says so).
        last_commit: the last one that comes back, wanted_commit: the last one that was to come back, as far as WAL tells; aware, UTC.
        tablespaces: folders outside the data directory that come back too, and the bytes that come back there.
        recovered, lost, notes: in words.
    """

    backup: Backup
    goal: Goal
    type: str
    target: str
    timeline: int
    last_segment: str
    reach: str
    recovered: str
    lost: str
    beyond: str = ""
    last_commit: datetime | None = None
    wanted_commit: datetime | None = None
    gap: Gap | None = None
    possible: str = ""
    tablespaces: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    segments_looked: int = 0

    def facts(self) -> dict[str, Any]:
        """Return plain data for an Ansible result."""
        return {
            "backup": self.backup.facts(),
            "goal": self.goal.words,
            "type": self.type,
            "target": self.target,
            "timeline": self.timeline,
            "last_segment": self.last_segment,
            "reach": self.reach,
            "beyond": self.beyond,
            "last_commit": self.last_commit.isoformat() if self.last_commit else "",
            "wanted_commit": self.wanted_commit.isoformat() if self.wanted_commit else "",
            "missing": self.gap.words if self.gap else "",
            "recovered": self.recovered,
            "lost": self.lost,
            "tablespaces": dict(self.tablespaces),
            "notes": list(self.notes),
            "possible": self.possible,
            "segments_looked": self.segments_looked,
        }


def accept_words(gap: Gap, span: SpanTimes) -> str:
    """Return what a person repeats who agrees to what a gap costs."""
    return f"lose every commit after {instant(span.before)}" if span.before else f"lose all WAL from {gap.first} on"


def gap_words(way: Way, gap: Gap, span: SpanTimes, final: datetime | None) -> str:
    """Say what a gap on the way costs."""
    around = [
        f"after {instant(span.before)}" if span.before else "",
        f"before {instant(span.after)}" if span.after else "",
    ]
    stake = " and ".join(filter(None, around))
    what = f"what was committed {stake} is in there" if stake else "when what is in there was committed cannot be told"
    rest = f", the last at {instant(final)}," if final else ""
    return (
        f"{gap.words} in the repository: {what}. A restore of backup {way.backup.label} ends before it, and all that was committed later{rest} "
        "is lost too, though it is archived"
    )


def end_plan(way: Way, goal: Goal, final: datetime | None) -> RestorePlan:
    """Return the restore to the end of a way that is whole."""
    upto = f"every commit up to {instant(final)}" if final else f"all WAL to segment {way.last}"
    after = f"after {instant(final)}" if final else f"after segment {way.last}"
    return RestorePlan(
        way.backup, goal, DEFAULT, "", way.timeline, way.last, lsn_text(segment_number(way.last) * SEGMENT_BYTES),
        f"{described(way)}, {upto}", f"what was committed {after} and never came into the archive", last_commit=final, wanted_commit=final,
    )  # fmt: skip


def target_plan(way: Way, goal: Goal, hit: Hit, final: datetime | None) -> RestorePlan:
    """Return the restore to a target."""
    last = hit.last.at if hit.last else None
    reach = hit.lsn + 1
    if goal.at:  # it stops before the record
        reach = hit.last.lsn + 1 if hit.last else position(way.backup.lsn_stop)
    upto = f"to {goal.words}: the last commit is {f'that of {instant(last)}' if last else 'in the backup'}"
    given_up = "every later commit" + (f"; the archive holds them up to {instant(final)}" if final else "")
    return RestorePlan(
        way.backup, goal, goal.kind, escaped(goal), way.timeline, way.name(hit.lsn // SEGMENT_BYTES),
        lsn_text(max(reach, position(way.backup.lsn_stop))), f"{described(way)}, {upto}", given_up,
        beyond=lsn_text(hit.lsn) if goal.at else "", last_commit=last, wanted_commit=last,
    )  # fmt: skip


def gap_plan(
    way: Way, goal: Goal, gap: Gap, span: SpanTimes, record: int | None, wanted: datetime | None
) -> RestorePlan:
    """Return the restore up to a gap.

    Args:
        record: where the last whole record before the gap begins: the replay stops behind it and nowhere else, even if the segment comes back
            meanwhile. None, where nobody can look into the WAL; then it stops where it finds no more.
        wanted: the last commit that was to come back.
    """
    begin = segment_number(gap.first) * SEGMENT_BYTES
    upto = f"every commit up to {instant(span.before)}" if span.before else f"all WAL before segment {gap.first}"
    return RestorePlan(
        way.backup, goal, DEFAULT if record is None else LSN, "" if record is None else lsn_text(record), way.timeline,
        way.name(segment_number(gap.first) - 1), lsn_text((begin - SEGMENT_BYTES if record is None else record) + 1),
        f"{described(way)}, {upto}", f"{gap.words}: {accept_words(gap, span).removeprefix('lose ')}", beyond=lsn_text(begin),
        last_commit=span.before, wanted_commit=wanted, gap=gap,
    )  # fmt: skip


def described(way: Way) -> str:
    """Return set and timeline in words."""
    return f"backup {way.backup.label} of {way.backup.stopped_at} along timeline {way.timeline}"


def escaped(goal: Goal) -> str:
    """Return the target as the engine needs it: it puts a name between quotes as it stands (postgresql.conf doubles quotes and backslashes)."""
    if goal.kind == NAME:
        return goal.value.replace("\\", "\\\\").replace("'", "''")
    return "" if goal.kind == END else goal.value
