# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How it stands with the backups of a site, judged without looking: what is silent, late, missing or about to end becomes a finding.

The engine's own commands stay green when backups have stopped coming. So what counts is how old the last good thing is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .backup_proof import Proof
from .drill_result import SUCCESS, DrillResult, standing
from .file_proof import FileDrill, FileProof
from .finding import CRITICAL, NOTICE, SEVERITIES, WARNING, Finding
from .pgbackrest_sets import Backup
from .second_repository import SecondState
from .wal_continuity import Continuity

__all__ = [
    "Certificate",
    "Facts",
    "Limits",
    "VaultState",
    "findings",
    "newest_proven",
]

VAULT_SILENCE = timedelta(minutes=30)  # its timer runs every minute
CERTIFICATE_CRITICAL = timedelta(days=7)
FREE_CRITICAL = 0.03  # of the file system
FULL_CRITICAL_DAYS = 3.0


@dataclass(frozen=True)
class Certificate:
    """A certificate: whose it is, when it ends (None where it could not be read), and why it could not be read or is refused."""

    name: str
    ends_at: datetime | None
    problem: str = ""


@dataclass(frozen=True)
class VaultState:
    """How the last run into the vault ended: when, and what was wrong."""

    at: datetime | None
    problem: str


@dataclass(frozen=True)
class Limits:
    """What is agreed.

    Attributes:
        success: how old the last backup that counts may be; archive: how old the last archived WAL; drill: the last good drill.
        certificate: how long a certificate must still be valid.
        free: part of the repository's file system that must be free; full_days: for how many days there must be room.
        vault: whether there is to be a second copy; second: whether there is to be a second repository.
        file_hosts: hosts whose files are to be backed up, as often and as often drilled as the database.
    """

    success: timedelta = timedelta(hours=30)  # a day, and the six hours for which a backup may wait for others
    archive: timedelta = timedelta(minutes=15)
    drill: timedelta = timedelta(days=31)
    certificate: timedelta = timedelta(days=30)
    free: float = 0.1
    full_days: float = 14.0
    vault: bool = False
    second: bool = False
    file_hosts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Facts:
    """What was seen.

    Attributes:
        problem: why the repository cannot be read, or what it says of itself; "" where it is well.
        system_id: of the database that the repository is for now.
        sets: that the repository lists, oldest first; proofs, drills: by label.
        continuity: of the WAL from each set on.
        archived_at: when the newest segment came in; archive_problem: what was said when one was asked for.
        damaged: files of the repository that are not what they were, where that was looked at; vault_damaged: of the second copy.
        file_proofs, file_drills: of files beside the database, by host.
        free_bytes, total_bytes: of the repository's file system; days_until_full: None where it does not fill, or nobody can tell.
        vault, second: how it stands with the second copy and the second repository; None where there is to be none.
    """

    now: datetime
    problem: str = ""
    system_id: int | None = None
    sets: tuple[Backup, ...] = ()
    proofs: Mapping[str, Proof] = field(default_factory=dict)
    drills: Mapping[str, DrillResult] = field(default_factory=dict)
    continuity: tuple[Continuity, ...] = ()
    archived_at: datetime | None = None
    archive_problem: str = ""
    damaged: tuple[str, ...] = ()
    vault_damaged: tuple[str, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    file_proofs: Mapping[str, FileProof] = field(default_factory=dict)
    file_drills: Mapping[str, FileDrill] = field(default_factory=dict)
    free_bytes: int = 0
    total_bytes: int = 0
    days_until_full: float | None = None
    vault: VaultState | None = None
    second: SecondState | None = None


def newest_proven(facts: Facts) -> Proof | None:
    """Return the proof of the newest set that is there and counts: of the database that runs now."""
    listed = {backup.label for backup in facts.sets}
    counting = [
        entry for label, entry in facts.proofs.items() if label in listed and facts.system_id in (None, entry.system_id)
    ]
    return max(counting, key=lambda entry: entry.taken_at, default=None)


def findings(facts: Facts, limits: Limits) -> list[Finding]:
    """Return what is to be said, the gravest first."""
    found = [
        *repository(facts), *backups(facts, limits), *wal(facts, limits), *drills(facts, limits), *room(facts, limits),
        *certificates(facts, limits), *vault(facts, limits), *second(facts, limits), *files(facts, limits),
    ]  # fmt: skip
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))


