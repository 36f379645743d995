# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a backup counts: judged by what the repository holds and what the database saw, never by a program's exit status."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from .backup_canary import Observed
from .backup_proof import Canary, Proof
from .pgbackrest_sets import STATUS_OK, Backup, Stanza
from .wal import position, segment_before
from .wal_archive import ArchiveError, Gap, WalArchive

__all__ = ["Evidence", "problems", "proof_of", "second_problems", "warnings"]

EXPECT = "if that is right, run again with -e backup_size_expected=true"


@dataclass(frozen=True)
class Evidence:
    """All that is known of a set that was just taken.

    Attributes:
        stanza, archive: what the repository holds now.
        label: of the set.
        observed: what the database saw.
        proofs: of earlier sets, by label.
        size_expected: whether a person has said that the set's size is right.
    """

    stanza: Stanza
    archive: WalArchive
    label: str
    observed: Observed
    proofs: Mapping[str, Proof]
    size_expected: bool = False

    @property
    def backup(self) -> Backup | None:
        """The set, where the repository lists it."""
        return next((backup for backup in self.stanza.backups if backup.label == self.label), None)

    @property
    def during(self) -> Canary | None:
        """A row that was committed while the set was copied."""
        backup = self.backup
        if backup is None:
            return None
        start, stop = position(backup.lsn_start), position(backup.lsn_stop)
        return next((row for row in self.observed.during if start < position(row.lsn) <= stop), None)

    def missing(self) -> list[Gap]:
        """Return what is missing of the WAL from the set's start to the last thing that was seen of it.

        Raises:
            ArchiveError: no way leads from the one to the other.
        """
        backup = self.backup
        return self.archive.gaps(backup.wal_start, self.last_segment) if backup else []

    @property
    def last_segment(self) -> str:
        """The last segment that must be in the archive."""
        after = segment_before(self.observed.after.lsn, self.observed.timeline)
        stop = self.backup.wal_stop if self.backup else after
        return max(stop, after, self.observed.proven_to)


def problems(evidence: Evidence) -> Iterator[str]:
    """Yield why the set does not count, each with what to do; nothing where it counts."""
    yield from set_problems(evidence)
    backup = evidence.backup
    if backup is None:
        return
    yield from canary_problems(evidence, backup)
    yield from wal_problems(evidence, backup)
    if not evidence.size_expected:
        yield from size_problems(evidence, backup)


def second_problems(evidence: Evidence) -> Iterator[str]:
    """Yield why the set that the second repository got does not count.

    Its rows are not looked for: they were committed while the set of the first repository was copied. Its WAL must reach to the last of them all the same.
    """
    yield from set_problems(evidence)
    if evidence.backup is not None:
        yield from wal_problems(evidence, evidence.backup)


def set_problems(evidence: Evidence) -> Iterator[str]:
    """Yield what is wrong with the set by what the repository says of it."""
    backup, stanza = evidence.backup, evidence.stanza
    if backup is None:
        yield f"the repository does not list backup {evidence.label}; look at its disk and at /var/log/pgbackrest, and run again"
        return
    if stanza.status != STATUS_OK:
        yield f"the repository says of itself: {stanza.message}; look at /var/log/pgbackrest"
    if stanza.system_id != evidence.observed.system_id:
        yield (
            f"backup {backup.label} is of the database {stanza.system_id}, but {evidence.observed.system_id} runs on the database host; see that "
            "inventory and pgbackrest.conf mean the same server"
        )
    if backup.checksum_errors:
        yield f"backup {backup.label} holds pages with wrong checksums: the database on disk is damaged; look at its disk now"


def canary_problems(evidence: Evidence, backup: Backup) -> Iterator[str]:
    """Yield where the rows lie otherwise than they must."""
    if evidence.during is None:
        yield (
            f"no row was committed between {backup.lsn_start} and {backup.lsn_stop}, while backup {backup.label} ran: the two hosts did not work side "
            "by side; run again"
        )
    if position(evidence.observed.after.lsn) < position(backup.lsn_stop):
        yield (
            f"the row after backup {backup.label} lies at {evidence.observed.after.lsn}, before its end {backup.lsn_stop}: another backup was seen; "
            "see that none runs beside this one, and run again"
        )


def wal_problems(evidence: Evidence, backup: Backup) -> Iterator[str]:
    """Yield what is missing of the WAL that the set and the rows need."""
    try:
        gaps = evidence.missing()
    except ArchiveError as error:
        yield f"{error}; backup {backup.label} was taken on another timeline than the database writes now. Take a full backup"
        return
    for gap in gaps:
        if gap.first <= backup.wal_stop:
            yield (
                f"{gap.words} in the repository, which backup {backup.label} needs ({backup.wal_start} to {backup.wal_stop}): it cannot be restored. "
                "See what removes files there, and take a full backup with -e backup_type=full"
            )
        else:
            yield (
                f"{gap.words} in the repository, which holds the rows after backup {backup.label}: WAL does not arrive, or was removed. See "
                "pg_stat_archiver on the database host, and run again"
            )


def size_problems(evidence: Evidence, backup: Backup) -> Iterator[str]:
    """Yield where the set's size cannot be right, against the last set that was proven."""
    earlier = [proof for proof in evidence.proofs.values() if proof.label < backup.label]
    if earlier and backup.database_bytes * 2 < earlier[-1].database_bytes:
        yield (
            f"backup {backup.label} is of {backup.database_bytes} bytes, less than half of {earlier[-1].label} before it ({earlier[-1].database_bytes} "
            f"bytes): data is gone, or the wrong directory was copied; {EXPECT}"
        )
    if backup.backup_bytes == 0:
        yield f"backup {backup.label} has copied nothing, although rows were committed since the set before it; {EXPECT}"


def warnings(evidence: Evidence) -> Iterator[str]:
    """Yield what does not spoil this set, and should be known."""
    backup, observed = evidence.backup, evidence.observed
    if backup is not None and backup.checksum_errors is None:
        yield "the database has no page checksums, so damaged pages are not noticed; switch them on with pg_checksums in a window"
    yield from observed.busy
    for content in observed.content:
        if content.left_out:
            yield f"{', '.join(content.left_out)} of {content.database} could not be read, so nothing is proven of them"
    earlier = [proof for proof in evidence.proofs.values() if proof.label < evidence.label]
    if backup is not None and earlier and earlier[-1].system_id == observed.system_id:
        try:
            gaps = evidence.archive.gaps(earlier[-1].wal_start, backup.wal_start)
        except ArchiveError:
            return  # a restore has begun another timeline since
        for gap in gaps:
            yield (
                f"{gap.words} in the repository, between backups {earlier[-1].label} and {backup.label}: no restore can reach a time between that gap "
                "and the newer one"
            )


def proof_of(evidence: Evidence, now: datetime, repository_free_bytes: int) -> Proof:
    """Return the proof of a set in which there are no problems."""
    backup, observed, during = evidence.backup, evidence.observed, evidence.during
    if backup is None or during is None:
        raise ValueError(f"nothing is proven of {evidence.label}")
    return Proof(
        label=backup.label,
        type=backup.type,
        taken_at=now,
        system_id=observed.system_id,
        during=during,
        after=observed.after,
        content=observed.content,
        next_xid=observed.next_xid,
        timeline=observed.timeline,
        wal_start=backup.wal_start,
        wal_stop=backup.wal_stop,
        proven_to=evidence.last_segment,
        database_bytes=backup.database_bytes,
        repository_bytes=backup.repository_bytes,
        repository_free_bytes=repository_free_bytes,
        collations=observed.collations,
        extensions=observed.extensions,
    )
