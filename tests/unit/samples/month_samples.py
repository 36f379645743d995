"""A month of backups of a site, as the ledger and the repository tell it, for tests of the report."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ansible_collections.traumalink.ops.plugins.module_utils.backup_status import Facts, VaultState
from ansible_collections.traumalink.ops.plugins.module_utils.drill_result import DrillResult
from ansible_collections.traumalink.ops.plugins.module_utils.wal_continuity import continuity
from backup_samples import NOW, SYSTEM, archive, full, proof, proofs, stanza

ZONE = ZoneInfo("Asia/Shanghai")  # where NOW is 06:10 of the 26th
SETS = (full(8, database_bytes=2000), full(1, database_bytes=3000))
PROOFS = proofs(proof(8, database_bytes=2000), proof(1, database_bytes=3000))


def record(days_ago: float, verb: str = "backup", outcome: str = "success", **changes: Any) -> dict[str, Any]:
    """Return a record of the ledger."""
    figures: dict[str, Any] = {
        "label": full(days_ago).label, "type": "full", "database_bytes": 3000 - int(days_ago * 100), "repository_bytes": 100,
    }  # fmt: skip
    started = (NOW - timedelta(days=days_ago)).isoformat()
    return {
        "verb": verb,
        "outcome": outcome,
        "rehearsal": False,
        "started_at": started,
        "reason": "",
        "figures": figures,
        **changes,
    }


def drill_record(days_ago: float, outcome: str = "success", **changes: Any) -> dict[str, Any]:
    """Return a record of a drill of the set of eight days ago."""
    return record(days_ago, "drill", outcome, figures={"backup": full(8).label, "rto_seconds": 60.0}, **changes)


FACTS = Facts(
    now=NOW,
    system_id=SYSTEM,
    sets=SETS,
    proofs=PROOFS,
    drills={full(8).label: DrillResult(full(8).label, NOW - timedelta(days=7), "success", "", 60.0)},
    continuity=tuple(continuity(stanza(*SETS), archive(*range(2, 9)), PROOFS)),
    archived_at=NOW - timedelta(minutes=1),
    free_bytes=5 * 1024**3,
    total_bytes=10 * 1024**3,
    vault=VaultState(NOW, ""),
)
