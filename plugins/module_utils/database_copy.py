# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One database or one table comes back beside production: a scratch restore on ops, and its dump over TLS to the database's host.

Nothing of it touches a file outside the scratch folder, which is removed at the end. (The other end: database_load.py.)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from .backup_proof import Content
from .copy_source import Source, near, plain_name
from .drill_plan import WAL_BYTES, PlanError
from .drill_scratch import Scratch
from .drill_server import ReplayError, ScratchServer
from .handover import Giving, HandoverError
from .pgbackrest import Backup, PgBackRest
from .progress import say
from .restore_goal import NAME
from .restore_plan import DEFAULT, RestorePlan
from .restore_request import Request

__all__ = ["Asked", "Copying"]

ROWS_SHOWN = 12


@dataclass(frozen=True)
class Asked:
    """What somebody wants back.

    Attributes:
        database: its name; table: as SQL writes it, "" for the whole database; into: the name of the new database, for the record.
        request: to which moment, and from which set.
    """

    database: str
    table: str = ""
    into: str = ""
    request: Request = field(default_factory=lambda: Request({}))


@dataclass
class Copying:
    """One such restore, on the repository's host.

    Attributes:
        planning: plans a restore, as that of the whole database is planned.
        engine: as the drill's user with the drill's own configuration: it reads the repository and cannot write to it.
        server: makes the scratch server of a PostgreSQL version.
        giving: waits for the database's host and gives it the connection.
        present: names of production's databases now, where they are known.
    """

    planning: Callable[[Request], RestorePlan]
    engine: PgBackRest
    scratch: Scratch
    server: Callable[[str], ScratchServer]
    giving: Callable[[], AbstractContextManager[Giving]]
    present: Sequence[str] = ()
    clock: Callable[[], float] = time.monotonic

    def look(self, asked: Asked) -> RestorePlan:
        """Return what would come back. Nothing is changed.

        Raises:
            SourceError, RefusedError, PlanError: it cannot be what is asked for, or cannot come back.
            ScratchError: there is not enough room.
        """
        plain_name("restore_database", asked.database)
        if asked.table:
            plain_name("restore_table", asked.table)
        plan = self.planning(asked.request)
        label = plan.backup.label
        known = sorted({*self.engine.databases(label), *self.present})
        if asked.database not in known:
            raise PlanError(
                f"neither backup {label} nor the server of today has a database {asked.database!r}; there is: {near(asked.database, known)}. "
                "Nothing was changed"
            )
        self.scratch.require(plan.backup.database_bytes + plan.backup.database_bytes // 10 + WAL_BYTES)
        return plan

    def run(self, asked: Asked) -> dict[str, Any]:
        """Bring it back and give it to the database's host; return the figures for the record."""
        with self.scratch.held():
            try:
                return self.carry_out(asked)
            finally:
                say("removes the restored data")

    def carry_out(self, asked: Asked) -> dict[str, Any]:
        """Do it, in a scratch folder that is wiped afterwards."""
        plan = self.look(asked)
        database_id = str(plan.backup.database_id)
        began = self.clock()
        say("waits for the database's host")
        with self.giving() as giving:
            self.restore(plan.backup)
            server = self.server(database_id.partition("-")[0])
            segments = self.engine.archive(database_id).segments
            server.fetching.lay({name: segment.sha1 for name, segment in segments.items()})
            self.replay(server, plan)
            replayed = self.clock()
            source = Source(server, asked.database, asked.table)
            like = source.find()
            say("counts and sums what came back")
            content = source.content()
            parts = source.parts()
            giving.say(
                {
                    "like": like,
                    "parts": [part.title for part in parts],
                    "words": f"{plan.backup.label}, {plan.goal.words}",
                }
            )
            answer(giving)
            for part in parts:
                say(f"gives {part.title}")
                source.dump(part, giving.data)
                giving.end()
            giving.say({"content": plain_content(content), "large_objects": source.large_objects()})
            notes = answer(giving)
            sent = giving.bytes
            server.stop()
        return {
            "backup": plan.backup.label,
            "target": plan.goal.words,
            "lost": plan.lost,
            "database": asked.database,
            **({"table": asked.table} if asked.table else {}),
            "into": asked.into,
            "tables": len(content.tables),
            "rows": sum(table.rows for table in content.tables.values()),
            "rows_by_table": rows_by_table(content),
            "database_bytes": int(like["bytes"]),
            "dump_bytes": sent,
            "restore_seconds": round(replayed - began, 1),
            "load_seconds": round(self.clock() - replayed, 1),
            **({"notes": notes} if notes else {}),
        }

    def restore(self, backup: Backup) -> None:
        """Lay the set down in the scratch folder."""
        self.scratch.prepare()
        say(f"restores backup {backup.label}")
        places = [f"--pg1-path={self.scratch.data}", f"--tablespace-map-all={self.scratch.tablespaces}"]
        argv = [f"--set={backup.label}", "--type=default", *places, "restore"]
        self.engine.call(*argv, what=f"the restore of backup {backup.label}")
        if not (self.scratch.data / "recovery.signal").exists():
            raise ReplayError(
                f"the restore of backup {backup.label} ended without an error, but laid no recovery.signal down"
            )

    def replay(self, server: ScratchServer, plan: RestorePlan) -> None:
        """Replay to the moment that was planned.

        Raises:
            ReplayError: it is not reached, or a segment on the way is damaged.
        """
        replace(server, target=target_settings(plan)).reach(None, plan.timeline)
        damaged(server)


def target_settings(plan: RestorePlan) -> dict[str, str]:
    """Return the settings by which a scratch server opens where a real restore does (PostgreSQL documentation, 20.5.5).

    It does not pause there: a transaction that is under way at that moment would keep its locks, and a table that it is about to empty could not be read.
    """
    if plan.type == DEFAULT:
        return {}
    value = plan.goal.value if plan.type == NAME else plan.target  # the target is written down for the engine
    inclusive = {} if plan.type == NAME else {"recovery_target_inclusive": "on"}
    return {f"recovery_target_{plan.type}": value, "recovery_target_action": "promote", **inclusive}


def damaged(server: ScratchServer) -> None:
    """Refuse what was replayed from a damaged segment: the server takes it for the end of the WAL."""
    if found := server.fetching.damaged():
        raise ReplayError(f"{found[0]}, so what comes after it cannot come back; choose a moment before it")


def answer(giving: Giving) -> str:
    """Return the notes of the database's host, when it agrees.

    Raises:
        HandoverError: it does not.
    """
    heard = giving.hear()
    if not heard.get("ok"):
        raise HandoverError(f"{giving.peer}: {heard.get('why', 'no reason was given')}")
    return str(heard.get("notes", ""))


def plain_content(content: Content) -> dict[str, Any]:
    """Return content as plain data, as content_of reads it."""
    tables = {name: {"rows": table.rows, "sum": table.sum} for name, table in content.tables.items()}
    return {"database": content.database, "lsn": content.lsn, "tables": tables, "sequences": dict(content.sequences)}


def rows_by_table(content: Content) -> str:
    """Return the rows of the largest tables, for the record."""
    largest = sorted(content.tables.items(), key=lambda entry: (-entry[1].rows, entry[0]))
    more = f"; {len(largest) - ROWS_SHOWN} more tables" if len(largest) > ROWS_SHOWN else ""
    return "; ".join(f"{name} {table.rows}" for name, table in largest[:ROWS_SHOWN]) + more
