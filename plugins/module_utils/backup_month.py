# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One month of a site's backups, out of the ledger's records and the repository: each day with its backup, retention as it is, drills, growth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from .backup_status import Facts, newest_proven
from .drill_result import SUCCESS
from .finding import NOTICE, WARNING, Finding

__all__ = [
    "BACKED_UP",
    "BEFORE",
    "COMING",
    "MISSING",
    "BackupMonth",
    "Day",
    "Drilled",
    "History",
    "Taken",
    "month_of_backups",
]

BACKED_UP, MISSING, COMING, BEFORE = "backed_up", "missing", "coming", "before"
FRESH = timedelta(days=2)  # an older gap stays in the report, and keeps no later check from ending well
SAME_DRILL = timedelta(hours=6)  # a drill's own time, and that of its record


@dataclass(frozen=True)
class History:
    """What the ledger knows.

    Attributes:
        records: of backups, backups of files and drills that were started in the month, plain data, oldest first.
        begun: whether backups were taken before the month.
        older: whether a backup succeeded so long ago that the agreed time is covered since.
        files_begun: whether files were backed up before the month.
    """

    records: Sequence[Mapping[str, Any]]
    begun: bool
    older: bool
    files_begun: bool = False


@dataclass(frozen=True)
class Taken:
    """A backup that succeeded: its set, when, its sizes (bytes), and whether the repository still holds it."""

    label: str
    type: str
    at: datetime
    database_bytes: int
    repository_bytes: int
    kept: bool


@dataclass(frozen=True)
class Day:
    """One day of the month: what was taken, why attempts failed, and its state; and the state of the backups of files."""

    date: date
    state: str
    taken: tuple[Taken, ...] = ()
    failed: tuple[str, ...] = ()
    files: str = BEFORE


@dataclass(frozen=True)
class Drilled:
    """A drill of the month: when, which set, how it ended, why, and how long a restore takes by it (seconds, 0 where it did not come so far)."""

    at: datetime
    label: str
    outcome: str
    reason: str
    seconds: float


@dataclass(frozen=True)
class BackupMonth:
    """The month.

    Attributes:
        month: such as `2026-11`.
        days: all of it, in order; drills: of the month, oldest first.
        agreed_days: how long backups are to be kept; oldest_at: when the oldest full set that counts was taken; whole_from: from when on every time can
            be restored, None where it is not so.
        growth_bytes: of the database in a day, as the month's backups show it; None where one alone shows nothing.
        restore_seconds: how long a restore takes by the last good drill, at the present size; None without one.
    """

    month: str
    days: tuple[Day, ...]
    drills: tuple[Drilled, ...]
    agreed_days: int
    oldest_at: datetime | None
    whole_from: datetime | None
    growth_bytes: float | None
    restore_seconds: float | None
    findings: tuple[Finding, ...] = field(default_factory=tuple)

    @property
    def taken(self) -> tuple[Taken, ...]:
        """All backups of the month, oldest first."""
        return tuple(taken for day in self.days for taken in day.taken)

    def count(self, state: str) -> int:
        """Return how many days are in a state."""
        return sum(day.state == state for day in self.days)


def month_of_backups(month: str, zone: tzinfo, facts: Facts, history: History, agreed_days: int) -> BackupMonth:
    """Return a month of the site's backups.

    Args:
        month: such as `2026-11`, of the calendar of `zone`.
        agreed_days: the contract's retention.
    """
    taken = sorted(taken_of(month, zone, facts, history.records), key=lambda each: each.at)
    days = tuple(days_of(month, zone, facts.now, taken, history))
    proven = [backup for backup in facts.sets if backup.label in facts.proofs]
    oldest = min((moment(backup.stopped_at) for backup in proven if backup.type == "full"), default=None)
    found = []
    if history.older and (oldest is None or facts.now - oldest < timedelta(days=agreed_days)):
        found.append(Finding(WARNING, "retention_short", {"at": oldest or "-", "limit": agreed_days}))
    today = facts.now.astimezone(zone).date()
    if missing := [day.date for day in days if day.state == MISSING]:
        found.append(Finding(weight(missing, today), "days_missing", {"days": named(missing)}))
    if missing := [day.date for day in days if day.files == MISSING]:
        found.append(Finding(weight(missing, today), "files_days_missing", {"days": named(missing)}))
    return BackupMonth(
        month=month,
        days=days,
        drills=tuple(sorted(drills_of(month, zone, facts, history.records), key=lambda each: each.at)),
        agreed_days=agreed_days,
        oldest_at=oldest,
        whole_from=whole_from(facts),
        growth_bytes=growth(taken),
        restore_seconds=restore_estimate(facts),
        findings=tuple(found),
    )


def weight(missing: Sequence[date], today: date) -> str:
    """Return how much days without a backup weigh: only a fresh gap keeps the check from ending well."""
    return WARNING if today - missing[-1] <= FRESH else NOTICE


def named(days: Sequence[date]) -> str:
    """Return days as a text."""
    return ", ".join(f"{day:%m-%d}" for day in days)


