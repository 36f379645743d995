# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The database's side of a backup: rows committed while it runs and after it, and what the database holds then."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .backup_proof import Canary, Content, content_of
from .content_sums import BusyError, sum_content
from .errors import OpsError
from .postgresql_server import Server, ServerError
from .progress import say

__all__ = ["DATABASE", "CanaryError", "Observed", "Watch"]

DATABASE = "traumalink_canary"
# pgBackRest, src/db/helper.c: "pgBackRest [<command>]"
RUNNING = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'pgBackRest [backup]%'"
TABLE = """
CREATE SCHEMA IF NOT EXISTS traumalink;
CREATE TABLE IF NOT EXISTS traumalink.canary (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, moment text NOT NULL, committed_at timestamptz NOT NULL DEFAULT clock_timestamp())
"""
OLD = "DELETE FROM traumalink.canary WHERE committed_at < now() - interval '60 days'"
ROW = "INSERT INTO traumalink.canary (moment) VALUES ('{moment}') RETURNING id"
DURABLE = "SET synchronous_commit = 'local'"  # so that the commit is on disk, and the position behind it too
FACTS = """
SELECT (SELECT system_identifier FROM pg_control_system()), pg_snapshot_xmax(pg_current_snapshot()), substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)
"""
DATABASES = """
SELECT datname, coalesce(pg_database_collation_actual_version(oid), '') FROM pg_database
WHERE datallowconn AND NOT datistemplate AND datname <> 'traumalink_canary' ORDER BY datname
"""
EXTENSIONS = "SELECT extname, extversion FROM pg_extension ORDER BY extname"


class CanaryError(OpsError):
    """No row could be committed while the backup ran, or after it."""


@dataclass(frozen=True)
class Observed:
    """What the database says of one backup.

    Attributes:
        during: rows committed while the backup was seen, oldest first; after: one committed when it had gone.
        content: of each database that had a quiet moment; busy: why the others are not in it.
        next_xid: transactions below it had begun when the backup had ended.
        proven_to: the segment after which nothing of this lies; it has been ended, so it goes to the archive.
    """

    system_id: int
    timeline: int
    next_xid: int
    during: tuple[Canary, ...]
    after: Canary
    content: tuple[Content, ...]
    busy: tuple[str, ...]
    proven_to: str
    collations: dict[str, str]
    extensions: dict[str, str]

    def facts(self) -> dict[str, Any]:
        """Return it as plain data for an Ansible result."""
        return asdict(self)

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Observed:
        """Return it from what `facts` returned, on another host.

        Raises:
            CanaryError: these are no such facts.
        """
        try:
            given = {
                **facts,
                "during": tuple(Canary(**row) for row in facts["during"]),
                "after": Canary(**facts["after"]),
                "content": tuple(content_of(entry) for entry in facts["content"]),
                "busy": tuple(facts["busy"]),
            }
            return cls(**given)
        except (KeyError, TypeError) as error:
            raise CanaryError(f"what the database saw of the backup is incomplete ({error!r}); run again") from None


@dataclass(frozen=True)
class Watch:
    """One look from the database at a backup that another host takes.

    Attributes:
        start_seconds: how long to wait for the backup to be seen.
        budget_bytes: how much of the databases is read for the proof of content; 0 leaves it out.
        clock, sleep: seconds that go by, and waiting.
    """

    server: Server
    start_seconds: float = 60.0
    budget_bytes: int = 512 * 1024**2
    quiet_seconds: float = 20.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def observe(self) -> Observed:
        """Wait for the backup, commit rows beside it, wait for its end, and tell what the database holds.

        Raises:
            CanaryError: no backup was seen.
            ServerError: the server is away, or is no primary.
        """
        self.prepare()
        during = self.accompany()
        system_id, next_xid, timeline = self.server.query(FACTS)[0]
        names = self.server.query(DATABASES)
        content, busy = self.look([name for name, _version in names])
        extensions = {
            f"{name}/{extension}": version
            for name, _collation in names
            for extension, version in self.server.query(EXTENSIONS, name)
        }
        after = self.commit("after")
        return Observed(
            system_id=int(system_id),
            timeline=int(timeline, 16),
            next_xid=int(next_xid),
            during=during,
            after=after,
            content=content,
            busy=busy,
            proven_to=self.switch(),
            collations={name: version for name, version in names if version},
            extensions=extensions,
        )

    def prepare(self) -> None:
        """Make the canaries' own database where there is none, and remove old rows."""
        if not self.server.query("SELECT 1 FROM pg_database WHERE datname = 'traumalink_canary'"):
            self.server.query(f"CREATE DATABASE {DATABASE}", timeout_seconds=300)
            self.server.query(f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC")
        self.server.session([TABLE, OLD], DATABASE)

    def accompany(self) -> tuple[Canary, ...]:
        """Commit rows while the backup runs, often at first and then less; return them.

        The engine starts and ends its backup some moments after and before its session; which of the rows lies between is told by their positions.
        """
        deadline = self.clock() + self.start_seconds
        while not self.running():
            if self.clock() > deadline:
                raise CanaryError(
                    f"no backup was seen from the database within {self.start_seconds:.0f} s: it failed before it began, or both hosts did not work "
                    "side by side (ansible.cfg: forks must be 2 at least)"
                )
            self.sleep(0.1)
        rows, pause, following = [self.commit("during")], 0.25, self.clock() + 0.25
        say("the backup is seen from the database")
        while self.running():
            if self.clock() >= following:
                rows.append(self.commit("during"))
                pause = min(pause * 1.5, 60.0)
                following = self.clock() + pause
            self.sleep(0.5)  # a look costs the host, whose processors the engine needs
        return tuple(rows)

    def running(self) -> bool:
        """Tell whether a backup is connected to the database."""
        return self.server.value(RUNNING) != "0"

    def commit(self, moment: str) -> Canary:
        """Commit a row, and return it with a position behind its commit."""
        row, flushed = self.server.session(
            [DURABLE, ROW.format(moment=moment), "SELECT pg_current_wal_flush_lsn()"], DATABASE
        )
        return Canary(int(row[0]), flushed[0])

    def look(self, databases: list[str]) -> tuple[tuple[Content, ...], tuple[str, ...]]:
        """Return the content of the databases, and why one is not in it."""
        content, busy = [], []
        for name in databases if self.budget_bytes else []:
            say(f"counting and summing what is in {name}")
            try:
                content.append(sum_content(self.server, name, self.budget_bytes // len(databases), self.quiet_seconds))
            except (BusyError, ServerError) as error:
                busy.append(str(error))
        return tuple(content), tuple(busy)

    def switch(self) -> str:
        """End the segment that holds the last row, so that it is archived at once; return its name."""
        return self.server.value("SELECT pg_walfile_name(pg_switch_wal())")
