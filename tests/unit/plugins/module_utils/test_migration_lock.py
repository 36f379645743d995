"""One run of migrations at a time: taken, waited for, lost with its session, and let go of however the run ends."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.database_access import DatabaseAccess
from ansible_collections.traumalink.ops.plugins.module_utils.migration_lock import (
    MigrationLockError,
    holding,
    open_session,
)
from database_sessions import Database

ACCESS = DatabaseAccess("192.0.2.1", 5432, "trauma", "trauma_owner", "geheim")


class Clock:
    """Time that passes by sleeping only."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_is_held_as_long_as_the_run_takes() -> None:
    database = Database()
    with holding(database.session, 0) as lock:
        lock.see_held()
        assert database.held_by == [(4711, "lock")]
    assert (database.held_by, database.sessions[0].closed) == ([], True)


def test_is_let_go_of_where_the_run_fails() -> None:
    database = Database()
    with pytest.raises(ValueError, match="x"), holding(database.session, 0):
        raise ValueError("x")
    assert database.held_by == []


def test_another_run_is_waited_for_and_then_named() -> None:
    database, clock = Database(held_by=[(12, "psql by\nhand")]), Clock()
    with (
        pytest.raises(
            MigrationLockError,
            match=r"run already, held by process 12 \(psql by hand\)\. Wait until they have ended, and run again",
        ),
        holding(database.session, 5, clock=clock, sleep=clock.sleep),
    ):
        raise AssertionError("it was not free")
    assert clock.now == 5
    assert database.sessions[0].closed


def test_begins_when_the_other_run_has_ended() -> None:
    database, clock = Database(held_by=[(12, "other")]), Clock()

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        database.held_by.clear()

    with holding(database.session, 60, clock=clock, sleep=sleep):
        assert clock.now == 1
        assert database.held_by == [(4711, "lock")]


def test_a_restart_of_the_database_is_noticed_before_the_next_command() -> None:
    database = Database()
    with holding(database.session, 0) as lock:
        database.restart()
        with pytest.raises(
            MigrationLockError,
            match=r"was lost: server closed the connection unexpectedly So nothing says that no other .* Run again",
        ):
            lock.see_held()


def psycopg2(monkeypatch: pytest.MonkeyPatch, connect: Any) -> None:
    module = ModuleType("psycopg2")
    module.Error = OSError  # type: ignore[attr-defined]
    module.connect = connect  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "psycopg2", module)


def test_a_session_belongs_to_the_owner_and_is_no_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def connect(dsn: str, **options: Any) -> Any:
        seen.update(options, dsn=dsn)
        return Database().session()

    psycopg2(monkeypatch, connect)
    session = open_session(ACCESS, Path("/run/x/pgpass"), "lock")
    assert session.autocommit is True
    assert "user=trauma_owner sslmode=verify-full" in seen["dsn"]
    assert (seen["passfile"], seen["application_name"]) == ("/run/x/pgpass", "lock")
    assert "statement_timeout=0" in seen["options"]
    assert "geheim" not in str(seen)


def test_says_what_keeps_it_from_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_dsn: str, **_options: Any) -> Any:
        raise OSError("connection refused\n\tIs the server running?")

    psycopg2(monkeypatch, refuse)
    with pytest.raises(
        MigrationLockError,
        match=r"trauma on 192\.0\.2\.1 cannot be reached as trauma_owner: connection refused Is the server",
    ):
        open_session(ACCESS, Path("/x"), "lock")
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    with pytest.raises(MigrationLockError, match="python3-psycopg2 is missing on this host; install it first"):
        open_session(ACCESS, Path("/x"), "lock")
