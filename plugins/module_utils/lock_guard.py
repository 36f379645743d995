# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No query of the hospital waits long behind a migration, whatever the vendor's command makes of its lock_timeout.

A command that waits for a strong lock on a table makes everybody wait who comes after it. lock_timeout ends that, but a program may set its session's
options itself and so lose ours. Whoever of the owner's sessions waits longer all the same is cancelled from here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from .migration_lock import MigrationLockError, Session, rows
from .record import one_line

__all__ = ["LockGuard", "guarding"]

POLL_SECONDS = 0.5
# Those behind which readers or writers queue (PostgreSQL documentation, table 13.2).
STRONG = ["ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"]
# An owner may read pg_locks whole, of other roles' sessions their names, and may cancel the own ones (9.27.2).
WAITING = """
SELECT l.pid, extract(epoch FROM clock_timestamp() - l.waitstart)::float,
  ARRAY(SELECT format('%%s (%%s)', b.pid, coalesce(nullif(b.application_name, ''), 'without a name'))
    FROM pg_stat_activity b WHERE b.pid = ANY (pg_blocking_pids(l.pid)) ORDER BY b.pid)
FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE NOT l.granted AND l.locktype = 'relation' AND l.mode = ANY (%s) AND a.usename = current_user
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
CANCEL = "SELECT pg_cancel_backend(%s)"


class LockGuard:
    """What was seen while one command ran.

    Attributes:
        cancelled: whether a session of it was cancelled, since it waited longer than `limit_seconds`.
        blockers: who held what it waited for last, in words; "" where nobody waited.
    """

    def __init__(self, connect: Callable[[], Session], limit_seconds: float) -> None:
        self.connect, self.limit_seconds = connect, limit_seconds
        self.session: Session = None
        self.cancelled = False
        self.blockers = ""

    def forget(self) -> None:
        """Begin anew, before another command."""
        self.cancelled, self.blockers = False, ""

    def look(self) -> None:
        """Look once, and cancel who waits too long.

        A session that was lost is opened again by the next look; a database that is away ends the command by itself.
        """
        try:
            self.session = self.session or self.connect()
            for pid, seconds, blockers in rows(self.session, WAITING, (STRONG,)):
                self.blockers = one_line(", ".join(blockers))
                if (seconds or 0.0) > self.limit_seconds:
                    self.cancelled = True  # before it is: the command may end while the answer is on its way
                    rows(self.session, CANCEL, (pid,))
        except MigrationLockError:
            self.close()

    def close(self) -> None:
        """Close the session."""
        session, self.session = self.session, None
        if session is not None:
            with suppress(Exception):
                session.close()


@contextmanager
def guarding(
    connect: Callable[[], Session], limit_seconds: float, poll_seconds: float = POLL_SECONDS
) -> Iterator[LockGuard]:
    """Look all the time, in a thread beside."""
    guard, ended = LockGuard(connect, limit_seconds), threading.Event()

    def watch() -> None:
        while not ended.wait(poll_seconds):
            guard.look()

    thread = threading.Thread(target=watch, name="lock guard", daemon=True)
    thread.start()
    try:
        yield guard
    finally:
        ended.set()
        thread.join()
        guard.close()
