"""Nobody waits long behind a migration: who waits for a strong lock longer than the limit is cancelled."""

from __future__ import annotations

import threading
import time

from ansible_collections.traumalink.ops.plugins.module_utils.lock_guard import LockGuard, guarding
from database_sessions import Database


def test_who_waits_too_long_is_cancelled_and_who_does_not_is_not() -> None:
    database = Database(
        waiting=[(21, 2.9, ["7 (pg_dump)"]), (22, 3.1, ["8 (billing)", "9 (without a name)"]), (23, None, [])]
    )
    guard = LockGuard(database.session, 3.0)
    guard.look()
    assert (database.cancelled, guard.cancelled) == ([22], True)
    guard.forget()
    assert (guard.cancelled, guard.blockers) == (False, "")
    database.waiting = [(21, 1.0, ["7 (pg_dump)"])]
    guard.look()
    assert (guard.cancelled, guard.blockers) == (False, "7 (pg_dump)")
    assert database.cancelled == [22]
    assert database.opened == ["lock"]


def test_the_one_who_was_waited_for_last_is_kept_for_the_message() -> None:
    database = Database(waiting=[(21, 1.0, ["7 (pg_dump)"])])
    guard = LockGuard(database.session, 3.0)
    guard.look()
    database.waiting = []
    guard.look()
    assert guard.blockers == "7 (pg_dump)"


def test_a_database_that_comes_back_is_looked_at_again() -> None:
    database = Database(waiting=[(22, 9.0, [])])
    guard = LockGuard(database.session, 3.0)
    database.away = True
    guard.look()
    assert (database.cancelled, guard.session) == ([], None)
    database.away = False
    guard.look()
    assert database.cancelled == [22]


def test_looks_beside_the_command_until_it_has_ended() -> None:
    looked = threading.Event()

    class Seen(Database):
        def session(self, name: str = "lock"):  # type: ignore[no-untyped-def]
            looked.set()
            return super().session(name)

    database = Seen(waiting=[(22, 9.0, [])])
    with guarding(database.session, 3.0, poll_seconds=0.001) as guard:
        assert looked.wait(30)
        deadline = time.monotonic() + 30
        while not guard.cancelled and time.monotonic() < deadline:
            time.sleep(0.001)
        assert guard.cancelled
    assert database.sessions[0].closed
    assert not any(thread.name == "lock guard" for thread in threading.enumerate())
