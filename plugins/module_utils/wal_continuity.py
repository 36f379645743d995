# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the WAL leads on from each set of the repository: what is missing, and how far a restore of the set can come."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .backup_proof import Proof
from .pgbackrest_sets import Backup, Stanza
from .wal import timeline_of
from .wal_archive import ArchiveError, Gap, WalArchive

__all__ = ["Continuity", "continuity", "settled_continuity"]

SETTLE_SECONDS = 3.0  # segments are sent side by side, so a later one may be there a moment before an earlier one


@dataclass(frozen=True)
class Continuity:
    """The WAL from one set on.

    Attributes:
        label: of the set; first, wal_stop: its first segment, and the last that it needs.
        last: how far the archive goes on the way from it.
        gaps: what is missing between; problem: why no way can be computed, "" where there is one.
    """

    label: str
    first: str
    wal_stop: str
    last: str
    gaps: tuple[Gap, ...] = ()
    problem: str = ""

    def needs(self, gap: Gap) -> bool:
        """Tell whether the set itself cannot be restored for want of these segments."""
        return gap.first[8:] <= self.wal_stop[8:]  # positions; the timeline stands in front

    @property
    def whole(self) -> bool:
        """Whether nothing is missing."""
        return not self.gaps and not self.problem


def continuity(stanza: Stanza, archive: WalArchive, proofs: Mapping[str, Proof]) -> list[Continuity]:
    """Return how it stands with the WAL from each set on, in the order of the sets.

    A real restore follows the newest timeline; a set that was taken on one that was left before goes as far as its own. Sets of an earlier database, whose
    WAL lies elsewhere, are left out.
    """
    replaced = {label for label, proof in proofs.items() if stanza.system_id not in (None, proof.system_id)}
    own = [
        backup
        for backup in stanza.backups
        if backup.label not in replaced and backup.database_id in (None, stanza.database_id)
    ]
    return [way_of(backup, archive, proofs.get(backup.label)) for backup in own]


def way_of(backup: Backup, archive: WalArchive, proof: Proof | None) -> Continuity:
    """Return the WAL from one set on."""
    # What was there when the set was taken and is there no more is missing, and not merely the end.
    known = max(backup.wal_stop, proof.proven_to if proof else "", key=lambda name: name[8:])
    problem = ""
    for timeline in sorted({*map(timeline_of, archive.segments), timeline_of(known)}, reverse=True):
        last = archive.last_on(timeline) or known
        if timeline == timeline_of(known):
            last = max(last, known)
        try:
            gaps = archive.gaps(backup.wal_start, last)
        except ArchiveError as error:
            problem = problem or str(error)
            continue
        return Continuity(backup.label, backup.wal_start, backup.wal_stop, last, tuple(gaps))
    return Continuity(backup.label, backup.wal_start, backup.wal_stop, known, (), problem)


def settled_continuity(
    stanza: Stanza,
    look: Callable[[], WalArchive],
    proofs: Mapping[str, Proof],
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[WalArchive, list[Continuity]]:
    """Return the archive and the WAL from each set on, looking again where something seems to be missing.

    Raises:
        OpsError: what `look` raises.
    """
    archive = look()
    found = continuity(stanza, archive, proofs)
    if any(not way.whole for way in found):
        sleep(SETTLE_SECONDS)
        archive = look()
        found = continuity(stanza, archive, proofs)
    return archive, found
