# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A drill: a backup is brought back into a scratch instance, replayed, compared and looked through; the repository and production stay untouched."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from .backup_proof import Proof, ProofError, read_proof
from .drill_checks import Found, after_replay, checked, checksums, compare, replayed
from .drill_damage import damaged_copies, damaged_files
from .drill_plan import DrillPlan, chosen_set, whole_archive
from .drill_result import FAILED, SUCCESS, Check, DrillResult
from .drill_scratch import Scratch
from .drill_server import ReplayError, ScratchServer
from .errors import OpsError
from .pgbackrest import Backup, BackupError, PgBackRest, Stanza
from .progress import say
from .tree_state import changes, look

__all__ = ["Drill", "Drilled"]

CAUSE = "segments"  # what else fails then, fails for that


@dataclass(frozen=True)
class Drilled:
    """A drill that has ended: its result, and figures for the record."""

    result: DrillResult
    figures: dict[str, int | float | str]

    def facts(self) -> dict[str, Any]:
        """Return plain data for an Ansible result."""
        return {"drill": self.result.facts(), "figures": self.figures}


@dataclass
class Drill:
    """One drill.

    Attributes:
        engine: as the drill's user with the drill's own configuration: it reads the repository and cannot write to it.
        repository: where the repository lies.
        proofs: folder of what was seen of the backups.
        server: makes the scratch server of a PostgreSQL version.
        clock: seconds that go by; sleep: waits.
    """

    engine: PgBackRest
    scratch: Scratch
    repository: Path
    proofs: Path
    server: Callable[[str], ScratchServer]
    now: datetime
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    checks: list[Check] = field(default_factory=list)
    spent: dict[str, float] = field(default_factory=dict)
    opened: bool = False

    def look(self, label: str | None) -> tuple[Stanza, Backup]:
        """Return the set that would be drilled, after seeing that there is room. Nothing is changed.

        Raises:
            PlanError: there is no such set.
            ScratchError: there is not enough room.
            BackupError: the repository cannot be read.
        """
        stanza = self.engine.info()
        backup = chosen_set(stanza, label)
        self.scratch.require(DrillPlan(backup, None, 0, "").required_bytes)
        return stanza, backup

    def run(self, label: str | None) -> Drilled:
        """Carry the drill out. What fails is in the result; an error means that there was nothing to drill, or no place for it."""
        with self.scratch.held():
            stanza, backup = self.look(label)
            before = look(self.repository)
            proof = self.proof_of(backup)
            try:
                self.carry_out(stanza, backup, proof)
            finally:
                say("removes the restored data")
                self.scratch.wipe()
            untouched = f"{len(before)} files are as they were"
            self.note("repository", lambda: Found(tuple(changes(before, look(self.repository))), untouched))
        return self.conclude(backup)

    def proof_of(self, backup: Backup) -> Proof | None:
        """Return what was seen of the set; a set from before proofs were kept has none, a damaged one is a fault."""
        if not (self.proofs / f"{backup.label}.json").exists():
            words = f"nothing was kept of backup {backup.label} when it was taken: its content is not compared"
            self.keep("proof", True, words)
            return None
        try:
            return read_proof(backup.label, self.proofs)
        except ProofError as error:
            self.keep("proof", False, str(error))
            return None

    def keep(self, name: str, ok: bool, detail: str) -> bool:
        """Keep what a check came to."""
        self.checks.append(Check(name, ok, detail))
        return ok

    def note(self, name: str, make: Callable[[], Found]) -> None:
        """Make a check and keep it."""
        say(f"checks {name}")
        self.checks.append(checked(name, make))

    def carry_out(self, stanza: Stanza, backup: Backup, proof: Proof | None) -> None:
        """Restore, replay and look; stop where nothing can be done any more."""
        try:
            plan = whole_archive(lambda: self.engine.archive(str(stanza.database_id)), backup, proof, self.sleep)
        except OpsError as error:
            self.keep("wal", False, str(error))
            return
        self.keep("wal", True, f"{backup.wal_start} to {plan.last}, none missing")
        same = "manifest and information files are as their copies"
        self.note("copies", lambda: Found(tuple(damaged_copies(self.engine, backup.label)), same))
        if not self.restore(backup):
            return
        server = self.server(str(stanza.database_id).partition("-")[0])
        server.fetching.lay(plan.checksums)
        try:
            self.replay(server, plan)
            for name, make in after_replay(server, proof):
                self.note(name, make)
        except OpsError as error:
            self.keep("replay", False, str(error))
        whole = "each that was replayed is what was archived"
        self.note("segments", lambda: Found(tuple(server.fetching.damaged()), whole))
        if self.opened:
            self.note("checksums", lambda: checksums(server))

    def restore(self, backup: Backup) -> bool:
        """Lay the set down in the scratch folder; return whether that went well."""
        self.scratch.prepare()
        say(f"restores backup {backup.label}")
        places = [f"--pg1-path={self.scratch.data}", f"--tablespace-map-all={self.scratch.tablespaces}"]
        argv = [f"--set={backup.label}", "--type=default", *places, "restore"]
        what = f"the restore of backup {backup.label}"
        try:
            with self.taking("restore"):
                self.engine.call(*argv, what=what)
        except BackupError as error:
            say("looks for the damaged file")
            return self.keep("restore", False, damaged_files(self.engine, backup, str(error)))
        if not (self.scratch.data / "recovery.signal").exists():
            return self.keep("restore", False, f"{what} ended without an error, but laid no recovery.signal down")
        return self.keep("restore", True, f"backup {backup.label}, {backup.database_bytes} bytes")

    def replay(self, server: ScratchServer, plan: DrillPlan) -> None:
        """Replay from pause to pause and then to the end, where the server opens.

        Raises:
            ReplayError: it does not.
        """
        for pause in plan.pauses:
            try:
                with self.taking("replay"):
                    server.reach(pause.lsn, plan.timeline)
                for content in pause.contents:
                    self.note("content", partial(compare, server, content))
            except ReplayError as error:
                self.keep("content", False, str(error))
                break  # the other pauses lie behind this one; what else there is to see is seen at the end
            finally:
                server.stop()
        with self.taking("replay"):
            server.reach(None, plan.timeline)
        self.opened = True
        self.note("replay", lambda: replayed(server, plan.last))

    @contextmanager
    def taking(self, what: str) -> Iterator[None]:
        """Count the time that something takes."""
        began = self.clock()
        yield
        self.spent[what] = self.spent.get(what, 0.0) + self.clock() - began

    def conclude(self, backup: Backup) -> Drilled:
        """Return the result, and the figures for the record."""
        failed = [check for check in self.checks if not check.ok]
        rto = round(sum(self.spent.values()), 1) if self.opened else 0.0
        result = DrillResult(
            label=backup.label,
            drilled_at=self.now,
            outcome=FAILED if failed else SUCCESS,
            reason="; ".join(
                f"{check.name}: {check.detail}" for check in sorted(failed, key=lambda check: check.name != CAUSE)
            ),
            seconds=rto,
            checks=tuple(self.checks),
            proof_compared=any(check.name == "content" for check in self.checks),
        )
        figures: dict[str, int | float | str] = {
            "backup": backup.label,
            "backup_type": backup.type,
            "database_bytes": backup.database_bytes,
            "checks": len(self.checks),
            "checks_failed": len(failed),
            "content_compared": "yes" if result.proof_compared else "no",
        }
        if self.opened:
            figures |= {
                "rto_seconds": rto,
                **{f"{what}_seconds": round(seconds, 1) for what, seconds in self.spent.items()},
            }
        return Drilled(result, figures)
