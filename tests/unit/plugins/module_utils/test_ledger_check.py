"""Tampering with the file, as somebody may who is root on ops: verify names the first entry that does not fit."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.ledger import Ledger
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_chain import (
    GENESIS,
    Head,
    body_of,
    chained,
    sign_head,
)
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_check import Verification, kept_heads, verify
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_reading import note_signature
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_store import (
    ALTERED,
    FILE_NAME,
    STATEMENTS,
    LedgerError,
)
from ansible_collections.traumalink.ops.plugins.module_utils.record import Record

NOW = datetime(2026, 11, 25, 3, 30, 1, tzinfo=UTC)
LAST = 8
Change = Callable[[sqlite3.Connection], object]
APPROVAL = {
    "id": "k3f", "approver": "wang", "subject": "", "valid_from": "2026-11-25T00:00:00Z", "valid_to": "2026-11-26T00:00:00Z",
}  # fmt: skip


@pytest.fixture
def heads(ledger: Ledger, record: Callable[..., Record], ended: dict[str, str]) -> list[Head]:
    """Fill the ledger: three closed operations, a single record, and one that is open with an approval; give every head."""
    made = []
    for number in (1, 2, 3):
        ledger.acquire(record(number), "none", 60, NOW)
        made.append(ledger.close(record(number, **ended), NOW))
    ledger.append(record(4, **ended), NOW)
    ledger.acquire(record(5, approval=APPROVAL), "none", 60, NOW)
    ledger.store.close()
    return made


@pytest.fixture
def tampered(tmp_path: Path, heads: list[Head]) -> Callable[..., Verification]:
    """Give a function that changes the file behind the ledger's back, puts its guards back, and verifies it."""

    def change(action: Change, kept: tuple[int, ...] = (), **options: Any) -> Verification:
        with closing(sqlite3.connect(tmp_path / FILE_NAME)) as file:
            elsewhere = [
                {"sequence": sequence, "hash": hash_}
                for sequence, hash_ in file.execute("SELECT sequence, hash FROM head")
                if sequence in kept
            ]
            guards = [statement for statement in STATEMENTS if statement.startswith("CREATE TRIGGER")]
            for guard in guards:
                file.execute(f"DROP TRIGGER {guard.split()[2]}")
            action(file)
            for guard in guards:
                file.execute(guard)
            file.commit()
        with Ledger.opened(tmp_path) as ledger:
            return verify(ledger.store, elsewhere, **options)

    return change


def rebuilt(file: sqlite3.Connection, start: int, edit: Callable[[dict[str, Any]], object]) -> None:
    """Change the record of entry `start`, and compute everything after it anew, as a forger would."""
    previous = file.execute("SELECT hash FROM entry WHERE sequence = ?", (start - 1,)).fetchone()
    hash_ = previous[0] if previous else GENESIS
    for sequence, kind, text in file.execute(
        "SELECT sequence, kind, body FROM entry WHERE sequence >= ? ORDER BY 1", (start,)
    ).fetchall():
        record = json.loads(text)["record"]
        if sequence == start:
            edit(record)
        body = body_of(sequence, kind, record)
        before, hash_ = hash_, chained(hash_, body)
        file.execute(
            "UPDATE entry SET body = ?, previous_hash = ?, hash = ?, outcome = ? WHERE sequence = ?",
            (body, before, hash_, record["outcome"], sequence),
        )
        file.execute("UPDATE head SET hash = ? WHERE sequence = ?", (hash_, sequence))


def sql(*statements: str) -> Change:
    """Return a change that runs statements."""
    return lambda file: [file.execute(statement) for statement in statements]


def test_an_untouched_ledger_fits(tampered: Callable[..., Verification], heads: list[Head]) -> None:
    found = tampered(sql(), kept=(2, 6))
    assert (found.fault, found.entries, found.kept_to, found.signed_to) == (None, LAST, 6, 0)
    assert found.head
    assert found.head.sequence == LAST
    assert found.message == "The ledger's 8 entries fit."


def test_an_empty_ledger_fits(ledger: Ledger) -> None:
    found = verify(ledger.store)
    assert (found.fault, found.entries, found.head) == (None, 0, None)


