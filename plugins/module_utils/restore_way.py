# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways that lead on from a backup set through the archived WAL: one for each timeline that came from it, with what is missing on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .backup_proof import Proof
from .pgbackrest_sets import Backup, Stanza
from .wal import SEGMENT_BYTES, position, segment_name, segment_number, timeline_of
from .wal_archive import Archived, ArchiveError, Gap, History, WalArchive

__all__ = ["Way", "own_sets", "ways_from"]


@dataclass(frozen=True)
class Way:
    """The WAL from a set to the end of a timeline.

    Attributes:
        history: of the timeline that a restore is told to follow.
        last: the last segment on it that is archived, or was seen to be.
        gaps: what is missing, in order.
    """

    backup: Backup
    archive: WalArchive
    history: History
    last: str
    gaps: tuple[Gap, ...]

    @property
    def timeline(self) -> int:
        """The timeline's number."""
        return self.history.timeline

    @property
    def begin(self) -> int:
        """The number of the segment in which the set is complete: what a restore can stop at lies there or behind."""
        return segment_number(self.backup.wal_stop)

    @property
    def end(self) -> int:
        """The number of the last segment."""
        return segment_number(self.last)

    @property
    def broken(self) -> Gap | None:
        """What the set itself needs and is missing: it cannot be restored."""
        return next((gap for gap in self.gaps if segment_number(gap.first) <= self.begin), None)

    def name(self, number: int) -> str:
        """Return the name of the segment of that number on the way."""
        return segment_name(self.history.timeline_at(number), number)

    def held(self, number: int) -> Archived | None:
        """Return the segment of that number, None where it is not in the archive."""
        return self.archive.segments.get(self.name(number))

    def gap_before(self, lsn: int) -> Gap | None:
        """Return the first gap that a replay meets on its way to a position."""
        return next((gap for gap in self.gaps if segment_number(gap.first) <= lsn // SEGMENT_BYTES), None)

    def reach(self, number: int) -> int:
        """Return the number of the last segment that a replay comes to on its way to the segment of that number."""
        gap = self.gap_before(number * SEGMENT_BYTES)
        return segment_number(gap.first) - 1 if gap else number


def own_sets(stanza: Stanza, proofs: Mapping[str, Proof]) -> list[Backup]:
    """Return the sets of the stanza's newest database, oldest first; the WAL of an earlier database lies elsewhere."""
    replaced = {label for label, proof in proofs.items() if stanza.system_id not in (None, proof.system_id)}
    return [
        backup
        for backup in stanza.backups
        if backup.label not in replaced and backup.database_id in (None, stanza.database_id)
    ]


def ways_from(backup: Backup, archive: WalArchive, proof: Proof | None) -> list[Way]:
    """Return the way along each timeline that came from the set, the newest timeline first.

    A timeline whose history is missing leads nowhere, since a restore asks for it too.
    """
    own = timeline_of(backup.wal_stop)
    known = [name for name in (backup.wal_stop, proof.proven_to if proof else "") if name[:8] == backup.wal_stop[:8]]
    ways = []
    for timeline in sorted({own, *map(timeline_of, archive.segments)}, reverse=True):
        try:
            history = archive.history(timeline)
        except ArchiveError:
            continue
        if timeline != own and not leaves_behind(history, own, position(backup.lsn_stop)):
            continue
        # What was in the archive when the set was taken may be there no more: then it is missing, and not merely the end.
        ends = [archive.last_on(timeline) or "", *(known if timeline == own else [])]
        last = max(ends, key=lambda name: name[8:])
        ways.append(Way(backup, archive, history, last, tuple(missing(backup, archive, history, last))))
    return ways


def leaves_behind(history: History, timeline: int, lsn: int) -> bool:
    """Tell whether a timeline came from another one after a position."""
    return any(ancestor == timeline and left >= lsn for ancestor, left in history.ancestors)


def missing(backup: Backup, archive: WalArchive, history: History, last: str) -> Sequence[Gap]:
    """Return what is missing from the set's first segment to the last one."""
    return archive.gaps(backup.wal_start, last) if last else []
