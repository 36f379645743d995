"""Migrations: asked, applied in order, asked again; nothing is believed by its exit status alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.command import Completed
from ansible_collections.traumalink.ops.plugins.module_utils.errors import RELEASE_FAULT, code_of
from ansible_collections.traumalink.ops.plugins.module_utils.manifest import Migration
from ansible_collections.traumalink.ops.plugins.module_utils.migrations import (
    MigrationError,
    Release,
    Retries,
    migrate,
    settings_of,
)


class Database:
    """What is applied; a command that is named in `broken` does nothing, one in `failing` fails."""

    def __init__(self, *applied: str, broken: str = "", failing: str = "", odd: str = "") -> None:
        self.applied = set(applied)
        self.broken, self.failing, self.odd = broken, failing, odd
        self.asked: list[str] = []
        self.options: dict[str, Any] = {}

    def __call__(self, argv: Sequence[str], **options: Any) -> Completed:
        self.options = {**options, "program": argv[0]}
        verb, name = argv[1], argv[2]
        self.asked.append(f"{verb} {name}")
        if verb == "check":
            return Completed(tuple(argv), 7 if name == self.odd else int(name not in self.applied), "", "asked")
        if name == self.failing:
            return Completed(tuple(argv), 3, "", "lock not available")
        if name != self.broken:
            self.applied.add(name)
        return Completed(tuple(argv), 0, "", "")


def steps(*names: str, program: str = "/usr/bin/migrate") -> list[Migration]:
    return [Migration(name, "expand", 1, (program, "check", name), (program, "apply", name)) for name in names]


def go(database: Database, migrations: list[Migration], **options: Any) -> dict[str, str]:
    ticks = iter(range(100))
    release = Release(Path("/opt/trauma/slots/blue"), database, "someone", {"DATABASE_DSN": "x"}, 60)
    found = migrate(release, migrations, clock=lambda: float(next(ticks)), **options)
    return {entry.id: f"{entry.state} {entry.seconds:g}" for entry in found}


def test_applies_what_is_pending_in_order() -> None:
    database = Database("0001")
    assert go(database, steps("0001", "0002", "0003")) == {"0001": "applied 0", "0002": "done 1", "0003": "done 1"}
    assert database.asked == [
        "check 0001", "check 0002", "apply 0002", "check 0002", "check 0003", "apply 0003", "check 0003",
    ]  # fmt: skip
    assert set(go(database, steps("0001", "0002", "0003")).values()) == {"applied 0"}


def test_check_mode_asks_only() -> None:
    database = Database("0001")
    assert go(database, steps("0001", "0002"), check=True) == {"0001": "applied 0", "0002": "pending 0"}
    assert database.asked == ["check 0001", "check 0002"]


def test_runs_from_the_release_as_the_given_user() -> None:
    database = Database()
    go(database, steps("0001", program="bin/migrate"))
    assert database.options == {
        "program": "/opt/trauma/slots/blue/bin/migrate",
        "user": "someone",
        "environment": {"DATABASE_DSN": "x"},
        "directory": "/opt/trauma/slots/blue",
        "timeout_seconds": 60,
    }


@pytest.mark.parametrize(
    ("database", "said"),
    [
        (Database(failing="0002"), "Migration 0002 failed with status 3: lock not available"),
        (Database(broken="0002"), "Migration 0002 ended well, but its check still says that it is pending"),
        (
            Database(odd="0002"),
            r"The check of migration 0002 ended with status 7 \(0 is applied, 1 is pending\): asked",
        ),
    ],
)
def test_stops_at_the_first_that_fails(database: Database, said: str) -> None:
    with pytest.raises(MigrationError, match=said) as failed:
        go(database, steps("0001", "0002", "0003"))
    assert code_of(failed.value) == RELEASE_FAULT
    assert "0001" in database.applied
    assert not any("0003" in asked for asked in database.asked)


class Locked(Database):
    """A database in which `0002` gets no lock the first `times`, and says so by `said`."""

    def __init__(self, times: int, said: str = "SQLSTATE 55P03", out: str = "", applies: bool = False) -> None:
        super().__init__("0001")
        self.times, self.said, self.out, self.applies = times, said, out, applies

    def __call__(self, argv: Sequence[str], **options: Any) -> Completed:
        if argv[1:] == ["apply", "0002"] and self.times > 0:
            self.times -= 1
            self.asked.append("no lock 0002")
            if self.applies:
                self.applied.add("0002")
            return Completed(tuple(argv), 2, self.out, self.said)
        return super().__call__(argv, **options)


class Watch:
    """The guard and the lock beside: `cancelled` is what the guard does to each command, `lost` that the lock is gone after so many commands."""

    def __init__(self, cancels: bool = False, blockers: str = "", lost_after: int = 99) -> None:
        self.cancels, self.cancelled, self.blockers, self.left = cancels, False, blockers, lost_after

    def forget(self) -> None:
        self.cancelled = self.cancels

    def see_held(self) -> None:
        if self.left == 0:
            raise MigrationError("the lock was lost")
        self.left -= 1


def test_is_tried_again_where_it_got_no_lock_with_growing_pauses() -> None:
    database, pauses = Locked(7), list[float]()
    assert go(database, steps("0001", "0002"), retries=Retries(10, pauses.append))["0002"] == "done 1"
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    # Between two attempts its check is asked, since a part of it may have been the rest.
    assert database.asked[1:5] == ["check 0002", "no lock 0002", "check 0002", "no lock 0002"]


@pytest.mark.parametrize(
    ("said", "out"),
    [
        ("ERROR:  canceling statement due to lock timeout", ""),
        ("", "migration 0002: (psycopg2.errors.LockNotAvailable) something in another language"),
        ("asyncpg.exceptions.LockNotAvailableError: …", ""),
        ("错误:  由于锁超时，取消语句操作", ""),
        ('ERROR:  could not obtain lock on relation "case"', ""),
        ("SQL state [55P03]; error code [0]", ""),
    ],
)
def test_knows_a_lock_that_was_not_to_be_had(said: str, out: str) -> None:
    assert go(Locked(1, said, out), steps("0002"), retries=Retries(2, lambda _seconds: None))["0002"] == "done 1"


@pytest.mark.parametrize(
    "said",
    [
        "lock file exists",
        "ERROR: deadlock detected",
        "canceling statement due to statement timeout",
        "canceling statement due to user request",
        "A55P03B",
    ],
)
def test_any_other_failure_ends_the_run_at_once(said: str) -> None:
    database = Locked(1, said)
    with pytest.raises(MigrationError, match="failed with status 2"):
        go(database, steps("0002"), retries=Retries(5, lambda _seconds: None))
    assert database.asked == ["check 0002", "no lock 0002"]


def test_a_command_that_the_guard_cancelled_is_tried_again() -> None:
    said = "canceling statement due to user request"
    options: dict[str, Any] = {"retries": Retries(2, lambda _seconds: None), "guard": Watch(cancels=True)}
    assert go(Locked(1, said), steps("0002"), **options)["0002"] == "done 1"


def test_gives_up_after_the_last_attempt_and_names_who_held_the_lock() -> None:
    database, pauses = Locked(9), list[float]()
    with pytest.raises(
        MigrationError,
        match=r"0002 got no lock in time in 3 attempts, held by 7 \(pg_dump\), and gave up .* its check still says that it is pending.*run again",
    ) as given_up:
        go(database, steps("0002", "0003"), retries=Retries(3, pauses.append), guard=Watch(blockers="7 (pg_dump)"))
    assert pauses == [1, 2]
    assert code_of(given_up.value) == "", "the release can do nothing about it"
    assert not any("0003" in asked for asked in database.asked)


def test_what_its_check_says_is_applied_is_not_tried_again() -> None:
    database = Locked(1, applies=True)
    assert go(database, steps("0002"), retries=Retries(3, lambda _seconds: None))["0002"] == "done 1"
    assert database.asked == ["check 0002", "no lock 0002", "check 0002"]


def test_nothing_is_started_without_the_lock_of_the_run() -> None:
    database = Database()
    with pytest.raises(MigrationError, match="the lock was lost"):
        go(database, steps("0001", "0002"), alone=Watch(lost_after=1))
    assert database.applied == {"0001"}
    assert "apply 0002" not in database.asked


def test_only_an_expanding_migration_leaves_the_version_before_usable() -> None:
    for kind, fits in (("expand", True), ("contract", False), ("breaking", False)):
        migration = Migration("0002", kind, 1, ("/m", "check", "0002"), ("/m", "apply", "0002"))
        with pytest.raises(MigrationError) as failed:
            go(Database(failing="0002"), [migration])
        assert ("still fits the database" in str(failed.value)) is fits


def test_tells_how_long_to_wait_for_a_lock() -> None:
    assert settings_of(1.5) == {
        "PGOPTIONS": "-c lock_timeout=1500ms -c statement_timeout=0 -c client_connection_check_interval=2s",
        "MIGRATION_LOCK_TIMEOUT_SECONDS": "2",
    }
