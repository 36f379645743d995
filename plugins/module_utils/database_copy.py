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
from datetime import datetime
from typing import Any

from .backup_proof import Content
from .copy_plan import END, TIME, Moment, moment_of, set_for
from .copy_source import Source, near, plain_name
from .drill_plan import DrillPlan, PlanError, whole_archive
from .drill_scratch import Scratch
from .drill_server import ReplayError, ScratchServer
from .handover import Giving, HandoverError
from .pgbackrest import Backup, PgBackRest, Stanza
from .progress import say

__all__ = ["Asked", "Copying"]

NOT_REACHED = "recovery ended before configured recovery target was reached"
ROWS_SHOWN = 12


@dataclass(frozen=True)
class Asked:
    """What somebody wants back.

    Attributes:
        database: its name; table: as SQL writes it, "" for the whole database; into: name of the new database, "" for one of our own.
        label: the set, None for the newest that fits; targets: by kind (time, lsn, name, xid).
    """

    database: str
    table: str = ""
    into: str = ""
    label: str | None = None
    targets: dict[str, str] = field(default_factory=dict)


@dataclass
class Copying:
    """One such restore, on the repository's host.

    Attributes:
        engine: as the drill's user with the drill's own configuration: it reads the repository and cannot write to it.
        server: makes the scratch server of a PostgreSQL version.
        giving: waits for the database's host and gives it the connection.
        present: names of production's databases now, where they are known.
    """

    engine: PgBackRest
    scratch: Scratch
    server: Callable[[str], ScratchServer]
    giving: Callable[[], AbstractContextManager[Giving]]
    now: datetime
    present: Sequence[str] = ()
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def look(self, asked: Asked) -> tuple[Stanza, Backup, Moment, DrillPlan]:
        """Return what would come back: stanza, set, moment, and the way through the WAL. Nothing is changed.

        Raises:
            SourceError, PlanError: it cannot be what is asked for, or cannot come back.
            ScratchError: there is not enough room.
        """
        plain_name("restore_database", asked.database)
        if asked.table:
            plain_name("restore_table", asked.table)
        moment = moment_of(asked.targets, self.now)
        stanza = self.engine.info()
        archive = self.engine.archive(str(stanza.database_id)) if stanza.database_id else None
        if archive is None or not stanza.backups:
            raise PlanError(
                f"the repository holds no backup of {stanza.name}; nothing can come back. Nothing was changed"
            )
        backup = set_for(moment, stanza, asked.label, archive)
        plan = whole_archive(lambda: self.engine.archive(str(stanza.database_id)), backup, None, self.sleep)
        known = [*self.engine.databases(backup.label), *self.present]
        if asked.database not in known:
            raise PlanError(
                f"neither backup {backup.label} nor the server of today has a database {asked.database!r}; there is: {near(asked.database, known)}. "
                "Nothing was changed"
            )
        self.scratch.require(plan.required_bytes)
        return stanza, backup, moment, plan

    def run(self, asked: Asked) -> dict[str, Any]:
        """Bring it back and give it to the database's host; return the figures for the record."""
        with self.scratch.held():
            try:
                return self.carry_out(asked)
            finally:
                say("removes the restored data")

    def carry_out(self, asked: Asked) -> dict[str, Any]:
        """Do it, in a scratch folder that is wiped afterwards."""
        stanza, backup, moment, plan = self.look(asked)
        began = self.clock()
        say("waits for the database's host")
        with self.giving() as giving:
            self.restore(backup)
            server = self.server(str(stanza.database_id).partition("-")[0])
            server.fetching.lay(plan.checksums)
            reached = self.replay(server, plan, moment)
            replayed = self.clock()
            source = Source(server, asked.database, asked.table)
            like = source.find()
            say("counts and sums what came back")
            content = source.content()
            parts = source.parts()
            giving.say({"like": like, "parts": [part.title for part in parts], "words": f"{backup.label}, {reached}"})
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
            "backup": backup.label,
            "target": reached,
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

    def replay(self, server: ScratchServer, plan: DrillPlan, moment: Moment) -> str:
        """Replay to the moment, and return in words what was reached.

        Where nothing was committed between a time and the end of the archive, the end has what there was at that time.
        """
        server = replace(server, target=moment.settings) if moment.kind != END else server
        try:
            server.reach(None, plan.timeline)
        except ReplayError as error:
            if NOT_REACHED not in str(error):
                raise
            if moment.kind != TIME:
                older = (
                    ""
                    if moment.kind == "lsn"
                    else "; where it lies before this backup, name an older one by restore_set"
                )
                raise PlanError(
                    f"{moment.words} is not in the WAL from backup {plan.backup.label} to its end, segment {plan.last}{older}"
                ) from None
            server.stop()
            replace(server, target={}).reach(None, plan.timeline)
            damaged(server)
            return f"{moment.words} (nothing was committed between it and the end of the archive, segment {plan.last})"
        damaged(server)
        return moment.words if moment.kind != END else f"{moment.words}, segment {plan.last}"


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
