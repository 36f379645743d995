"""A set, its stanza, its archive and what the database saw of it, for tests that judge backups."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.backup_canary import Observed
from ansible_collections.traumalink.ops.plugins.module_utils.backup_proof import Canary, Content, Proof, Table
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest_sets import Backup, Stanza
from ansible_collections.traumalink.ops.plugins.module_utils.wal import segment_name
from ansible_collections.traumalink.ops.plugins.module_utils.wal_archive import Archived, WalArchive

NOW = datetime(2026, 11, 25, 22, 10, tzinfo=UTC)
SYSTEM = 7711173079095454119


def label(at: datetime) -> str:
    """Return the label of a full set that was begun then."""
    return f"{at:%Y%m%d-%H%M%S}F"


def full(days_ago: float = 0, **changes: Any) -> Backup:
    """Return a full set that was begun so many days before NOW; its WAL is segments 5 to 6."""
    at = NOW - timedelta(days=days_ago)
    backup = Backup(
        label=label(at), type="full", prior=None, started_at=at.isoformat(), stopped_at=(at + timedelta(seconds=9)).isoformat(), seconds=9,
        lsn_start="0/5000028", lsn_stop="0/6000200", wal_start=segment_name(1, 5), wal_stop=segment_name(1, 6),
        database_bytes=1000, backup_bytes=1000, repository_bytes=100, checksum_errors=False,
    )  # fmt: skip
    return replace(backup, **changes)


def stanza(*backups: Backup, **changes: Any) -> Stanza:
    """Return a stanza with these sets."""
    whole = Stanza("lab", 0, "ok", SYSTEM, segment_name(1, 1), segment_name(1, 9), backups, "15-1")
    return replace(whole, **changes)


def archive(*numbers: int) -> WalArchive:
    """Return an archive with these segments of timeline 1."""
    names = [segment_name(1, number) for number in numbers]
    return WalArchive({name: Archived(name, 1000, NOW) for name in names})


def observed(**changes: Any) -> Observed:
    """Return what the database saw: a row too early, two beside the set, one after it in segment 7."""
    whole = Observed(
        system_id=SYSTEM, timeline=1, next_xid=4711,
        during=(Canary(1, "0/4FFFFF0"), Canary(2, "0/5000200"), Canary(3, "0/6000100")), after=Canary(4, "0/7000300"),
        content=(Content("trauma", "0/7000200", {"trauma.trauma_case": Table(3, "-99"), "trauma.event": Table(4, "7")}),), busy=(),
        proven_to=segment_name(1, 7), collations={"trauma": "2.36"}, extensions={"trauma/plpgsql": "1.0"},
    )  # fmt: skip
    return replace(whole, **changes)


def proof(days_ago: float, **changes: Any) -> Proof:
    """Return the proof of the full set of that day."""
    backup = full(days_ago)
    whole = Proof(
        label=backup.label, type="full", taken_at=NOW - timedelta(days=days_ago), system_id=SYSTEM, during=Canary(1, "0/2000000"),
        after=Canary(2, "0/3000000"), content=(), next_xid=1, timeline=1, wal_start=segment_name(1, 2), wal_stop=segment_name(1, 2),
        proven_to=segment_name(1, 3), database_bytes=1000, repository_bytes=100, repository_free_bytes=5000,
    )  # fmt: skip
    return replace(whole, **changes)


def proofs(*found: Proof) -> dict[str, Proof]:
    """Return proofs by label, oldest first."""
    return {entry.label: entry for entry in sorted(found, key=lambda entry: entry.label)}
