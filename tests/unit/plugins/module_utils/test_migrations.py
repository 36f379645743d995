"""Migrations: asked, applied in order, asked again; nothing is believed by its exit status alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.command import Completed
from ansible_collections.traumalink.ops.plugins.module_utils.manifest import Migration
from ansible_collections.traumalink.ops.plugins.module_utils.migrations import MigrationError, migrate


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
    found = migrate(
        migrations, Path("/opt/trauma/slots/blue"), database, user="someone", environment={"DATABASE_DSN": "x"},
        timeout_seconds=60, clock=lambda: float(next(ticks)), **options,
    )  # fmt: skip
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
    with pytest.raises(MigrationError, match=said):
        go(database, steps("0001", "0002", "0003"))
    assert "0001" in database.applied
    assert not any("0003" in asked for asked in database.asked)
