"""Count and checksum of every table, in one snapshot: `python3 -m trauma.table_sums`. Needs nothing but psycopg2.

The checksum of a table adds up a 64-bit hash of each row, so it does not depend on the order of rows and is additive:
the sum without some cases is the full sum less the sum of those cases (`--case-ids-file`).

With `--exact-seconds N` the snapshot is taken anew, for up to N seconds, until no transaction was in progress and no
WAL was written around it: then "lsn" is exactly the point in the WAL at which the database held these rows.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql

SCHEMA = "trauma"
# A row's text depends on these: fixed, so that sums taken by different roles and hosts can be compared.
ROW_TEXT_SETTINGS = {
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "intervalstyle": "iso_8601",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "xmloption": "content",
    "lc_monetary": "C",
    "search_path": "pg_catalog",
    "row_security": "off",
    "statement_timeout": "0",
}
_ROW_HASH = sql.SQL("hashtextextended(t::text, 0)::numeric")
_POSITION = "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END"

_SNAPSHOT = (
    "SELECT pg_snapshot_xmin(s)::text, pg_snapshot_xmax(s)::text,"
    " CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END,"
    " clock_timestamp()::text FROM pg_current_snapshot() AS s"
)


class NotQuietError(Exception):
    """No moment without transactions in progress was found in time."""


def _one(cursor: Any, statement: Any, values: Sequence[object] = ()) -> tuple[Any, ...]:
    cursor.execute(statement, values)
    row: tuple[Any, ...] = cursor.fetchone()
    return row


def take_snapshot(cursor: Any, exact_seconds: float | None) -> dict[str, Any]:
    """Open the transaction whose snapshot everything is read in; returns what is known of that snapshot.

    Raises `NotQuietError` when `exact_seconds` are over without an exact one.
    """
    deadline = time.monotonic() + (exact_seconds or 0)
    while True:
        (before,) = _one(cursor, _POSITION)
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        xmin, xmax, after, taken_at = _one(
            cursor,
            _SNAPSHOT,
        )
        exact = before == after and xmin == xmax
        if exact or exact_seconds is None:
            return {"lsn": after, "exact": exact, "snapshot_xmin": xmin, "snapshot_xmax": xmax, "taken_at": taken_at}
        cursor.execute("ROLLBACK")
        if time.monotonic() > deadline:
            raise NotQuietError(f"transactions were in progress at every look for {exact_seconds:g} s")
        time.sleep(0.02)


def table_names(cursor: Any) -> list[str]:
    """The tables of the schema, by name."""
    cursor.execute("SELECT tablename::text FROM pg_tables WHERE schemaname = %s ORDER BY 1", (SCHEMA,))
    return [name for (name,) in cursor.fetchall()]


def sums(cursor: Any, tables: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Rows and checksum of each table."""
    result = {}
    for table in tables:
        statement = sql.SQL("SELECT count(*), coalesce(sum({}), 0)::text FROM {} t")
        rows, total = _one(cursor, statement.format(_ROW_HASH, sql.Identifier(SCHEMA, table)))
        result[table] = {"rows": rows, "sum": total}
    return result


def sums_of_cases(cursor: Any, tables: Sequence[str], case_ids: Sequence[int]) -> dict[int, dict[str, dict[str, Any]]]:
    """What each of the given cases adds to each table's rows and checksum; a case that is not there adds nothing."""
    result: dict[int, dict[str, dict[str, Any]]] = {case_id: {} for case_id in case_ids}
    for table in tables:
        statement = sql.SQL("SELECT case_id, count(*), sum({})::text FROM {} t WHERE case_id = ANY (%s) GROUP BY 1")
        cursor.execute(statement.format(_ROW_HASH, sql.Identifier(SCHEMA, table)), (list(case_ids),))
        for case_id, rows, total in cursor.fetchall():
            result[case_id][table] = {"rows": rows, "sum": total}
    return result


def measure(dsn: str, case_ids: Sequence[int] | None, exact_seconds: float | None) -> dict[str, Any]:
    """The whole answer. Raises psycopg2's errors and `NotQuietError`."""
    connection = psycopg2.connect(dsn, application_name="trauma-table-sums", connect_timeout=10)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for name, value in ROW_TEXT_SETTINGS.items():
                cursor.execute("SELECT set_config(%s, %s, false)", (name, value))
            answer = take_snapshot(cursor, exact_seconds)
            (has_version,) = _one(cursor, "SELECT to_regclass('public.alembic_version') IS NOT NULL")
            if has_version:
                readable = "SELECT has_table_privilege('public.alembic_version', 'SELECT')"
                if _one(cursor, readable)[0]:
                    (answer["schema_version"],) = _one(cursor, "SELECT max(version_num) FROM public.alembic_version")
            tables = table_names(cursor)
            answer["tables"] = sums(cursor, tables)
            if case_ids is not None:
                answer["of_cases"] = sums_of_cases(cursor, tables, case_ids)
            cursor.execute("COMMIT")
        return answer
    finally:
        connection.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="trauma.table_sums", description="Count and checksum of every table")
    parser.add_argument("--dsn", default=os.environ.get("DATABASE_DSN", ""), help="default: DATABASE_DSN")
    parser.add_argument(
        "--case-ids-file", type=Path, help="also what each of these cases adds: ids, parted by white space"
    )
    parser.add_argument("--exact-seconds", type=float, help="try this long for a snapshot at an exact LSN")
    options = parser.parse_args(arguments)
    case_ids = None
    try:
        if options.case_ids_file:
            case_ids = [int(word) for word in options.case_ids_file.read_text(encoding="ascii").split()]
        print(json.dumps(measure(options.dsn, case_ids, options.exact_seconds)))
        return 0
    except (NotQuietError, OSError, ValueError, psycopg2.Error) as error:
        print(f"table sums: {str(error).strip()}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
