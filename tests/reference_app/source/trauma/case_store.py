"""Cases in the database: written as whole documents, read back as JSON."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from psycopg2 import sql
from psycopg2.extras import execute_values

from trauma import validation
from trauma.case_document import CaseDocument
from trauma.case_rows import TABLES, Row, case_number, case_rows, step_row
from trauma.database import Cursor


def insert_rows(cursor: Cursor, table: str, rows: list[Row]) -> None:
    """Insert rows of one of `TABLES`."""
    if rows:
        columns = sql.SQL(", ").join(map(sql.Identifier, TABLES[table]))
        statement = sql.SQL("INSERT INTO {} ({}) VALUES %s").format(sql.Identifier(table), columns)
        execute_values(cursor, statement, rows)


def create_case(cursor: Cursor, document: CaseDocument) -> tuple[int, str]:
    """Insert a valid document; a severe case gets its pending registry report. Returns (case id, case number)."""
    cursor.execute("SELECT nextval('trauma_case_case_id_seq'), clock_timestamp()::text")
    case_id, now = cursor.fetchone()
    for table, rows in case_rows(document, case_id, now).items():
        insert_rows(cursor, table, rows)
    return case_id, case_number(case_id, document["call_at"])


def add_treatment_step(cursor: Cursor, number: str, raw: object) -> int | None:
    """Validate and add a step; returns its number in the case, None when there is no such case.

    Raises `validation.InvalidDocumentError`.
    """
    # The case's row is locked, so that two steps at once get different numbers.
    cursor.execute(
        "SELECT case_id, arrived_at FROM trauma_case JOIN triage USING (case_id) WHERE case_number = %s"
        " FOR UPDATE OF trauma_case",
        (number,),
    )
    found = cursor.fetchone()
    if found is None:
        return None
    case_id, arrived_at = found
    step = validation.treatment_step(raw, arrived_at)
    cursor.execute("SELECT coalesce(max(step_number), 0) + 1 FROM treatment_step WHERE case_id = %s", (case_id,))
    step_number = int(cursor.fetchone()[0])
    insert_rows(cursor, "treatment_step", [step_row(case_id, step_number, step)])
    return step_number


def _records(cursor: Cursor) -> list[dict[str, Any]]:
    names = [column.name for column in cursor.description]
    return [dict(zip(names, map(to_json, row), strict=True)) for row in cursor.fetchall()]


def to_json(value: Any) -> Any:
    """A database value as JSON has it: times as ISO 8601, decimals as numbers."""
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if value is None or isinstance(value, (str, int, bool)):
        return value
    return float(value)


def read_case(cursor: Cursor, number: str) -> dict[str, Any] | None:
    """All rows of a case, by table; None when there is no such case."""
    cursor.execute("SELECT * FROM trauma_case WHERE case_number = %s", (number,))
    found = _records(cursor)
    if not found:
        return None
    case: dict[str, Any] = found[0]
    for table in ("prehospital", "triage", "outcome", "registry_report"):
        cursor.execute(sql.SQL("SELECT * FROM {} WHERE case_id = %s").format(sql.Identifier(table)), (case["case_id"],))
        case[table] = next((_without_key(record) for record in _records(cursor)), None)
    for table, key, order in (
        ("injury", "injuries", "injury_number"),
        ("treatment_step", "treatment_steps", "step_number"),
    ):
        cursor.execute(
            sql.SQL("SELECT * FROM {} WHERE case_id = %s ORDER BY {}").format(
                sql.Identifier(table), sql.Identifier(order)
            ),
            (case["case_id"],),
        )
        case[key] = [_without_key(record) for record in _records(cursor)]
    return case


def _without_key(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "case_id"}


def list_cases(cursor: Cursor, begin: date, end: date, limit: int) -> list[dict[str, Any]]:
    """Cases called on the days from `begin` to `end`, both included, newest first, without patient identity."""
    cursor.execute(
        "SELECT case_number, case_id, call_at, injury_mechanism, triage_level, iss, outcome, registry_status"
        " FROM case_figures WHERE call_at >= %s::date AND call_at < %s::date + 1"
        " ORDER BY call_at DESC, case_id DESC LIMIT %s",
        (begin, end, limit),
    )
    return _records(cursor)


def registry_reports(cursor: Cursor, status: str | None, limit: int) -> list[dict[str, Any]]:
    """Newest registry reports, all or of one status."""
    cursor.execute(
        "SELECT case_number, status, r.created_at, reported_at, receipt_number"
        " FROM registry_report r JOIN trauma_case USING (case_id) WHERE %s::text IS NULL OR status = %s"
        " ORDER BY case_id DESC LIMIT %s",
        (status, status, limit),
    )
    return _records(cursor)


def workload(cursor: Cursor, begin: date, end: date) -> list[dict[str, Any]]:
    """Workload of each month that overlaps the days from `begin` to `end` (clause 2.6)."""
    cursor.execute(
        "SELECT * FROM workload_monthly"
        " WHERE month BETWEEN date_trunc('month', %s::date)::date AND %s::date ORDER BY month",
        (begin, end),
    )
    return _records(cursor)


def figures_of_today(cursor: Cursor) -> dict[str, int]:
    """Today's figures for the start page: entered cases, calls, severe cases, reports pending and sent."""
    cursor.execute(
        "SELECT (SELECT count(*) FROM trauma_case WHERE created_at >= current_date) AS entered,"
        " (SELECT count(*) FROM trauma_case WHERE call_at >= current_date) AS calls,"
        " (SELECT count(*) FROM registry_report WHERE created_at >= current_date) AS severe,"
        " (SELECT count(*) FROM registry_report WHERE status = 'pending') AS pending,"
        " (SELECT count(*) FROM registry_report WHERE reported_at >= current_date) AS reported"
    )
    return {name: int(value) for name, value in _records(cursor)[0].items()}


def triage_levels(cursor: Cursor, begin: date, end: date) -> list[dict[str, Any]]:
    """Number of cases of each triage level called on the days from `begin` to `end`, both included."""
    cursor.execute(
        "SELECT level, count(*) AS cases, round(avg(rts), 4) AS mean_rts FROM trauma_case JOIN triage USING (case_id)"
        " WHERE call_at >= %s::date AND call_at < %s::date + 1 GROUP BY level ORDER BY level",
        (begin, end),
    )
    return _records(cursor)
