# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The migrations of a release: asked whether they are applied, applied in order, and asked again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .command import Completed, Runner
from .errors import OpsError
from .manifest import Migration

__all__ = ["MigrationError", "MigrationState", "migrate"]

APPLIED, PENDING = 0, 1
SAID_CHARACTERS = 1500


class MigrationError(OpsError):
    """A migration could not be asked or applied; those before it stay applied."""


@dataclass(frozen=True)
class MigrationState:
    """One migration afterwards: `applied` before this run, `done` by this run, or `pending` (check mode)."""

    id: str
    kind: str
    state: str
    seconds: float = 0.0


def migrate(
    migrations: Sequence[Migration],
    directory: Path,
    runner: Runner,
    *,
    user: str,
    environment: Mapping[str, str],
    timeout_seconds: float,
    check: bool = False,
    clock: Callable[[], float] = time.monotonic,
) -> list[MigrationState]:
    """Apply what is pending, in the manifest's order, from the release in `directory`, as the system user `user`.

    Raises:
        MigrationError: naming the migration and what it said.
    """
    states = []
    for migration in migrations:

        def call(command: tuple[str, ...]) -> Completed:
            program = command[0] if command[0].startswith("/") else str(directory / command[0])
            return runner(
                [program, *command[1:]],
                user=user,
                environment=environment,
                directory=str(directory),
                timeout_seconds=timeout_seconds,
            )

        if _is_applied(migration, call(migration.check)):
            states.append(MigrationState(migration.id, migration.kind, "applied"))
        elif check:
            states.append(MigrationState(migration.id, migration.kind, "pending"))
        else:
            start = clock()
            done = call(migration.command)
            if done.status != 0:
                raise MigrationError(
                    f"Migration {migration.id} failed with status {done.status}: {_said(done)} — it may be run again once the "
                    "cause is removed; the version before still fits the database."
                )
            # Its exit status is not proof.
            if not _is_applied(migration, call(migration.check)):
                raise MigrationError(
                    f"Migration {migration.id} ended well, but its check still says that it is pending: {_said(done)}"
                )
            states.append(MigrationState(migration.id, migration.kind, "done", round(clock() - start, 3)))
    return states


def _is_applied(migration: Migration, asked: Completed) -> bool:
    if asked.status not in (APPLIED, PENDING):
        raise MigrationError(
            f"The check of migration {migration.id} ended with status {asked.status} (0 is applied, 1 is pending): {_said(asked)}"
        )
    return asked.status == APPLIED


def _said(done: Completed) -> str:
    return done.said[-SAID_CHARACTERS:]
