"""What a person asks the ledger for, in words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import ledger_selection
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_selection import (
    SelectionError,
    acceptance,
    read_selection,
)

RECORDS = [
    {"run_id": "a", "verb": "backup", "outcome": "success", "figures": {"backup_bytes": 0}, "hosts": ["db1"]},
    {"run_id": "b", "verb": "backup", "outcome": "failed", "figures": {"backup_bytes": 5}, "hosts": []},
    {"run_id": "c", "verb": "drill", "outcome": None, "figures": {}, "hosts": []},
]  # fmt: skip


@pytest.mark.parametrize(
    ("month", "zone", "since", "until"),
    [
        ("2026-11", "UTC", (2026, 11, 1, 0), (2026, 12, 1, 0)),
        ("2026-12", "Asia/Shanghai", (2026, 11, 30, 16), (2026, 12, 31, 16)),
        ("2026-03", "Europe/Berlin", (2026, 2, 28, 23), (2026, 3, 31, 22)),
    ],
)
def test_a_month_is_that_of_the_site(month: str, zone: str, since: tuple[int], until: tuple[int]) -> None:
    found = read_selection({"month": month, "time_zone": zone, "verb": "backup", "outcome": "failed"})
    assert found.since == datetime(*since, tzinfo=UTC)  # type: ignore[misc,arg-type]
    assert found.until == datetime(*until, tzinfo=UTC)  # type: ignore[misc,arg-type]
    assert (found.verb, found.outcome) == ("backup", "failed")


def test_times_carry_their_offset() -> None:
    found = read_selection({"since": "2026-11-25T08:00:00+08:00"})
    assert (found.since, found.until) == (datetime(2026, 11, 25, tzinfo=UTC), None)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"since": "2026-11-25"}, "since '2026-11-25' must be a time with its offset"),
        ({"until": "yesterday"}, "until 'yesterday' must be a time"),
        ({"since": "0001-01-01T00:00:00+08:00"}, "must be a time"),
        ({"month": "2026-13"}, "month '2026-13' must be a year and a month"),
        ({"month": "2026-11", "time_zone": "Mars/Olympus"}, "time_zone 'Mars/Olympus' is not known on this host"),
        ({"month": "2026-11", "time_zone": "../etc/passwd"}, "time_zone '../etc/passwd' is not known"),
    ],
)
def test_says_what_to_write_instead(given: dict[str, Any], message: str) -> None:
    with pytest.raises(SelectionError) as caught:
        read_selection(given)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("query", "run_ids"),
    [
        (None, "abc"),
        ("verb=='backup' && outcome=='success'", "a"),
        ("outcome != 'success'", "bc"),
        ("figures.backup_bytes", "ab"),  # in JMESPath a number is true, zero as well
        ("hosts", "a"),
        ("contains(hosts, 'db1')", "a"),
        ("nothing.of.that", ""),
    ],
)
def test_a_query_keeps_the_records_for_which_it_is_true(query: str | None, run_ids: str) -> None:
    assert "".join(record["run_id"] for record in filter(acceptance(query), RECORDS)) == run_ids


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("verb==", "query 'verb==' is no JMESPath: "),
        ("length(outcome)", "query 'length(outcome)' cannot be asked of c: "),
        ("no_such()", "cannot be asked of a: Unknown function"),
    ],
)
def test_a_wrong_query_is_named(query: str, message: str) -> None:
    with pytest.raises(SelectionError) as caught:
        list(filter(acceptance(query), RECORDS))
    assert message in str(caught.value)


def test_only_a_query_needs_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_selection, "jmespath", None)
    assert acceptance(None) is None
    with pytest.raises(SelectionError, match="needs the package python3-jmespath"):
        acceptance("verb")