@pytest.mark.parametrize(
    ("change", "sequence", "what"),
    [
        # edits
        (sql("UPDATE entry SET body = replace(body, 'backup', 'upgrade') WHERE sequence = 4"), 4, "was changed: its hash is not that of its text"),
        (sql("UPDATE entry SET body = body || ' ' WHERE sequence = 8"), 8, "was changed"),
        (sql("UPDATE entry SET body = CAST(x'ff' AS TEXT) WHERE sequence = 3"), 3, "was changed"),
        (sql("UPDATE entry SET body = 7 WHERE sequence = 3"), 3, "was changed"),
        (sql("UPDATE entry SET body = x'00ff' WHERE sequence = 3"), 3, "was changed"),
        (sql("UPDATE entry SET hash = 'a' WHERE sequence = 5"), 5, "was changed"),
        (sql("UPDATE entry SET previous_hash = 'a' WHERE sequence = 5"), 5, "does not follow the entry before it"),
        (sql("UPDATE entry SET outcome = 'failed' WHERE sequence = 2"), 2, "is filed under other words than its text says"),
        (sql("UPDATE entry SET verb = 'drill' WHERE sequence = 1"), 1, "is filed under other words"),
        (sql("UPDATE entry SET started_at = '2025-01-01T00:00:00Z' WHERE sequence = 6"), 6, "is filed under other words"),
        (sql("UPDATE entry SET run_id = 'other' WHERE sequence = 6"), 6, "is filed under other words"),
        (sql("UPDATE entry SET run_id = CAST(x'ff' AS TEXT) WHERE sequence = 6"), 6, "is filed under other words"),
        (sql("UPDATE entry SET kind = 'single' WHERE sequence = 6"), 6, "is filed under other words"),
        (sql("UPDATE entry SET approval = NULL WHERE sequence = 8"), 8, "is filed under other words"),
        (sql("UPDATE head SET hash = 'a' WHERE sequence = 7"), 7, "has another hash than its head"),
        # deletions
        (sql("DELETE FROM entry WHERE sequence = 1"), 1, "is missing; the next one is 2"),
        (sql("DELETE FROM entry WHERE sequence IN (4, 5)", "DELETE FROM head WHERE sequence IN (4, 5)"), 4, "is missing; the next one is 6"),
        (sql("DELETE FROM entry WHERE sequence = 8"), 8, "is missing: there is a head of entry 8"),
        (sql("DELETE FROM entry"), 1, "is missing: there is a head of entry 1"),
        (sql("DELETE FROM head WHERE sequence = 3"), 3, "has another hash than its head"),
        (sql("DELETE FROM lease"), 8, "opened 20261125-033000-000005, which was never closed and holds no lease"),
        # reordering and insertion
        (sql("UPDATE entry SET sequence = -1 WHERE sequence = 2", "UPDATE entry SET sequence = 2 WHERE sequence = 3", "UPDATE entry SET sequence = 3 WHERE sequence = -1"), 2, "does not follow"),
        (sql("INSERT INTO entry SELECT 0, 'x', kind, verb, outcome, started_at, approval, body, previous_hash, hash FROM entry WHERE sequence = 1"), 1, "is missing; the next one is 0"),
        (sql("INSERT INTO entry SELECT 9, 'x', kind, verb, outcome, started_at, NULL, body, hash, hash FROM entry WHERE sequence = 8"), 9, "was changed"),
        # leases
        (sql("INSERT INTO lease SELECT 'invented', verb, mode, actor, hosts, since, renewed_at, expires_at FROM lease"), 9, "is not the opening of invented, which holds a lease all the same"),
        (sql("INSERT INTO lease SELECT '20261125-033000-000001', verb, mode, actor, hosts, since, renewed_at, expires_at FROM lease"), 2, "ended 20261125-033000-000001, which holds a lease all the same"),
        (sql("UPDATE lease SET actor = 'wang@controller2'"), 8, "opened 20261125-033000-000005, whose lease names another actor"),
        (sql("UPDATE lease SET verb = 'drill', hosts = '[]'"), 8, "opened 20261125-033000-000005, whose lease names another verb, hosts"),
        (sql("UPDATE lease SET since = CAST(x'ff' AS TEXT)"), 8, "opened 20261125-033000-000005, whose lease names another since"),
        # a chain that is computed anew fits by itself
        (lambda file: rebuilt(file, 4, lambda record: record.update(outcome="success", reason="fine")), None, ""),
        (sql("DELETE FROM entry WHERE sequence > 7", "DELETE FROM head WHERE sequence > 7", "DELETE FROM lease"), None, ""),
    ],
)  # fmt: skip
def test_names_the_first_entry_that_does_not_fit(
    tampered: Callable[..., Verification], change: Change, sequence: int | None, what: str
) -> None:
    found = tampered(change)
    if sequence is None:
        assert found.fault is None
        return
    assert found.fault
    assert (found.fault.sequence, found.fault.what[: len(what)]) == (sequence, what)
    assert found.entries == sequence - 1
    assert f"The ledger was altered: entry {sequence} {found.fault.what}. Keep the file as it is" in found.message


