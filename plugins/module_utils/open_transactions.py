# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Transactions that stand in the way of a migration: whoever works long in a table lets nobody change it, and everybody else waits behind.

Of a session its number, age, name and state are told, never its query, which may hold patients' data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .postgresql_server import Server
from .record import one_line

__all__ = ["OpenTransaction", "obstacles", "words"]

# An autovacuum that prevents wraparound does not give way, as others do (PostgreSQL documentation, 25.1.6). A prepared transaction has no process.
OBSTACLES = """
SELECT pid, floor(extract(epoch FROM clock_timestamp() - since))::bigint, name, state FROM (
  SELECT pid, xact_start, coalesce(application_name, ''), coalesce(state, '') FROM pg_stat_activity
  WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
  UNION ALL
  SELECT pid, xact_start, 'autovacuum', 'prevents wraparound' FROM pg_stat_activity
  WHERE datname = current_database() AND backend_type = 'autovacuum worker' AND query LIKE '%(to prevent wraparound)%'
  UNION ALL
  SELECT 0, prepared, 'prepared transaction', 'waits for its second phase' FROM pg_prepared_xacts WHERE database = current_database()
) AS t (pid, since, name, state)
WHERE since < clock_timestamp() - interval '{seconds} seconds' ORDER BY since, pid
"""


@dataclass(frozen=True)
class OpenTransaction:
    """A transaction that is open: `pid` of its process (0 where it is prepared), age, the name that the session gave itself, and state."""

    pid: int
    age_seconds: int
    application: str
    state: str


def obstacles(server: Server, database: str, older_than_seconds: float) -> list[OpenTransaction]:
    """Return the transactions in `database` that are older, the oldest first.

    Raises:
        ServerError: the server does not answer.
    """
    sql = " ".join(OBSTACLES.format(seconds=float(older_than_seconds)).split())
    return [
        OpenTransaction(int(pid), int(age), one_line(application), state)
        for pid, age, application, state in server.query(sql, database)
    ]


def words(found: Sequence[OpenTransaction], database: str) -> str:
    """Say who is in the way and what to do; "" where nobody is."""
    if not found:
        return ""
    listed = ", ".join(
        f"{each.application or 'without a name'}"
        + (f" (process {each.pid}, {each.state})" if each.pid else f" ({each.state})")
        + f" for {each.age_seconds} s"
        for each in found
    )
    return (
        f"Transactions are open in database {database} that a migration would wait for, and everybody else behind it: {listed}. Wait until they have ended, "
        "or have whoever runs them end them (SELECT pg_terminate_backend(<process>)), and run again."
    )
