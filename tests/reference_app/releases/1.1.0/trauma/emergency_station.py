"""The emergency station (急救站) that sent the ambulance: an optional field of the case document since 1.1.0."""

from __future__ import annotations

from datetime import date
from typing import Any

from trauma.case_store import to_json
from trauma.database import Cursor
from trauma.validation import InvalidDocumentError, Problem

FIELD = "emergency_station"
LONGEST = 100


def of_text(value: object) -> str:
    """A station's name. Raises `InvalidDocumentError`."""
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST:
        raise InvalidDocumentError(
            [Problem(FIELD, f"必须是不超过{LONGEST}个字符的非空文本", f"must be a text of 1 to {LONGEST} characters")]
        )
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise InvalidDocumentError(
            [Problem(FIELD, "含有无法存储的字符", "holds a character that cannot be stored; it must not")]
        )
    return value.strip()


def of_document(document: object) -> str | None:
    """The station named in a case document, None where none is. Raises `InvalidDocumentError`."""
    value = document.get(FIELD) if isinstance(document, dict) else None
    return None if value is None else of_text(value)


def store(cursor: Cursor, case_id: int, station: str | None) -> None:
    """Note the station of a case that was just entered."""
    if station is not None:
        cursor.execute("UPDATE trauma_case SET emergency_station = %s WHERE case_id = %s", (station, case_id))


def list_cases(cursor: Cursor, station: str, begin: date, end: date, limit: int) -> list[dict[str, Any]]:
    """As `case_store.list_cases`, the cases of one station only."""
    cursor.execute(
        "SELECT f.case_number, case_id, f.call_at, f.injury_mechanism, triage_level, iss, outcome, registry_status"
        " FROM trauma_case c JOIN case_figures f USING (case_id)"
        " WHERE c.emergency_station = %s AND c.call_at >= %s::date AND c.call_at < %s::date + 1"
        " ORDER BY c.call_at DESC, case_id DESC LIMIT %s",
        (station, begin, end, limit),
    )
    names = [column.name for column in cursor.description]
    return [dict(zip(names, map(to_json, row), strict=True)) for row in cursor.fetchall()]