@pytest.mark.parametrize(
    ("change", "kept", "sequence", "what", "vouched"),
    [
        (lambda file: rebuilt(file, 4, lambda record: record.update(reason="fine")), (2, 6, 7), 6, "has another hash than its head that was kept elsewhere", 2),
        (lambda file: rebuilt(file, 4, lambda record: record.update(reason="fine")), tuple(range(1, 9)), 4, "has another hash than its head that was kept", 3),
        (lambda file: rebuilt(file, 1, lambda record: record.update(reason="fine")), (8,), 8, "has another hash than its head that was kept", 0),
        (sql("DELETE FROM entry WHERE sequence > 6", "DELETE FROM head WHERE sequence > 6"), (6, 8), 7, "is missing: the head of entry 8 was kept elsewhere", 6),
        (sql("DELETE FROM entry", "DELETE FROM head", "DELETE FROM lease"), (8,), 1, "is missing: the head of entry 8 was kept elsewhere", 0),
    ],
)  # fmt: skip
def test_heads_kept_elsewhere_show_a_cut_end_and_a_chain_built_anew(
    tampered: Callable[..., Verification], change: Change, kept: tuple[int, ...], sequence: int, what: str, vouched: int
) -> None:
    found = tampered(change, kept)
    assert found.fault
    assert (found.fault.sequence, found.fault.what[: len(what)]) == (sequence, what)
    assert found.kept_to == vouched
    assert (f"vouch for the entries up to {vouched}." in found.message) == (vouched > 0)


@pytest.mark.parametrize(
    "change",
    [
        "DROP TRIGGER entry_stays",
        "DROP INDEX entry_by_approval",
        "CREATE TRIGGER later AFTER INSERT ON entry BEGIN DELETE FROM lease; END",
        "CREATE VIEW newer AS SELECT 1",
    ],
)
def test_altered_tables_and_guards_are_told(tmp_path: Path, heads: list[Head], change: str) -> None:
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as file:
        file.execute(change)
    with Ledger.opened(tmp_path) as ledger, pytest.raises(LedgerError, match="tables or their guards were altered"):
        verify(ledger.store)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["UPDATE entry SET body = replace(body, 'backup', 'upgrade') WHERE sequence = 4"], "entry 4 was changed: its hash is not that of its text"),
        ([], "the 8 entries themselves fit"),
        (["DROP TABLE head"], "its entries cannot be read (no such table: head)"),
    ],
)  # fmt: skip
def test_a_guard_that_was_dropped_and_made_anew_does_not_hide_the_edited_entry(
    tmp_path: Path, heads: list[Head], changes: list[str], said: str
) -> None:
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as file, file:
        guard = file.execute("SELECT sql FROM sqlite_master WHERE name = 'entry_stays'").fetchone()[0]
        for statement in ["DROP TRIGGER entry_stays", *changes, guard]:
            file.execute(statement)
    with Ledger.opened(tmp_path) as ledger, pytest.raises(LedgerError) as caught:
        verify(ledger.store)
    assert f"tables or their guards were altered, and {said}. Restore the file" in str(caught.value)


@pytest.fixture
def signed(tmp_path: Path, heads: list[Head], keys: Callable[[str], Path]) -> str:
    """Countersign the heads of entries 2 and 6; give the public key."""
    with Ledger.opened(tmp_path) as ledger:
        for head in (heads[0], heads[2]):
            note_signature(ledger.store, head.sequence, sign_head(head, keys("hospital")))
    return " ".join(keys("hospital").with_suffix(".pub").read_text().split()[:2])


