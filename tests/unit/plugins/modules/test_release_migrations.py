"""The Ansible module `release_migrations`, with real commands in a release of the test's own."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import database_access
from ansible_collections.traumalink.ops.plugins.modules import release_migrations
from database_sessions import Database

Run = Callable[..., dict[str, Any]]
ME = pwd.getpwuid(os.getuid()).pw_name


@pytest.fixture
def sessions() -> Database:
    """Give the database as the sessions beside the commands see it."""
    return Database()


@pytest.fixture
def arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sessions: Database) -> dict[str, Any]:
    @contextmanager
    def here(access: database_access.DatabaseAccess, user: str) -> Iterator[Path]:
        with database_access.passing_password(access, user, tmp_path / "run") as path:
            yield path

    monkeypatch.setattr(release_migrations, "passing_password", here)
    monkeypatch.setattr(release_migrations, "open_session", lambda _access, _file, name: sessions.session(name))
    release = tmp_path / "release"
    release.mkdir()
    done = tmp_path / "done"
    script = f'#!/bin/sh\necho "$DATABASE_DSN" > {tmp_path}/dsn; echo "$PGOPTIONS" > {tmp_path}/options; cp "$PGPASSFILE" {tmp_path}/seen\n[ "$1" = check ] && exec test -e {done}\ntouch {done}\n'
    (release / "migrate").mkdir()
    (release / "migrate/it").write_text(script)
    (release / "migrate/it").chmod(0o755)
    entry = {"id": "0001", "kind": "expand", "check": ["migrate/it", "check"], "command": ["migrate/it", "apply"]}
    database = {"host": "192.0.2.1", "name": "trauma", "user": "trauma_owner", "password": "geheim"}
    return {"directory": str(release), "migrations": [entry], "user": ME, "database": database}


def test_applies_once(run_module: Run, arguments: dict[str, Any], tmp_path: Path) -> None:
    told = run_module(release_migrations.main, True, **arguments)
    assert (told["changed"], told["pending"], told["applied"]) == (True, ["0001"], [])
    first = run_module(release_migrations.main, **arguments)
    assert (first["changed"], first["applied"], first["migrations"][0]["state"]) == (True, ["0001"], "done")
    again = run_module(release_migrations.main, **arguments)
    assert (again["changed"], again["applied"], again["pending"]) == (False, [], [])
    assert "lock_timeout=2000ms" in (tmp_path / "options").read_text()
    assert "user=trauma_owner sslmode=verify-full" in (tmp_path / "dsn").read_text()
    assert (tmp_path / "seen").read_text() == "192.0.2.1:5432:trauma:trauma_owner:geheim\n"


def test_leaves_no_password_behind_nor_says_it(run_module: Run, arguments: dict[str, Any], tmp_path: Path) -> None:
    result = run_module(release_migrations.main, **arguments)
    assert "geheim" not in str(result)
    assert list((tmp_path / "run").iterdir()) == []


def test_other_kinds_wait(run_module: Run, arguments: dict[str, Any]) -> None:
    result = run_module(release_migrations.main, kinds=["contract"], **arguments)
    assert (result["changed"], result["migrations"]) == (False, [])


def test_a_bare_host_in_check_mode_has_everything_pending(run_module: Run, arguments: dict[str, Any]) -> None:
    result = run_module(release_migrations.main, True, **{**arguments, "directory": "/nowhere", "user": "nobody-yet"})
    assert (result["changed"], result["pending"]) == (True, ["0001"])


def test_fails_with_the_migration_s_words(run_module: Run, arguments: dict[str, Any]) -> None:
    arguments["migrations"][0]["command"] = ["/bin/sh", "-c", "echo lock not available >&2; exit 3"]
    result = run_module(release_migrations.main, **arguments)
    assert result["failed"]
    assert "Migration 0001 failed with status 3: lock not available" in result["msg"]


def test_asking_only_tells_by_kind_and_applies_nothing(
    run_module: Run, arguments: dict[str, Any], sessions: Database
) -> None:
    for check in (False, True):
        told = run_module(release_migrations.main, check, check_only=True, **arguments)
        assert (told["changed"], told["pending"], told["applied"]) == (False, ["0001"], [])
        assert told["pending_by_kind"] == {"expand": ["0001"], "contract": [], "breaking": []}
    assert sessions.opened == []
    assert run_module(release_migrations.main, **arguments)["pending_by_kind"]["expand"] == []


def test_applies_alone_and_asks_for_no_session_where_nothing_is_pending(
    run_module: Run, arguments: dict[str, Any], sessions: Database
) -> None:
    assert run_module(release_migrations.main, **arguments)["migrations"][0]["attempts"] == 1
    assert "traumalink migration lock" in sessions.opened
    assert all(session.closed for session in sessions.sessions)
    sessions.opened.clear()
    run_module(release_migrations.main, **arguments)
    assert sessions.opened == []


def test_other_migrations_that_run_are_named(
    run_module: Run, arguments: dict[str, Any], sessions: Database, tmp_path: Path
) -> None:
    sessions.held_by.append((12, "alembic"))
    result = run_module(release_migrations.main, lock_wait_seconds=0, **arguments)
    assert "Other migrations of this database run already, held by process 12 (alembic)" in result["msg"]
    assert not (tmp_path / "done").exists()


def test_gives_up_where_no_lock_is_to_be_had(run_module: Run, arguments: dict[str, Any]) -> None:
    arguments["migrations"][0]["command"] = [
        "/bin/sh",
        "-c",
        "echo canceling statement due to lock timeout >&2; exit 1",
    ]
    result = run_module(release_migrations.main, lock_attempts=1, **arguments)
    assert "Migration 0001 got no lock in time in 1 attempts" in result["msg"]
    assert (
        "lock_attempts 0 must be at least 1" in run_module(release_migrations.main, lock_attempts=0, **arguments)["msg"]
    )
