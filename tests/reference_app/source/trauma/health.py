"""Health of the functional modules: what each needs, asked of the database itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg2
from psycopg2 import sql

from trauma.database import Cursor, Database, DatabaseAwayError
from trauma.registry import OLDEST_PENDING_SECONDS, WORKER_LOCK

# Answers must come within 3 s, also when the database is away.
CHECK_SECONDS = 2.0


class UnhealthyError(Exception):
    """What keeps a module from working, in one sentence."""


@dataclass(frozen=True)
class Needs:
    """What a module cannot work without: relations it reads, tables it writes, and a check of its own."""

    reads: tuple[str, ...]
    writes: tuple[str, ...] = ()
    also: Callable[[Cursor], Mapping[str, Any]] = field(default=lambda _cursor: {})


def _registry(cursor: Cursor) -> Mapping[str, Any]:
    cursor.execute(
        "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = %s AND objid = %s"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())),"
        " (SELECT count(*) FROM registry_report WHERE status = 'pending'),"
        " (SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8"
        "  FROM registry_report WHERE status = 'pending')",
        WORKER_LOCK,
    )
    alive, pending, oldest_seconds = cursor.fetchone()
    if not alive:
        raise UnhealthyError("no registry worker holds its lock")
    if oldest_seconds > OLDEST_PENDING_SECONDS:
        raise UnhealthyError(f"{pending} reports pending, the oldest for {oldest_seconds:.0f} s")
    return {"worker": "alive", "pending": pending, "oldest_pending_seconds": round(oldest_seconds, 1)}


def _statistics(cursor: Cursor) -> Mapping[str, Any]:
    # Planned, with its privileges checked, but not computed: that would read every case.
    cursor.execute("SELECT * FROM workload_monthly LIMIT 0")
    return {"workload": "readable"}


MODULES: Mapping[str, Needs] = {
    "prehospital": Needs(
        reads=("trauma_case", "prehospital"),
        writes=("trauma_case", "prehospital", "triage", "injury", "treatment_step", "outcome", "registry_report"),
    ),
    "triage": Needs(reads=("trauma_case", "triage", "injury"), writes=("triage", "injury")),
    "treatment": Needs(reads=("treatment_step", "outcome"), writes=("treatment_step", "outcome")),
    "registry": Needs(reads=("registry_report",), writes=("registry_report",), also=_registry),
    "statistics": Needs(reads=("case_figures",), also=_statistics),
}


def _checks(cursor: Cursor, needs: Needs) -> dict[str, Any]:
    for relation in needs.reads:
        cursor.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(sql.Identifier(relation)))
    checks: dict[str, Any] = {"database": "reachable", "readable": list(needs.reads)}
    if needs.writes:
        cursor.execute("SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on'")
        if any(cursor.fetchone()):
            raise UnhealthyError("the database is read-only")
        cursor.execute(
            "SELECT array_agg(name) FROM unnest(%s) AS name WHERE NOT has_table_privilege(name, 'INSERT')",
            (list(needs.writes),),
        )
        (missing,) = cursor.fetchone()
        if missing:
            raise UnhealthyError("no privilege to write: " + ", ".join(missing))
        checks["writable"] = list(needs.writes)
    checks.update(needs.also(cursor))
    return checks


def check(database: Database, module: str) -> tuple[dict[str, Any], int]:
    """The answer of one module and its HTTP status: 200 healthy, 503 not. Takes at most about `CHECK_SECONDS`."""
    try:
        with database.transaction(CHECK_SECONDS) as cursor:
            return {"module": module, "status": "healthy", "checks": _checks(cursor, MODULES[module])}, 200
    except DatabaseAwayError as error:
        # The first line names host and cause; more would be of no use to a monitor.
        reason = "database away: " + (str(error).splitlines() or ["no answer"])[0]
    except UnhealthyError as error:
        reason = str(error)
    except psycopg2.Error as error:
        reason = "database refuses: " + (str(error).splitlines() or [type(error).__name__])[0]
    return {"module": module, "status": "unhealthy", "reason": reason}, 503