def repository(facts: Facts) -> Iterator[Finding]:
    """Yield what the repository says of itself, and which of its files are damaged."""
    if facts.problem:
        yield Finding(CRITICAL, "repository", {"problem": facts.problem})
    if facts.damaged:
        yield Finding(CRITICAL, "damaged", {"files": ", ".join(facts.damaged)})


def backups(facts: Facts, limits: Limits) -> Iterator[Finding]:
    """Yield that the last backup is too long ago, and which sets nothing is proven of."""
    newest = newest_proven(facts)
    if newest is None:
        if not facts.problem:
            yield Finding(CRITICAL, "no_backup")
    elif facts.now - newest.taken_at > limits.success:
        age = hours(facts.now - newest.taken_at)
        yield Finding(
            CRITICAL,
            "backup_late",
            {"label": newest.label, "at": newest.taken_at, "hours": age, "limit": hours(limits.success)},
        )
    unproven = [backup.label for backup in facts.sets if backup.label not in facts.proofs]
    if unproven:
        # One that failed is out of the way once a later one was proven.
        severity = WARNING if facts.sets[-1].label in unproven else NOTICE
        yield Finding(severity, "unproven", {"labels": ", ".join(unproven)})


def wal(facts: Facts, limits: Limits) -> Iterator[Finding]:
    """Yield that WAL does not arrive, and which segments are missing."""
    if facts.archived_at is not None and facts.now - facts.archived_at > limits.archive:
        minutes = int((facts.now - facts.archived_at) / timedelta(minutes=1))
        said = {"at": facts.archived_at, "minutes": minutes, "limit": int(limits.archive / timedelta(minutes=1))}
        yield Finding(CRITICAL, "wal_late", {**said, "problem": facts.archive_problem or "-"})
    newest = facts.continuity[-1] if facts.continuity else None
    told = set()
    for way in facts.continuity:
        if way.problem:
            yield Finding(
                CRITICAL if way is newest else WARNING, "no_way", {"label": way.label, "problem": way.problem}
            )
        for gap in way.gaps:
            if way.needs(gap):
                yield Finding(CRITICAL, "set_broken", {"label": way.label, "gap": gap.span})
                told.add(gap)
    for way in reversed(facts.continuity):
        for gap in way.gaps:
            if gap not in told:
                told.add(gap)
                yield Finding(CRITICAL if way is newest else WARNING, "wal_gap", {"label": way.label, "gap": gap.span})


def drills(facts: Facts, limits: Limits) -> Iterator[Finding]:
    """Yield that the last drill failed, or is too long ago."""
    stand = standing(facts.drills, facts.now, limits.drill)
    success, failure = stand.last_success, stand.last_failure
    if failure and (success is None or failure.drilled_at > success.drilled_at):
        yield Finding(
            CRITICAL, "drill_failed", {"label": failure.label, "at": failure.drilled_at, "reason": failure.reason}
        )
    elif success is None:
        yield Finding(WARNING, "no_drill")
    elif facts.now - success.drilled_at > limits.drill:
        age = (facts.now - success.drilled_at).days
        yield Finding(
            WARNING,
            "drill_late",
            {"label": success.label, "at": success.drilled_at, "days": age, "limit": limits.drill.days},
        )


