"""The database session that migrations run in: nobody waits long behind it, and two runs take turns.

A statement that waits for a lock makes everybody wait who comes after it. So a migration waits for a moment only, gives up, and
tries again a little later, for as long as its patience lasts: where long transactions come and go, many short waits together cost
people far less than a few long ones.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from trauma import settings

Result = TypeVar("Result")

# The same as in 1.0.0, so that runs of different versions take turns, too.
MIGRATION_LOCK = 7_265_002
LOCK_TIMEOUT_SECONDS = 0.1
PATIENCE_SECONDS = 30.0
PAUSE_SECONDS = 0.2
# PostgreSQL documentation, appendix A: lock_not_available, deadlock_detected.
LOCK_FAILURES = ("55P03", "40P01")


class WaitedTooLongError(Exception):
    """Somebody else holds what the migration needs, and its patience is over."""


@dataclass(frozen=True)
class Waiting:
    """How long a migration may wait.

    `lock_timeout_seconds` is for one lock: `LOCK_TIMEOUT_SECONDS`, or less where the environment allows less. `patience_seconds` is for
    all attempts together; 0 is one attempt.
    """

    lock_timeout_seconds: float
    patience_seconds: float


def from_environment(environment: Mapping[str, str] = os.environ) -> Waiting:
    """Read how long to wait. Raises `SettingsError`."""
    allowed = _seconds(environment, "MIGRATION_LOCK_TIMEOUT_SECONDS")
    patience = _seconds(environment, "MIGRATION_PATIENCE_SECONDS")
    if allowed == 0:
        raise settings.SettingsError("MIGRATION_LOCK_TIMEOUT_SECONDS is 0, which is for ever: give more, such as 0.3")
    timeout = LOCK_TIMEOUT_SECONDS if allowed is None else min(allowed, LOCK_TIMEOUT_SECONDS)
    return Waiting(timeout, PATIENCE_SECONDS if patience is None else patience)


def _seconds(environment: Mapping[str, str], name: str) -> float | None:
    text = environment.get(name)
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 86_400:
        raise settings.SettingsError(f"{name} is {text!r}: give seconds, such as 0.3")
    return seconds


def open_session() -> Any:
    """A psycopg2 connection that has its turn and waits briefly for locks. Raises `WaitedTooLongError` and psycopg2's errors."""
    import psycopg2

    waiting = from_environment()
    connection = psycopg2.connect(
        settings.from_environment().database_dsn,
        application_name="trauma-migrate",
        options=f"{os.environ.get('PGOPTIONS', '')} -c search_path=public".strip(),
    )
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('lock_timeout', %s, false)", (milliseconds(waiting.lock_timeout_seconds),)
            )
            take_turn(cursor, waiting.patience_seconds)
        connection.autocommit = False
    except BaseException:
        connection.close()
        raise
    return connection


def milliseconds(seconds: float) -> str:
    """Seconds as PostgreSQL reads them, never rounded to 0 (which is for ever)."""
    return f"{max(1, round(seconds * 1000))}ms"


def take_turn(
    cursor: Any,
    patience_seconds: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Take the session lock of migrations. Raises `WaitedTooLongError`.

    It is asked for again and again: a statement that waits has a snapshot, which CREATE INDEX CONCURRENTLY of the run before would
    wait for in turn.
    """
    deadline = clock() + patience_seconds
    while True:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", (MIGRATION_LOCK,))
        if cursor.fetchone()[0]:
            return
        if clock() >= deadline:
            raise WaitedTooLongError(
                f"another migration still runs after {patience_seconds:g} s (sessions named trauma-migrate);"
                " wait for its end, then run this one again"
            )
        sleep(PAUSE_SECONDS)


def lock_failure(error: BaseException) -> str:
    """The SQLSTATE of a statement that was given up because somebody else held a lock, "" for any other error."""
    code = getattr(getattr(error, "orig", None) or error, "pgcode", None)
    return code if code in LOCK_FAILURES else ""


def persisting(
    action: Callable[[], Result],
    patience_seconds: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Result:
    """Do `action` until no lock was in its way. Raises `WaitedTooLongError`, and at once whatever else it raises."""
    deadline, attempts = clock() + patience_seconds, 0
    while True:
        attempts += 1
        try:
            return action()
        except Exception as error:
            code = lock_failure(error)
            if not code:
                raise
            if clock() >= deadline:
                # The code tells whoever started this that nothing is wrong with the migration itself.
                raise WaitedTooLongError(
                    f"a lock was not to be had in {patience_seconds:g} s ({attempts} attempts, SQLSTATE {code}): find the transaction that holds it"
                    " in pg_stat_activity, let it end, then run this migration again"
                ) from error
        sleep(PAUSE_SECONDS)


@contextmanager
def waiting_in_nobodys_way(bind: Any) -> Iterator[None]:
    """Wait for locks longer: for CONCURRENTLY, which waits for every transaction, and behind which no query of the application waits."""
    before = bind.exec_driver_sql("SHOW lock_timeout").scalar()
    longer = max(PATIENCE_SECONDS, from_environment().patience_seconds)
    bind.exec_driver_sql(f"SET lock_timeout = '{milliseconds(longer)}'")
    yield
    bind.exec_driver_sql(f"SET lock_timeout = '{before}'")
