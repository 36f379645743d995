# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger's database file: SQLite, durable at every commit, append-only by its own rules.

Source: sqlite.org, "PRAGMA synchronous" (FULL: in WAL mode a commit survives a power cut) and "Write-Ahead Logging".
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import CodedError

__all__ = ["ALTERED", "DAMAGED", "FILE_NAME", "FULL", "LOST", "NO_LEDGER", "UNUSABLE", "LedgerError", "Store"]

# What keeps the ledger as a whole from taking anything in, as LedgerError.code says it; every other refusal is about one call.
NO_LEDGER, LOST = "no_ledger", "lost"  # there is no file; and the witness knows that there was one
ALTERED, DAMAGED = "altered", "damaged"  # it is not what it was; it is no database any more
FULL, UNUSABLE = "full", "unusable"  # its disk is full; it cannot be read or written otherwise

FILE_NAME = "ledger.sqlite"
BUSY_TIMEOUT_SECONDS = 30.0
ROOM_BYTES = 128 * 1024  # SQLite maps that index in pieces of 32 KiB; the rest is what a transaction writes

# `approval` holds the id of an approval where the entry uses it up; verb, outcome, started_at and approval repeat the body, for look-ups.
TABLES = """
CREATE TABLE entry (
    sequence INTEGER PRIMARY KEY, run_id TEXT NOT NULL, kind TEXT NOT NULL, verb TEXT NOT NULL, outcome TEXT, started_at TEXT NOT NULL,
    approval TEXT, body TEXT NOT NULL, previous_hash TEXT NOT NULL, hash TEXT NOT NULL)
;
CREATE TABLE head (
    sequence INTEGER PRIMARY KEY, hash TEXT NOT NULL, at TEXT NOT NULL, signature TEXT)
;
CREATE TABLE lease (
    run_id TEXT PRIMARY KEY, verb TEXT NOT NULL, mode TEXT NOT NULL, actor TEXT NOT NULL, hosts TEXT NOT NULL, since TEXT NOT NULL,
    renewed_at REAL NOT NULL, expires_at REAL NOT NULL)
;
CREATE UNIQUE INDEX entry_of_run ON entry (run_id, kind)
;
CREATE INDEX entry_by_verb ON entry (verb, started_at)
;
CREATE INDEX entry_by_time ON entry (started_at)
;
CREATE INDEX entry_by_approval ON entry (approval) WHERE approval IS NOT NULL
;
CREATE TRIGGER entry_stays BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'an entry is never changed'); END
;
CREATE TRIGGER entry_remains BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'an entry is never deleted'); END
;
CREATE TRIGGER head_stays BEFORE UPDATE OF sequence, hash, at ON head BEGIN SELECT RAISE(ABORT, 'a head is never changed'); END
;
CREATE TRIGGER head_remains BEFORE DELETE ON head BEGIN SELECT RAISE(ABORT, 'a head is never deleted'); END
"""
STATEMENTS = tuple(part.strip() for part in TABLES.split("\n;\n"))


class LedgerError(CodedError):
    """The ledger refuses (no code), or its file cannot be read or written (its code says why); nothing was recorded."""


class Store:
    """The open database.

    With `dry_run` every transaction is rolled back at its end, and a missing file is an empty ledger in memory.
    """

    def __init__(self, path: Path, *, create: bool = False, dry_run: bool = False) -> None:
        """Open the file; with `create` make it where it is missing.

        Raises:
            LedgerError: there is no ledger (a lost one must not come back empty by itself), or it cannot be opened.
        """
        self.path = path
        self.dry_run = dry_run
        with self.told():
            self.created = not path.exists()
        if self.created and not create and not dry_run:
            raise LedgerError(
                f"There is no ledger at {path}. On a new site, deploy it with traumalink.ops.site, which also says what to do where there was one.",
                NO_LEDGER,
            )
        in_memory = self.created and dry_run
        uri = "file::memory:" if in_memory else f"{path.absolute().as_uri()}?mode={'rwc' if create else 'rw'}"
        with self.told():
            self.connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_SECONDS)
            try:
                self.connection.execute("PRAGMA trusted_schema = OFF")
                if self.created or create:
                    self._create()
                self.connection.execute("PRAGMA synchronous = FULL")
            except BaseException:
                self.connection.close()
                raise

    def _create(self) -> None:
        # Two processes may create at once; SQLite does not wait by itself where the journal's mode is changed.
        _patient(lambda: self.connection.execute("PRAGMA journal_mode = WAL"))
        self.connection.execute("BEGIN IMMEDIATE")
        if not self.schema():
            for statement in STATEMENTS:
                self.connection.execute(statement)
        self.connection.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def schema(self) -> tuple[str, ...]:
        """Return the statements that made what is in the file."""
        rows = self.connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid").fetchall()
        return tuple(text for (text,) in rows)

    def execute(self, statement: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        """Run one statement."""
        return self.connection.execute(statement, values)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction that nobody else writes beside: everything in it is on disk at its end, or nothing.

        Raises:
            LedgerError: the file cannot be written; nothing was.
        """
        with self._transaction("BEGIN IMMEDIATE", "ROLLBACK" if self.dry_run else "COMMIT"):
            yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        """One unchanging view of the file.

        Raises:
            LedgerError: the file cannot be read.
        """
        with self._transaction("BEGIN", "ROLLBACK"):
            yield

    @contextmanager
    def _transaction(self, begin: str, end: str) -> Iterator[None]:
        with self.told():
            self.connection.execute(begin)
            try:
                yield
                self.connection.execute(end)
            finally:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")

    @contextmanager
    def told(self) -> Iterator[None]:
        """Turn SQLite's errors into what a person can act on."""
        try:
            yield
        except sqlite3.Error as error:
            words, code = _words(error, self.path)
            raise LedgerError(f"{words} Nothing was recorded.", code) from error
        except PermissionError:
            raise LedgerError(f"The ledger {self.path} may not be read by this user; use become.", UNUSABLE) from None


def _patient(action: Callable[[], object]) -> None:
    deadline = time.monotonic() + BUSY_TIMEOUT_SECONDS
    while True:
        try:
            action()
        except sqlite3.OperationalError as error:
            if _name(error) != "SQLITE_BUSY" or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _name(error: sqlite3.Error) -> str:
    return str(getattr(error, "sqlite_errorname", ""))


def _free_bytes(path: Path) -> int:
    try:
        room = os.statvfs(path.parent)
    except OSError:
        return ROOM_BYTES
    return room.f_bavail * room.f_frsize


def _words(error: sqlite3.Error, path: Path) -> tuple[str, str]:
    name = _name(error)
    # Without room for its index of the WAL, SQLite only says that input or output failed.
    if name == "SQLITE_FULL" or (name.startswith("SQLITE_IOERR") and _free_bytes(path) < ROOM_BYTES):
        return f"The disk of the ledger {path} is full; free space there and run again.", FULL
    if name.startswith("SQLITE_BUSY"):
        return (
            f"The ledger {path} was locked by another process for {BUSY_TIMEOUT_SECONDS:.0f} s; see who holds it (fuser -v {path}).",
            UNUSABLE,
        )
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return (
            f"The ledger {path} cannot be opened for writing ({error}); file and folder must belong to the ledger's system user.",
            UNUSABLE,
        )
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")) or "decode" in str(error):
        return (
            f"The ledger {path} is damaged ({error}); keep the file as it is, and compare it with the last export and the heads kept elsewhere.",
            DAMAGED,
        )
    return f"The ledger {path} cannot be used ({error}); look at the disk and the kernel's log.", UNUSABLE
