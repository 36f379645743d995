# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of migrations at a time on a database: an advisory lock, held in a session of our own beside the vendor's commands."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .database_access import DatabaseAccess
from .errors import OpsError
from .postgresql_server import SESSION, session_options
from .record import one_line

__all__ = ["MigrationLock", "MigrationLockError", "holding", "open_session"]

# Two numbers, which no lock of one number (such as those of Alembic or Rails) meets: PostgreSQL documentation, 9.27.10.
LOCK = (1953653, 2)
TRY = "SELECT pg_try_advisory_lock(%s, %s)"
HOLDER = """
SELECT a.pid, coalesce(a.application_name, '') FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND (l.classid, l.objid) = (%s, %s)
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
CONNECT_SECONDS = 10

Session = Any  # a connection of psycopg2, which ships no types


class MigrationLockError(OpsError):
    """The database cannot be reached for the lock, another run holds it, or it was lost."""


def open_session(access: DatabaseAccess, password_file: Path, application: str) -> Session:
    """Return a session of the tables' owner that is no transaction, under `application` as its name.

    Raises:
        MigrationLockError: psycopg2 is missing, or the database cannot be reached.
    """
    try:
        import psycopg2
    except ImportError:
        raise MigrationLockError(
            "Debian's package python3-psycopg2 is missing on this host; install it first."
        ) from None
    try:
        session = psycopg2.connect(
            access.conninfo(),
            passfile=str(password_file),
            application_name=application,
            options=session_options(SESSION),
            connect_timeout=CONNECT_SECONDS,
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
        )
    except psycopg2.Error as error:
        raise MigrationLockError(
            f"The database {access.name} on {access.host} cannot be reached as {access.user}: {one_line(str(error))}"
        ) from None
    session.autocommit = True
    return session


def rows(session: Session, sql: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the rows of one statement.

    Raises:
        MigrationLockError: the session is gone, or the server refused it.
    """
    try:
        with session.cursor() as cursor:
            cursor.execute(sql, values)
            return list(cursor.fetchall())
    except Exception as error:  # psycopg2's own, which is not there to be named where psycopg2 is not
        raise MigrationLockError(f"The session beside the migrations was lost: {one_line(str(error))}") from None


class MigrationLock:
    """The lock, as long as its session lives."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def taken(self) -> bool:
        """Take it where nobody else has it; tell whether it was got."""
        return bool(rows(self.session, TRY, LOCK)[0][0])

    def holder(self) -> str:
        """Say who holds it."""
        found = rows(self.session, HOLDER, LOCK)
        return (
            ", ".join(f"process {pid} ({one_line(name) or 'without a name'})" for pid, name in found)
            or "nobody any more"
        )

    def see_held(self) -> None:
        """See that it is held still: a restart of the database lets go of it.

        Raises:
            MigrationLockError: it is not.
        """
        try:
            rows(self.session, "SELECT 1")
        except MigrationLockError as error:
            raise MigrationLockError(
                f"{error} So nothing says that no other migration runs beside this one, and no further command was started. Run again."
            ) from None


@contextmanager
def holding(
    connect: Callable[[], Session],
    wait_seconds: float,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[MigrationLock]:
    """Hold the lock; wait up to `wait_seconds` for another run of migrations to end.

    Raises:
        MigrationLockError: another run holds it for longer, or the database cannot be reached.
    """
    session = connect()
    try:
        lock, deadline = MigrationLock(session), clock() + wait_seconds
        while not lock.taken():
            if clock() >= deadline:
                raise MigrationLockError(
                    f"Other migrations of this database run already, held by {lock.holder()}. Wait until they have ended, and run again."
                )
            sleep(1.0)
        yield lock
    finally:
        with suppress(Exception):
            session.close()
