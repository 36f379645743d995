"""From documents to rows, and from rows to COPY text."""

from datetime import date

import pytest
from trauma.case_generator import CaseGenerator
from trauma.case_rows import TABLES, case_number, case_rows, document_iss, length_of_stay_days, receipt_number
from trauma.case_tables import NASTY
from trauma.copy_text import copy_line

CASES = list(CaseGenerator(1, date(2026, 3, 1)).cases(1, 300))
NOW = "2026-03-01T08:00:00+08:00"
# PostgreSQL documentation, COPY, Text Format.
BACKSLASH = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "\\": "\\"}


def read_copy_line(line):
    """Read a line as PostgreSQL does."""
    assert line.endswith("\n")
    assert line.count("\n") == 1
    fields = []
    for raw in line[:-1].split("\t"):
        if raw == "\\N":
            fields.append(None)
            continue
        text, characters = "", iter(raw)
        for character in characters:
            text += BACKSLASH[next(characters)] if character == "\\" else character
        fields.append(text)
    return fields


@pytest.mark.parametrize("text", [*NASTY, "", "\t", "\\", "\\\\N", "a\nb\tc\rd", "None", "\\x41"])
@pytest.mark.parametrize("other", [1, None])
def test_copy_text_is_read_back_as_it_was(text, other):
    line = copy_line((7, text, other, True))
    assert read_copy_line(line) == ["7", text, None if other is None else "1", "True"]


@pytest.mark.parametrize("other", [1, None])
def test_copy_refuses_nul(other):
    with pytest.raises(ValueError, match="NUL"):
        copy_line((1, "a\0b", other))


def test_every_row_fits_its_table_and_carries_the_case():
    for case_id, document in enumerate(CASES, 1):
        for table, rows in case_rows(document, case_id, NOW).items():
            assert TABLES[table][0] == "case_id"
            assert all(len(row) == len(TABLES[table]) and row[0] == case_id for row in rows)


def test_only_severe_cases_are_reported():
    for case_id, document in enumerate(CASES, 1):
        reports = case_rows(document, case_id, NOW)["registry_report"]
        assert len(reports) == (document_iss(document) >= 16)
        assert all(report[1:] == ("pending", NOW, None, None) for report in reports)


def test_cases_loaded_in_bulk_are_reported_already():
    severe = next(document for document in CASES if document_iss(document) >= 16)
    (report,) = case_rows(severe, 5, NOW, reported_at=NOW)["registry_report"]
    assert report == (5, "reported", NOW, NOW, receipt_number(case_number(5, severe["call_at"])))


def test_case_number():
    assert case_number(1, "2026-01-01T00:00:00+08:00") == "CS2026-0000001"


@pytest.mark.parametrize(
    ("discharged_at", "days"),
    [
        (None, None),
        ("2026-01-01T08:00:00+08:00", 0),
        ("2026-01-01T08:00:01+08:00", 1),
        ("2026-01-02T08:00:00+08:00", 1),
        ("2026-01-02T09:00:00+08:00", 2),
    ],
)
def test_begun_days_of_stay_count(discharged_at, days):
    assert length_of_stay_days("2026-01-01T08:00:00+08:00", discharged_at) == days