def room(facts: Facts, limits: Limits) -> Iterator[Finding]:
    """Yield that the repository is full, or soon will be."""
    days = facts.days_until_full
    part = facts.free_bytes / facts.total_bytes if facts.total_bytes else 1.0
    if part >= limits.free and (days is None or days >= limits.full_days):
        return
    critical = part < FREE_CRITICAL or (days is not None and days < FULL_CRITICAL_DAYS)
    said = {"bytes": facts.free_bytes, "percent": round(part * 100), "days": "-" if days is None else days}
    yield Finding(CRITICAL if critical else WARNING, "room", said)


def certificates(facts: Facts, limits: Limits) -> Iterator[Finding]:
    """Yield which certificates end soon, have ended, or are refused."""
    for certificate in facts.certificates:
        if certificate.ends_at is None:
            yield Finding(WARNING, "certificate_unread", {"name": certificate.name, "problem": certificate.problem})
        elif certificate.ends_at - facts.now < limits.certificate:
            left = certificate.ends_at - facts.now
            severity = CRITICAL if left < CERTIFICATE_CRITICAL else WARNING
            yield Finding(
                severity, "certificate_ends", {"name": certificate.name, "at": certificate.ends_at, "days": left.days}
            )


def vault(facts: Facts, limits: Limits) -> Iterator[Finding]:
    """Yield that there is no second copy, that it is not kept up, and which of its files are damaged."""
    if facts.vault_damaged:
        yield Finding(WARNING, "vault_damaged", {"files": ", ".join(facts.vault_damaged)})
    if not limits.vault:
        if not limits.second:
            yield Finding(NOTICE, "no_vault")
    elif facts.vault is None or facts.vault.at is None:
        yield Finding(WARNING, "vault_silent", {"at": "-"})
    elif facts.vault.problem:
        yield Finding(WARNING, "vault", {"problem": facts.vault.problem})
    elif facts.now - facts.vault.at > VAULT_SILENCE:
        yield Finding(WARNING, "vault_silent", {"at": facts.vault.at})


def second(facts: Facts, limits: Limits) -> Iterator[Finding]:
    """Yield that the second repository is not well, that its last set is too long ago, or that WAL does not come into it."""
    state = facts.second
    if not limits.second or state is None:
        return
    if state.problem:
        yield Finding(WARNING, "second", {"problem": state.problem})
    if state.verified_at is None or facts.now - state.verified_at > limits.success:
        said = {"label": state.label or "-", "at": state.verified_at or "-", "limit": hours(limits.success)}
        yield Finding(WARNING, "second_late", said)
    if state.behind_since is not None and facts.now - state.behind_since > limits.archive:
        minutes = int((facts.now - state.behind_since) / timedelta(minutes=1))
        lag = {"at": state.behind_since, "minutes": minutes, "limit": int(limits.archive / timedelta(minutes=1))}
        yield Finding(WARNING, "second_wal_late", lag)


def files(facts: Facts, limits: Limits) -> Iterator[Finding]:
    """Yield of which hosts files were not backed up, or did not come back in a drill, as is agreed."""
    for host in limits.file_hosts:
        proof, drill = facts.file_proofs.get(host), facts.file_drills.get(host)
        if proof is None:
            yield Finding(CRITICAL, "files_none", {"host": host})
            continue
        if facts.now - proof.taken_at > limits.success:
            age = hours(facts.now - proof.taken_at)
            said = {"host": host, "at": proof.taken_at, "hours": age, "limit": hours(limits.success)}
            yield Finding(CRITICAL, "files_late", said)
        if drill is not None and drill.outcome != SUCCESS:
            yield Finding(
                CRITICAL, "files_drill_failed", {"host": host, "at": drill.drilled_at, "reason": drill.reason}
            )
        elif drill is None or facts.now - drill.drilled_at > limits.drill:
            at = drill.drilled_at if drill else "-"
            yield Finding(WARNING, "files_drill_late", {"host": host, "at": at, "limit": limits.drill.days})


def hours(span: timedelta) -> int:
    """Return a time span in whole hours."""
    return int(span / timedelta(hours=1))
