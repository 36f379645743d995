# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The migrations of a release: asked whether they are applied, applied in order, tried again where a lock was not to be had, and asked again."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .command import Completed, Runner
from .errors import RELEASE_FAULT, CodedError
from .manifest import Migration
from .postgresql_server import session_options
from .progress import say

__all__ = ["Alone", "Guard", "MigrationError", "MigrationState", "Release", "Retries", "migrate", "settings_of"]

APPLIED, PENDING = 0, 1
SAID_CHARACTERS = 1500
# SQLSTATE lock_not_available (PostgreSQL documentation, appendix A), as a code, as drivers name the error, and as the server says it in the languages of our sites.
LOCK_TIMEOUT = re.compile(
    r"\b55P03\b|\bLockNotAvailable(Error)?\b|canceling statement due to lock timeout|could not obtain lock on|由于锁超时|上获得锁"
)


class MigrationError(CodedError):
    """A migration could not be asked or applied; those before it stay applied. Its code says whether the release is to blame."""


class Guard(Protocol):
    """Sees to it that a command does not wait long for a lock (lock_guard)."""

    cancelled: bool
    blockers: str

    def forget(self) -> None:
        """Begin anew, before another command."""


class Alone(Protocol):
    """Says that no other migrations run beside these (migration_lock)."""

    def see_held(self) -> None:
        """See that this is still so. Raises OpsError."""


@dataclass(frozen=True)
class Retries:
    """How often a command is started that got no lock in time; the pauses before it is started again grow from one to thirty seconds."""

    attempts: int = 10
    sleep: Callable[[float], None] = time.sleep

    def pause_seconds(self, attempt: int) -> float:
        """Return how long to wait after the attempt of this number, the first one being 1."""
        return min(2.0 ** (attempt - 1), 30.0)


@dataclass(frozen=True)
class MigrationState:
    """One migration afterwards: `applied` before this run, `done` by this run, or `pending` (where it was only asked)."""

    id: str
    kind: str
    state: str
    seconds: float = 0.0
    attempts: int = 0


def settings_of(lock_timeout_seconds: float) -> dict[str, str]:
    """Return the variables that tell a command how long it may wait for a lock: libpq's own, and one in whole seconds for programs that set options themselves.

    A command that is ended leaves no statement behind it in the database, and no other time-out of the role ends one that takes long.
    """
    options = {
        "lock_timeout": f"{lock_timeout_seconds * 1000:.0f}ms",
        "statement_timeout": "0",
        "client_connection_check_interval": "2s",
    }
    return {
        "PGOPTIONS": session_options(options),
        "MIGRATION_LOCK_TIMEOUT_SECONDS": str(math.ceil(lock_timeout_seconds)),
    }


@dataclass(frozen=True)
class Release:
    """An unpacked release whose migrations are run.

    Attributes:
        directory: where it is unpacked.
        user: the system user who runs the commands.
        environment: what they are told.
        timeout_seconds: how long one command may take.
    """

    directory: Path
    runner: Runner
    user: str
    environment: Mapping[str, str]
    timeout_seconds: float

    def call(self, command: Sequence[str]) -> Completed:
        """Run one command from the release."""
        program = command[0] if command[0].startswith("/") else str(self.directory / command[0])
        return self.runner(
            [program, *command[1:]],
            user=self.user,
            environment=self.environment,
            directory=str(self.directory),
            timeout_seconds=self.timeout_seconds,
        )

    def has(self, migration: Migration) -> bool:
        """Ask whether a migration is applied.

        Raises:
            MigrationError: its check says neither.
        """
        asked = self.call(migration.check)
        if asked.status not in (APPLIED, PENDING):
            raise MigrationError(
                f"The check of migration {migration.id} ended with status {asked.status} (0 is applied, 1 is pending): {_said(asked)}",
                RELEASE_FAULT,
            )
        return asked.status == APPLIED


def migrate(
    release: Release,
    migrations: Sequence[Migration],
    *,
    check: bool = False,
    alone: Alone | None = None,
    guard: Guard | None = None,
    retries: Retries | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> list[MigrationState]:
    """Apply what is pending, in the manifest's order; with `check`, only ask.

    Raises:
        MigrationError: naming the migration and what it said.
    """
    states = []
    for migration in migrations:
        if release.has(migration):
            states.append(MigrationState(migration.id, migration.kind, "applied"))
        elif check:
            states.append(MigrationState(migration.id, migration.kind, "pending"))
        else:
            start = clock()
            attempts = _apply(release, migration, alone, guard, retries or Retries())
            seconds = round(clock() - start, 3)
            states.append(MigrationState(migration.id, migration.kind, "done", seconds, attempts))
    return states


def _apply(release: Release, migration: Migration, alone: Alone | None, guard: Guard | None, retries: Retries) -> int:
    """Apply one migration; return how often its command was started."""
    for attempt in range(1, retries.attempts + 1):
        if alone is not None:
            alone.see_held()
        if guard is not None:
            guard.forget()
        done = release.call(migration.command)
        if done.status == 0:
            # Its exit status is not proof.
            if release.has(migration):
                return attempt
            raise MigrationError(
                f"Migration {migration.id} ended well, but its check still says that it is pending: {_said(done)}",
                RELEASE_FAULT,
            )
        if not (LOCK_TIMEOUT.search(done.stderr + done.stdout) or (guard is not None and guard.cancelled)):
            fits = "; the version before still fits the database" if migration.kind == "expand" else ""
            raise MigrationError(
                f"Migration {migration.id} failed with status {done.status}: {_said(done)} — it may be run again once the cause is removed{fits}.",
                RELEASE_FAULT,
            )
        if release.has(migration):
            return attempt
        held = f", held by {guard.blockers}" if guard is not None and guard.blockers else ""
        if attempt < retries.attempts:
            say(f"migration {migration.id} got no lock in time{held}; attempt {attempt} of {retries.attempts}")
            retries.sleep(retries.pause_seconds(attempt))
    raise MigrationError(
        f"Migration {migration.id} got no lock in time in {retries.attempts} attempts{held}, and gave up so that nobody waits behind it; its check "
        f"still says that it is pending. See who works in the database that long, and run again when they have ended: {_said(done)}"
    )


def _said(done: Completed) -> str:
    return done.said[-SAID_CHARACTERS:]
