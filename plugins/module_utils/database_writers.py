# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions that could write: while an application is stopped for a change, nobody else may write either, or a restore would lose it.

A restore brings all databases of a server back, so all of them count.

Of a session its number, role, name and state are told, never its query, which may hold patients' data.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from .postgresql_server import Server, wait_for
from .record import one_line

__all__ = ["Writer", "gone", "words", "writers"]

DATABASES = "SELECT datname FROM pg_database WHERE datallowconn ORDER BY datname"
# Who may write a table of the database, whether or not it does just now. A prepared transaction writes when somebody commits it.
WRITERS = """
SELECT a.pid, a.usename, coalesce(a.application_name, ''), coalesce(a.state, '') FROM pg_stat_activity a
WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid() AND EXISTS (
  SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND has_table_privilege(a.usesysid, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE'))
UNION ALL
SELECT 0, owner, 'prepared transaction', 'waits for its second phase' FROM pg_prepared_xacts WHERE database = current_database()
ORDER BY 1
"""


@dataclass(frozen=True)
class Writer:
    """A session: its database, `pid` of its process (0 where it is a prepared transaction), role, the name that it gave itself, and state."""

    database: str
    pid: int
    role: str
    application: str
    state: str


def writers(server: Server, except_roles: Collection[str] = ()) -> list[Writer]:
    """Return who is connected to any database and may write there, but for these roles.

    Raises:
        ServerError: the server does not answer.
    """
    found = [
        Writer(database, int(pid), role, one_line(application), state)
        for (database,) in server.query(DATABASES)
        for pid, role, application, state in server.query(" ".join(WRITERS.split()), database)
    ]
    return [each for each in found if each.role not in except_roles]


def gone(
    server: Server,
    except_roles: Collection[str],
    wait_seconds: float,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Writer]:
    """Wait until nobody is left who may write; return who is left when time is up.

    Raises:
        ServerError: the server does not answer.
    """
    wait_for(
        lambda: not writers(server, except_roles),
        wait_seconds,
        clock=clock,
        sleep=sleep,
        interval_seconds=0.5,
    )
    return writers(server, except_roles)


def words(found: Sequence[Writer]) -> str:
    """Say who is left and what to do; "" where nobody is."""
    if not found:
        return ""
    listed = ", ".join(
        f"{each.application or 'without a name'} ("
        + (f"process {each.pid}, role {each.role}" if each.pid else f"role {each.role}")
        + f", database {each.database})"
        for each in found
    )
    return (
        f"These sessions could write while nobody may: {listed}. What they write would be lost when the database goes back to its restore "
        "point. Stop what runs there for the time of the upgrade, and run again."
    )
