"""Reports severe cases to the (simulated) national register: `python3 -m trauma.registry_worker`.

A singleton: it works only while it holds a session advisory lock. When nothing is pending it only reads.
"""

from __future__ import annotations

import signal
import sys
import time
from types import FrameType

import psycopg2
from psycopg2.extras import execute_values

from trauma import database, settings
from trauma.case_rows import receipt_number
from trauma.registry import REPORT_AFTER_SECONDS, WORKER_LOCK

POLL_SECONDS = 0.25
BATCH = 200
PATIENCE_SECONDS = 10.0
RECONNECT_SECONDS = 1.0


def log(message: str) -> None:
    """One line for the journal."""
    print(f"registry-worker: {message}", file=sys.stderr, flush=True)


def take_lock(cursor: database.Cursor) -> bool:
    """Try to become the one live worker."""
    cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", WORKER_LOCK)
    return bool(cursor.fetchone()[0])


def report_batch(connection: database.Connection) -> int:
    """Report up to `BATCH` pending cases in one transaction; returns how many. Writes nothing when none is due."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.case_id, case_number FROM registry_report r JOIN trauma_case USING (case_id)"
            " WHERE status = 'pending' AND r.created_at <= now() - %s * interval '1 second'"
            " ORDER BY r.created_at LIMIT %s FOR UPDATE OF r SKIP LOCKED",
            (REPORT_AFTER_SECONDS, BATCH),
        )
        receipts = [(case_id, receipt_number(number)) for case_id, number in cursor.fetchall()]
        if receipts:
            execute_values(
                cursor,
                "UPDATE registry_report r SET status = 'reported', reported_at = now(), receipt_number = v.receipt"
                " FROM (VALUES %s) AS v (case_id, receipt) WHERE r.case_id = v.case_id",
                receipts,
                page_size=BATCH,
            )
    connection.commit()
    return len(receipts)


def work(connection: database.Connection) -> None:
    """Wait for the lock, then report for as long as the connection lives. Raises psycopg2's errors."""
    with database.patience(PATIENCE_SECONDS), connection.cursor() as cursor:
        # A worker whose host vanished gives up the lock soon: the server notices the dead connection.
        cursor.execute("SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3")
        connection.commit()
    waiting = False
    while True:
        with database.patience(PATIENCE_SECONDS), connection.cursor() as cursor:
            locked = take_lock(cursor)
            connection.commit()
        if locked:
            break
        if not waiting:
            log("another worker holds the lock; waiting")
            waiting = True
        time.sleep(POLL_SECONDS)
    log("holds the lock")
    while True:
        with database.patience(PATIENCE_SECONDS):
            reported = report_batch(connection)
        if reported:
            log(f"{reported} reported")
        if reported < BATCH:
            time.sleep(POLL_SECONDS)


def run(dsn: str, slot: str) -> None:
    """Work for ever; connect again whenever the database went away."""
    away = False
    while True:
        try:
            with database.patience(PATIENCE_SECONDS):
                connection = database.open_connection(dsn, f"trauma-registry-worker-{slot}")
            away = False
            try:
                work(connection)
            finally:
                connection.close()
        except (database.DatabaseAwayError, psycopg2.Error) as error:
            if not away:
                log(f"database away, trying again every {RECONNECT_SECONDS:g} s: {' '.join(str(error).split())}")
                away = True
            time.sleep(RECONNECT_SECONDS)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def main() -> int:
    """Entry point; ends at once on SIGTERM (an open batch is rolled back, and is reported by the next worker)."""
    signal.signal(signal.SIGTERM, _stop)
    database.use_deadlines()
    configuration = settings.from_environment()
    run(configuration.database_dsn, configuration.slot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
