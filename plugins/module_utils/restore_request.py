# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a person typed and the repository to the plan of a restore; see restore_planner for how it is decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from .backup_proof import DRILLS, read_proofs
from .drill_result import read_results
from .pgbackrest import PgBackRest
from .pgbackrest_sets import Stanza
from .restore_goal import GoalError, read_goal
from .restore_options import GapError, RefusedError, Wanted
from .restore_plan import RestorePlan
from .restore_planner import Planner
from .wal_archive import WalArchive
from .wal_reader import WalReader, place

__all__ = ["Request", "plan_restore"]

# Segments are archived side by side, so a listing may show one before the one before it.
SETTLE_SECONDS = 3.0


@dataclass(frozen=True)
class Request:
    """What a person typed.

    Attributes:
        target: `time`, `name`, `lsn` and `xid`, as restore_goal reads them.
        timeline: a number, or "".
    """

    target: Mapping[str, str]
    label: str = ""
    timeline: str = ""
    accept_loss: str = ""

    def wanted(self) -> Wanted:
        """Return it as values.

        Raises:
            GoalError: it cannot be read.
        """
        number = self.timeline.strip()
        if number and not (number.isascii() and number.isdigit() and int(number) > 0):
            raise GoalError(f"restore_timeline {self.timeline!r} is no timeline's number, such as 2")
        goal = read_goal(self.target)
        return Wanted(goal, self.label.strip(), int(number) if number else None, self.accept_loss)


def plan_restore(
    request: Request, engine: PgBackRest, proofs: Path, programs: Path, now: datetime, sleep: Callable[[float], None]
) -> RestorePlan:
    """Return the plan; the repository is only read.

    Args:
        engine: on the repository's host.
        proofs: folder of what was seen of the backups when they were taken; the results of their drills lie beside it.
        programs: where PostgreSQL's versions lie, such as /usr/lib/postgresql.

    Raises:
        RefusedError: with what is possible instead.
        BackupError: the repository cannot be read.
    """
    stanza = engine.info()
    if not stanza.backups:
        raise RefusedError(f"The repository holds no backup of {engine.stanza}. Nothing was changed")
    version = str(stanza.database_id).partition("-")[0]
    with place(engine.user) as folder:
        reader = WalReader(engine, folder, programs / version / "bin")

        def planner(archive: WalArchive, wanted: Wanted) -> Planner:
            missing = reader.missing and f"{reader.missing} on the repository's host; traumalink.ops.site installs it"
            looking = None if missing else reader
            drills = read_results(proofs.with_name(DRILLS.name))
            return Planner(wanted, stanza, archive, read_proofs(proofs), looking, now, missing, drills=drills)

        archive = look(engine, stanza)
        try:
            wanted = request.wanted()
        except GoalError as error:
            raise planner(archive, Wanted()).refused(str(error)) from None
        try:
            plan = planner(archive, wanted).plan()
        except GapError:
            sleep(SETTLE_SECONDS)
            plan = planner(look(engine, stanza), wanted).plan()
    return replace(plan, tablespaces=engine.tablespaces(plan.backup.label))


def look(engine: PgBackRest, stanza: Stanza) -> WalArchive:
    """Return what the repository holds of the database's WAL."""
    return engine.archive(str(stanza.database_id))
