"""What the ledger answers: records by choice, durations, the export, and countersignatures."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.ledger import Ledger
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_chain import GENESIS
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_reading import (
    OPEN,
    Selection,
    durations,
    export,
    note_signature,
    records,
    write_export,
)
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_store import LedgerError
from ansible_collections.traumalink.ops.plugins.module_utils.record import Record

Make = Callable[..., Record]
NOW = datetime(2026, 11, 25, 3, 30, 1, tzinfo=UTC)


def at(day: int, minutes: int, outcome: str = "success", **more: Any) -> dict[str, Any]:
    """Return the times of an operation on a day of November."""
    times = {"started_at": f"2026-11-{day:02}T03:00:00Z", "ended_at": f"2026-11-{day:02}T03:{minutes:02}:00Z"}
    return {**times, "outcome": outcome, **more}


@pytest.fixture
def filled(ledger: Ledger, record: Make) -> Ledger:
    """Give a ledger with five closed operations and one that is open, of which the third has the newest start."""
    for number, times in enumerate(
        (at(1, 10), at(2, 20, "failed"), at(30, 30), at(4, 40, verb="drill"), at(5, 50, rehearsal=True)), start=1
    ):
        opened = {name: value for name, value in times.items() if name not in ("ended_at", "outcome")}
        ledger.acquire(record(number, **opened), "none", 60, NOW)
        ledger.close(record(number, **times), NOW)
    ledger.acquire(record(6), "none", 60, NOW)
    return ledger


@pytest.mark.parametrize(
    ("selection", "numbers"),
    [
        (Selection(), [3, 6, 5, 4, 2, 1]),
        (Selection(verb="drill"), [4]),
        (Selection(outcome="success"), [3, 5, 4, 1]),
        (Selection(outcome=OPEN), [6]),
        (Selection(outcome="failed", verb="drill"), []),
        (
            Selection(since=datetime(2026, 11, 4, 3, tzinfo=UTC), until=datetime(2026, 11, 25, 3, 30, tzinfo=UTC)),
            [5, 4],
        ),
    ],
)
def test_records_come_newest_first_one_an_operation(filled: Ledger, selection: Selection, numbers: list[int]) -> None:
    assert [int(record["run_id"][-6:], 16) for record in records(filled.store, selection)] == numbers


def test_an_open_operation_is_a_whole_record_without_outcome(filled: Ledger) -> None:
    (found,) = records(filled.store, Selection(outcome=OPEN))
    assert (found["outcome"], found["ended_at"], found["hosts"]) == (None, None, ["db1", "ops1"])


def test_durations_are_those_of_real_successes(filled: Ledger) -> None:
    assert durations(filled.store, "backup") == [1800.0, 600.0]
    assert durations(filled.store, "backup", limit=1) == [1800.0]
    assert durations(filled.store, "restore") == []


def test_a_reader_that_stops_early_leaves_no_transaction_behind(filled: Ledger, record: Make) -> None:
    assert len(records(filled.store, Selection(), limit=1)) == 1
    assert records(filled.store, Selection(), lambda record: record["verb"] == "drill", limit=1)
    filled.acquire(record(7), "none", 60, NOW)


def test_whoever_has_the_export_can_verify_it_alone(filled: Ledger) -> None:
    previous = GENESIS
    lines = list(export(filled.store))
    for line in lines:
        entry = json.loads(line)
        assert entry.pop("previous_hash") == previous
        told = entry.pop("hash")
        body = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        previous = hashlib.sha256(f"{previous}\n{body}".encode()).hexdigest()
        assert told == previous
    assert len(lines) == 11


def test_an_export_is_written_whole_and_says_whether_it_is_new(filled: Ledger, tmp_path: Path, record: Make) -> None:
    path = tmp_path / "export.jsonl"
    first = write_export(filled.store, path)
    assert first.changed
    assert first.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert path.read_text().splitlines() == list(export(filled.store))
    assert not write_export(filled.store, path).changed
    filled.acquire(record(7), "none", 60, NOW)
    with Ledger.opened(tmp_path, dry_run=True) as dry:
        told = write_export(dry.store, path)
    assert (told.changed, told.entries) == (True, 12)
    assert write_export(filled.store, path) == told
    assert sorted(each.name for each in tmp_path.glob("*export*")) == ["export.jsonl"]


def test_an_export_into_no_folder_is_refused(filled: Ledger, tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=r"cannot be written \(No such file or directory\); choose a folder"):
        write_export(filled.store, tmp_path / "nowhere/export.jsonl")


def test_a_countersignature_is_kept_beside_its_head(filled: Ledger) -> None:
    text = "-----BEGIN SSH SIGNATURE-----\nU1NI\n-----END SSH SIGNATURE-----\n"
    assert note_signature(filled.store, 3, text)
    assert not note_signature(filled.store, 3, text)
    with pytest.raises(LedgerError, match="The ledger has no entry 99"):
        note_signature(filled.store, 99, text)
    with pytest.raises(LedgerError, match="The signature of head 3 is no SSH signature"):
        note_signature(filled.store, 3, "signed, wang")