def test_a_countersignature_covers_the_chain_before_it_and_what_it_does_not_is_told(
    tampered: Callable[..., Verification], signed: str
) -> None:
    found = tampered(sql(), public_key=signed)
    assert (found.fault, found.signed_to) == (None, 6)
    assert found.remarks == (
        "Entries 7 to 8 are not countersigned (yet); the next head that is signed covers what is before it.",
    )
    assert tampered(sql()).remarks == ()


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        ({"sequence": 7, "hash": "b" * 64}, "The ledger of lab is not the one it was: entry 7 had the hash bbbb"),
        ({"sequence": 9, "hash": "b" * 64}, "The ledger of lab is shorter than it was: the witness has seen entry 9"),
        (
            {"sequence": 9, "hash": "b" * 64, "seen_by": "this controller"},
            "than it was: this controller has seen entry 9",
        ),
        ({"sequence": 1, "hash": "b" * 64}, "Two heads of entry 1 were kept elsewhere with different hashes"),
    ],
)
def test_nothing_is_added_to_a_ledger_that_does_not_hold_the_newest_head(
    tmp_path: Path,
    heads: list[Head],
    record: Callable[..., Record],
    ended: dict[str, str],
    kept: dict[str, Any],
    message: str,
) -> None:
    older = {"sequence": 1, "hash": "c" * 64}  # the newest covers it
    adds: list[Callable[[Ledger], object]] = [
        lambda ledger: ledger.close(record(5, **ended, approval=APPROVAL), NOW),
        lambda ledger: ledger.acquire(record(7), "none", 60, NOW),
        lambda ledger: ledger.acquire(record(7), "none", 60, NOW, {record(5).run_id: "settled"}, [record(5).run_id]),
        lambda ledger: ledger.append(record(8, **ended), NOW),
        lambda ledger: ledger.import_records([json.dumps(record(8, **ended).as_dict())], NOW),
    ]
    for add in adds:
        with Ledger.opened(tmp_path, witnessed=[older, kept]) as ledger:
            with pytest.raises(LedgerError, match=message) as caught:
                add(ledger)
            assert ledger.renew(record(5).run_id, 60, NOW), "work that goes on is not ended by it"
        assert caught.value.code == ALTERED
        assert kept["sequence"] == 1 or "traumalink.ops.site -e ledger_new=lab" in str(caught.value)
    with Ledger.opened(tmp_path) as ledger:
        assert verify(ledger.store).entries == LAST
    with Ledger.opened(tmp_path, witnessed=[older, {"sequence": 6, "hash": heads[2].hash}]) as ledger:
        for add in adds:
            add(ledger)
        assert verify(ledger.store).entries == LAST + 3


@pytest.mark.parametrize(
    "change",
    [
        lambda file: rebuilt(file, 3, lambda record: record.update(reason="fine")),
        sql("UPDATE head SET at = '2026-01-01T00:00:00Z' WHERE sequence = 6"),
        sql("UPDATE head SET signature = (SELECT signature FROM head WHERE sequence = 2) WHERE sequence = 6"),
        sql("UPDATE head SET signature = 'x' WHERE sequence = 6"),
    ],
    ids=["built anew", "another time", "another head's", "no signature"],
)
def test_a_countersignature_cannot_be_forged(
    tampered: Callable[..., Verification], signed: str, change: Change
) -> None:
    found = tampered(change, public_key=signed)
    assert found.fault
    assert (found.fault.sequence, found.signed_to) == (6, 0)
    assert "has a head whose countersignature is not by the given key" in found.message


def test_a_countersignature_by_another_key_does_not_count(
    tampered: Callable[..., Verification], signed: str, keys: Callable[[str], Path]
) -> None:
    other = " ".join(keys("somebody").with_suffix(".pub").read_text().split()[:2])
    assert tampered(sql(), public_key=other).fault


def test_signatures_that_were_taken_away_no_longer_cover(tampered: Callable[..., Verification], signed: str) -> None:
    newest_gone = tampered(sql("UPDATE head SET signature = NULL WHERE sequence = 6"), public_key=signed)
    assert (newest_gone.fault, newest_gone.signed_to) == (None, 2)
    assert newest_gone.remarks == (
        "Entries 3 to 8 are not countersigned (yet); the next head that is signed covers what is before it.",
    )
    all_gone = tampered(sql("UPDATE head SET signature = NULL"), public_key=signed)
    assert all_gone.fault
    assert (all_gone.fault.sequence, all_gone.signed_to) == (2, 0)
    assert "ended an operation, and no head of the ledger is countersigned" in all_gone.message


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        ([{"sequence": 1}], "is no head; give its sequence and hash"),
        ([{"sequence": "x", "hash": "a"}], "is no head"),
        ([{"sequence": 1, "hash": "a"}, {"sequence": 1, "hash": "b"}], "Two heads of entry 1 were kept elsewhere with different hashes"),
    ],
)  # fmt: skip
def test_kept_heads_must_be_heads_and_agree(kept: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(LedgerError, match=message):
        kept_heads(kept)