def taken_of(month: str, zone: tzinfo, facts: Facts, records: Sequence[Mapping[str, Any]]) -> Iterator[Taken]:
    """Yield the backups that count: those of the ledger, and proven sets of which it does not know."""
    listed = {backup.label for backup in facts.sets}
    known = set()
    for record in records:
        figures = record["figures"]
        if (
            record["verb"] == "backup"
            and record["outcome"] == "success"
            and not record["rehearsal"]
            and "label" in figures
        ):
            known.add(figures["label"])
            sizes = (int(figures.get("database_bytes", 0)), int(figures.get("repository_bytes", 0)))
            yield Taken(
                figures["label"],
                str(figures.get("type", "")),
                moment(record["started_at"]),
                *sizes,
                figures["label"] in listed,
            )
    for backup in facts.sets:
        at = moment(backup.started_at)
        if backup.label in facts.proofs and backup.label not in known and f"{at.astimezone(zone):%Y-%m}" == month:
            yield Taken(backup.label, backup.type, at, backup.database_bytes, backup.repository_bytes, kept=True)


def days_of(month: str, zone: tzinfo, now: datetime, taken: Sequence[Taken], history: History) -> Iterator[Day]:
    """Yield the days of the month. A day before the first backup of a new site is none without a backup; today may still get one."""
    day = date.fromisoformat(f"{month}-01")
    today = now.astimezone(zone).date()
    of_files = {
        moment(record["started_at"]).astimezone(zone).date()
        for record in history.records
        if record["verb"] == "backup_files" and record["outcome"] == "success" and not record["rehearsal"]
    }
    first = date.min if history.begun else min((each.at.astimezone(zone).date() for each in taken), default=today)
    files_first = date.min if history.files_begun else min(of_files, default=today)
    while f"{day:%Y-%m}" == month:
        own = tuple(each for each in taken if each.at.astimezone(zone).date() == day)
        failed = tuple(failures(history.records, day, zone))
        files = state_of(day, today, files_first, day in of_files)
        yield Day(day, state_of(day, today, first, bool(own)), own, failed, files)
        day += timedelta(days=1)


def state_of(day: date, today: date, first: date, backed_up: bool) -> str:
    """Return the state of a day, where backups began on the first."""
    return BACKED_UP if backed_up else COMING if day >= today else BEFORE if day < first else MISSING


def failures(records: Sequence[Mapping[str, Any]], day: date, zone: tzinfo) -> Iterator[str]:
    """Yield why backups of a day did not succeed."""
    for record in records:
        if (
            record["verb"] in ("backup", "backup_files")
            and record["outcome"] not in ("success", None)
            and moment(record["started_at"]).astimezone(zone).date() == day
        ):
            yield f"{record['outcome']}: {record['reason']}"


def drills_of(month: str, zone: tzinfo, facts: Facts, records: Sequence[Mapping[str, Any]]) -> Iterator[Drilled]:
    """Yield the drills of the month: those of the ledger, and results of which it does not know."""
    known = []
    for record in records:
        figures = record["figures"]
        if record["verb"] == "drill" and record["outcome"] in ("success", "failed") and "backup" in figures:
            at, seconds = moment(record["started_at"]), float(figures.get("rto_seconds", 0))
            known.append((figures["backup"], at))
            yield Drilled(at, figures["backup"], record["outcome"], record["reason"], seconds)
    for drill in facts.drills.values():
        told = any(label == drill.label and abs(at - drill.drilled_at) < SAME_DRILL for label, at in known)
        if not told and f"{drill.drilled_at.astimezone(zone):%Y-%m}" == month:
            yield Drilled(drill.drilled_at, drill.label, drill.outcome, drill.reason, drill.seconds)


def whole_from(facts: Facts) -> datetime | None:
    """Return from when on every time can be restored, None where not even the newest set leads to the present."""
    begun = {backup.label: moment(backup.stopped_at) for backup in facts.sets}
    found = None
    for way in reversed(facts.continuity):
        if not way.whole or way.label not in facts.proofs:
            break
        found = begun[way.label]
    return found


def growth(taken: Sequence[Taken]) -> float | None:
    """Return by how many bytes the database grows in a day."""
    if not taken or taken[-1].at - taken[0].at < timedelta(days=1):
        return None
    days = (taken[-1].at - taken[0].at) / timedelta(days=1)
    return (taken[-1].database_bytes - taken[0].database_bytes) / days


def restore_estimate(facts: Facts) -> float | None:
    """Return how many seconds a restore takes, by the last good drill: in proportion to the size, since most of it is copying."""
    sizes = {backup.label: backup.database_bytes for backup in facts.sets} | {
        label: proof.database_bytes for label, proof in facts.proofs.items()
    }
    good = [
        drill
        for drill in facts.drills.values()
        if drill.outcome == SUCCESS and drill.seconds > 0 and sizes.get(drill.label)
    ]
    newest = newest_proven(facts)
    if not good or newest is None:
        return None
    last = max(good, key=lambda drill: drill.drilled_at)
    return last.seconds * max(1.0, newest.database_bytes / sizes[last.label])


def moment(text: str) -> datetime:
    """Return a time of a record or of the engine, aware, UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)
