"""Connections that survive a restart of the database, and that never let a caller wait without end.

psycopg2 waits inside libpq, where neither a signal nor a clock reaches it. A wait callback does the waiting in Python
instead, against a deadline of the calling thread: so a frozen database host is noticed as surely as a stopped one.
"""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg2
import psycopg2.extensions

Connection = Any
Cursor = Any

SEARCH_PATH_OPTION = "-c search_path=trauma,report -c timezone=Asia/Shanghai"


class DatabaseAwayError(Exception):
    """The database cannot be reached or did not answer in time."""


class _Patience(threading.local):
    deadline: float | None = None


_patience = _Patience()


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Give all database work of this thread inside the block `seconds` in total."""
    before = _patience.deadline
    _patience.deadline = time.monotonic() + seconds
    try:
        yield
    finally:
        _patience.deadline = before


def _remaining_seconds() -> float | None:
    return None if _patience.deadline is None else _patience.deadline - time.monotonic()


def _wait(connection: Connection) -> None:
    """Wait for a connection's socket. Raises `OperationalError` at the deadline (psycopg2 then closes it)."""
    while True:
        state = connection.poll()
        if state == psycopg2.extensions.POLL_OK:
            return
        remaining = _remaining_seconds()
        if remaining is not None and remaining <= 0:
            raise psycopg2.OperationalError("the database did not answer in time")
        poller = select.poll()
        poller.register(
            connection.fileno(), select.POLLIN if state == psycopg2.extensions.POLL_READ else select.POLLOUT
        )
        poller.poll(None if remaining is None else max(1, int(remaining * 1000)))


def use_deadlines() -> None:
    """Make every connection of this process obey `patience`. COPY does not work afterwards (a limit of psycopg2)."""
    psycopg2.extensions.set_wait_callback(_wait)


def open_connection(dsn: str, application_name: str) -> Connection:
    """A new connection to the first host of `dsn` that answers. Raises `DatabaseAwayError`.

    libpq tries the next of several hosts only after an error, never after silence, so each gets its share of the time.
    """
    parameters = psycopg2.extensions.parse_dsn(dsn)
    hosts = parameters.pop("host", "").split(",")
    ports = parameters.pop("port", "").split(",")
    options = f"{SEARCH_PATH_OPTION} {parameters.pop('options', '')}".strip()
    failure: Exception | None = None
    for position, host in enumerate(hosts):
        port = ports[position] if len(ports) == len(hosts) else ports[0]
        place = {key: value for key, value in (("host", host), ("port", port)) if value}
        remaining = _remaining_seconds()
        share = 10.0 if remaining is None else remaining / (len(hosts) - position)
        try:
            with patience(share):
                return psycopg2.connect(
                    **{"connect_timeout": "10", "application_name": application_name, **parameters, **place},
                    options=options,
                    keepalives_idle=10,
                    keepalives_interval=5,
                    keepalives_count=3,
                )
        except psycopg2.OperationalError as error:
            failure = error
    raise DatabaseAwayError(str(failure).strip()) from failure


class Database:
    """A small pool of connections for the threads of one process; idle ones are tried before they are used."""

    def __init__(self, dsn: str, application_name: str, most_idle: int = 8) -> None:
        self._dsn = dsn
        self._application_name = application_name
        self._most_idle = most_idle
        self._idle: list[Connection] = []
        self._lock = threading.Lock()

    @contextmanager
    def transaction(self, seconds: float) -> Iterator[Cursor]:
        """A cursor inside one transaction that is committed at the end, all within `seconds`.

        Raises `DatabaseAwayError` when the connection fails, and psycopg2's errors for what the database refuses.
        """
        with patience(seconds):
            try:
                connection, cursor = self._begin()
                try:
                    yield cursor
                    connection.commit()
                except BaseException:
                    with suppress(psycopg2.Error):
                        connection.rollback()
                    raise
                finally:
                    self._give_back(connection)
            except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
                raise DatabaseAwayError(str(error).strip() or type(error).__name__) from error

    def _begin(self) -> tuple[Connection, Cursor]:
        while True:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                connection = open_connection(self._dsn, self._application_name)
                return connection, connection.cursor()
            try:
                cursor = connection.cursor()
                cursor.execute("SELECT 1")
                return connection, cursor
            except (psycopg2.OperationalError, psycopg2.InterfaceError):
                with suppress(psycopg2.Error):
                    connection.close()

    def _give_back(self, connection: Connection) -> None:
        with self._lock:
            if not connection.closed and len(self._idle) < self._most_idle:
                self._idle.append(connection)
                return
        with suppress(psycopg2.Error):
            connection.close()
