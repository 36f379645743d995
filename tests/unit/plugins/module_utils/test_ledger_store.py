"""The ledger's file: durable, append-only by its own rules, never created in passing, and errors that say what to do."""

from __future__ import annotations

import os
import pwd
import sqlite3
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import ledger_store
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.ledger import Ledger
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_check import verify
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_store import FILE_NAME, LedgerError, Store
from ansible_collections.traumalink.ops.plugins.module_utils.record import Record
from ansible_collections.traumalink.ops.plugins.module_utils.system_user import as_user

Make = Callable[..., Record]
NOW = datetime(2026, 11, 25, 3, 30, 1, tzinfo=UTC)


def test_every_commit_is_on_disk(ledger: Ledger) -> None:
    assert ledger.store.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert ledger.store.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_a_ledger_that_is_gone_does_not_come_back_empty(tmp_path: Path) -> None:
    with pytest.raises(
        LedgerError,
        match=r"There is no ledger at .* deploy it with traumalink.ops.site, which also says what to do where there was one",
    ):
        Store(tmp_path / FILE_NAME)
    assert list(tmp_path.iterdir()) == []


def test_a_relative_path_is_one_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Ledger.opened(Path(), create=True):
        assert (tmp_path / FILE_NAME).is_file()


def test_a_dry_run_without_a_ledger_is_an_empty_one_that_leaves_nothing(tmp_path: Path, record: Make) -> None:
    with Ledger.opened(tmp_path, dry_run=True, create=True) as dry:
        dry.acquire(record(1), "exclusive", 60, NOW)
        assert verify(dry.store).entries == 0
    assert list(tmp_path.iterdir()) == []


def test_creating_again_changes_nothing(ledger: Ledger, tmp_path: Path, record: Make) -> None:
    ledger.acquire(record(1), "exclusive", 60, NOW)
    with Ledger.opened(tmp_path, create=True) as again:
        assert not again.store.created
        assert verify(again.store).entries == 1


def test_a_creation_that_was_cut_off_is_completed(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).touch()
    with Ledger.opened(tmp_path, create=True) as opened:
        assert verify(opened.store).fault is None
        assert opened.store.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_many_may_create_it_at_once(tmp_path: Path) -> None:
    errors: list[Exception] = []

    def create() -> None:
        try:
            with Ledger.opened(tmp_path, create=True) as opened:
                verify(opened.store)
        except Exception as error:  # told below: a thread's exception is lost
            errors.append(error)

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE entry SET outcome = 'success'", "an entry is never changed"),
        ("DELETE FROM entry", "an entry is never deleted"),
        ("UPDATE head SET hash = 'x'", "a head is never changed"),
        ("DELETE FROM head", "a head is never deleted"),
    ],
)
def test_nothing_changes_what_was_written_in_passing(
    ledger: Ledger, record: Make, statement: str, message: str
) -> None:
    ledger.acquire(record(1), "exclusive", 60, NOW)
    with pytest.raises(sqlite3.IntegrityError, match=message):
        ledger.store.execute(statement)


def test_a_full_disk_is_told_and_nothing_is_half_written(ledger: Ledger, record: Make, tmp_path: Path) -> None:
    ledger.acquire(record(1), "exclusive", 60, NOW)
    ledger.store.execute("PRAGMA max_page_count = 1")  # SQLite's own way to be full

    def fill() -> None:
        for number in range(2, 200):
            ledger.acquire(record(number), "none", 60, NOW)

    with pytest.raises(
        LedgerError, match=r"The disk of the ledger .*ledger.sqlite is full; free space there .* Nothing was recorded"
    ):
        fill()
    assert not ledger.store.connection.in_transaction
    with Ledger.opened(tmp_path) as again:
        assert verify(again.store).fault is None
        assert again.operations()[0].run_id == record(1).run_id
        again.acquire(record(900), "none", 60, NOW)


def test_a_ledger_that_somebody_holds_is_told(
    tmp_path: Path, ledger: Ledger, record: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_store, "BUSY_TIMEOUT_SECONDS", 0.1)
    words = pytest.raises(LedgerError, match="was locked by another process for 0 s; see who holds it")
    with Ledger.opened(tmp_path) as other, ledger.store.writing(), words:
        other.acquire(record(1), "exclusive", 60, NOW)


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.write_bytes(b"no database at all, but long enough to be one" * 100),
        lambda file: file.write_bytes(file.read_bytes()[: 4096 * 2]),
        lambda file: file.write_bytes(file.read_bytes()[:4096] + os.urandom(4096 * 4)),
    ],
    ids=["other content", "cut", "random pages"],
)
def test_a_damaged_file_is_told(tmp_path: Path, record: Make, damage: Callable[[Path], object]) -> None:
    with Ledger.opened(tmp_path, create=True) as ledger:
        for number in range(40):
            ledger.acquire(record(number), "none", 60, NOW)
    damage(tmp_path / FILE_NAME)
    words = pytest.raises(LedgerError, match=r"is damaged \(.*keep the file as it is|were altered; restore the file")
    with words, Ledger.opened(tmp_path) as damaged:
        verify(damaged.store)


def test_a_file_of_somebody_else_is_told(reachable: Path, record: Make) -> None:
    with Ledger.opened(reachable, create=True) as ledger:
        ledger.acquire(record(1), "none", 60, NOW)
    (reachable / FILE_NAME).chmod(0o444)
    reachable.chmod(0o555)

    def write() -> dict[str, object]:
        with Ledger.opened(reachable) as opened:
            return {"never": opened.acquire(record(2), "exclusive", 60, NOW)}

    # Root may write everywhere, so it becomes somebody else.
    user = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    with pytest.raises(OpsError, match=r"cannot be opened for writing .*must belong to the ledger's system user"):
        as_user(user, write)
    reachable.chmod(0o755)
