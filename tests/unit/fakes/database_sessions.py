"""A database as psycopg2's sessions see it: the advisory lock, who waits for a lock, and sessions that get lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


class SessionLost(Exception):  # noqa: N818 - psycopg2 calls it OperationalError
    """What psycopg2 raises where the server is gone."""


@dataclass
class Database:
    """What all sessions see.

    Attributes:
        held_by: sessions that hold the advisory lock, as process and name.
        waiting: who waits for a table: process, seconds, and the sessions that block it.
        cancelled: processes that were cancelled; opened: names of the sessions that were opened.
    """

    held_by: list[tuple[int, str]] = field(default_factory=list)
    waiting: list[tuple[int, float | None, list[str]]] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    away: bool = False

    def session(self, name: str = "lock") -> Session:
        """Open a session."""
        self.opened.append(name)
        self.sessions.append(Session(self, name))
        return self.sessions[-1]

    def restart(self) -> None:
        """Lose all sessions."""
        for session in self.sessions:
            session.lost = True
        self.held_by.clear()


@dataclass
class Session:
    """A session, which is its own cursor."""

    database: Database
    name: str
    lost: bool = False
    closed: bool = False
    answer: list[tuple[Any, ...]] = field(default_factory=list)

    def cursor(self) -> Session:
        return self

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_arguments: object) -> None: ...

    def execute(self, sql: str, values: tuple[Any, ...] = ()) -> None:
        if self.lost or self.database.away:
            raise SessionLost("server closed the connection\n\tunexpectedly")
        if "pg_try_advisory_lock" in sql:
            free = not self.database.held_by
            if free:
                self.database.held_by.append((4711, self.name))
            self.answer = [(free,)]
        elif "'advisory'" in sql:
            self.answer = list(self.database.held_by)
        elif "waitstart" in sql:
            self.answer = list(self.database.waiting)
        elif "pg_cancel_backend" in sql:
            self.database.cancelled.append(values[0])
            self.answer = [(True,)]
        else:
            self.answer = [(1,)]

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self.answer

    def close(self) -> None:
        self.closed = True
        self.database.held_by = [entry for entry in self.database.held_by if entry[1] != self.name]
