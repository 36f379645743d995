# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drill sets out to do: which backup comes back, along which timeline, how far, and where it pauses to compare."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from .backup_proof import Content, Proof
from .errors import OpsError
from .pgbackrest import Backup, Stanza
from .wal import position, timeline_of
from .wal_archive import ArchiveError, Gap, WalArchive

__all__ = ["DrillPlan", "Pause", "PlanError", "chosen_set", "plan", "whole_archive"]

GIBIBYTE = 1024**3
# WAL that lies in the scratch instance while it replays: max_wal_size of drill_settings.py, and what is being fetched.
WAL_BYTES = GIBIBYTE
# Segments are archived side by side, so a listing may show one before the one before it. After so long it is missing.
ARCHIVING_SECONDS = 30.0
LOOK_AGAIN_SECONDS = 5.0


class PlanError(OpsError):
    """There is nothing to drill, or the way through the WAL is broken."""


@dataclass(frozen=True)
class Pause:
    """A position in the WAL at which replay stops, and the databases whose content is known there."""

    lsn: str
    contents: tuple[Content, ...]


@dataclass(frozen=True)
class DrillPlan:
    """One drill.

    Attributes:
        backup: the set that comes back.
        proof: what was seen when it was taken; None where nothing was kept.
        timeline: along which WAL is replayed; last: the last segment that is archived on it.
        checksums: SHA-1 of the archived segments, by name.
    """

    backup: Backup
    proof: Proof | None
    timeline: int
    last: str
    checksums: Mapping[str, str] = field(default_factory=dict)

    @property
    def pauses(self) -> tuple[Pause, ...]:
        """Where replay stops to compare, in the order of the WAL."""
        contents = self.proof.content if self.proof else ()
        positions = sorted({content.lsn for content in contents}, key=position)
        return tuple(Pause(lsn, tuple(each for each in contents if each.lsn == lsn)) for lsn in positions)

    @property
    def required_bytes(self) -> int:
        """Free space that the scratch instance needs: the database, a tenth of it more, and WAL."""
        return self.backup.database_bytes + self.backup.database_bytes // 10 + WAL_BYTES


def chosen_set(stanza: Stanza, label: str | None) -> Backup:
    """Return the set of that label, or the newest one.

    Raises:
        PlanError: there is none.
    """
    if label is None:
        if stanza.newest is None:
            raise PlanError(f"the repository holds no backup of {stanza.name}; take one with traumalink.ops.backup")
        return stanza.newest
    for backup in stanza.backups:
        if backup.label == label:
            return backup
    known = ", ".join(backup.label for backup in stanza.backups) or "none"
    raise PlanError(f"the repository holds no backup {label} of {stanza.name}; there is: {known}")


def plan(backup: Backup, archive: WalArchive, proof: Proof | None) -> DrillPlan:
    """Return how a set comes back to the end of the WAL.

    A real restore follows the newest timeline; where that did not come from the set, the newest one that did.

    Raises:
        PlanError: a segment on the way is missing, so that a restore would end before it without a word; or there is no way at all.
    """
    timelines = sorted({timeline_of(name) for name in archive.segments}, reverse=True)
    for timeline in timelines:
        try:
            archive.history(timeline)
        except ArchiveError as error:  # a restore would look for it too
            raise PlanError(f"{error}: nothing can be restored along it. Take a full backup now") from None
        last = max(name for name in archive.segments if timeline_of(name) == timeline)
        # What was in the archive when the backup was taken may be there no more: then it is missing, and not merely the end.
        known = max(backup.wal_stop, proof.proven_to if proof else "")
        if timeline == timeline_of(known):
            last = max(last, known)
        try:
            gaps = archive.gaps(backup.wal_start, last)
        except ArchiveError:
            continue
        if gaps:
            raise PlanError(broken(backup, gaps))
        checksums = {name: archived.sha1 for name, archived in archive.segments.items()}
        return DrillPlan(backup, proof, timeline, last, checksums)
    raise PlanError(
        f"WAL segment {backup.wal_start} is missing in the repository, and no way leads on from backup {backup.label}: it cannot be restored. "
        "Take a full backup now"
    )


def broken(backup: Backup, gaps: Sequence[Gap]) -> str:
    """Say which segments are missing, and what that costs."""
    missing = "; ".join(gap.words for gap in gaps[:3]) + ("; and more" if len(gaps) > 3 else "")
    if gaps[0].first[8:] <= backup.wal_stop[8:]:
        cost = f"backup {backup.label} needs it and cannot be restored"
    else:
        cost = f"a restore of backup {backup.label} ends before it, and what was committed later would be lost"
    return f"{missing} in the repository: {cost}. Take a full backup now, and find out who removed it"


def whole_archive(
    look: Callable[[], WalArchive], backup: Backup, proof: Proof | None, sleep: Callable[[float], None]
) -> DrillPlan:
    """Return the plan, looking at the archive again for a while where a segment seems to be missing.

    Raises:
        PlanError: it is still missing.
    """
    waited = 0.0
    while True:
        try:
            return plan(backup, look(), proof)
        except PlanError:
            if waited >= ARCHIVING_SECONDS:
                raise
        sleep(LOOK_AGAIN_SECONDS)
        waited += LOOK_AGAIN_SECONDS
