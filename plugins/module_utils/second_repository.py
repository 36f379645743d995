# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How it stands with the second repository, such as an object store: what was verified of it when it got its last set, and what it says of itself now."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from .errors import OpsError
from .files import TextFile, write_text
from .pgbackrest import PgBackRest
from .wal_archive import WalArchive

__all__ = ["SECOND", "SecondState", "read_second", "second_now", "write_second"]

SECOND = Path("/var/lib/traumalink-backup/second.json")
MODE = 0o640  # as the proofs


@dataclass(frozen=True)
class SecondState:
    """How it stands with the second repository.

    Attributes:
        label, verified_at: the set that was seen in it with all its WAL, and when, aware, UTC; "" and None where none was.
        problem: what was wrong with the last one, or is wrong now; "" where it is well.
        behind_since: since when the first repository has WAL that this one lacks; None where it is as new.
    """

    label: str = ""
    verified_at: datetime | None = None
    problem: str = ""
    behind_since: datetime | None = None


def read_second(path: Path = SECOND) -> SecondState:
    """Return what was verified last."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        at = datetime.fromisoformat(told["verified_at"]).astimezone(UTC) if told["verified_at"] else None
        return SecondState(str(told["label"]), at, str(told["problem"]))
    except (OSError, KeyError, TypeError, ValueError):
        return SecondState()


def write_second(state: SecondState, owner: str, path: Path = SECOND) -> None:
    """Keep durably what was verified."""
    at = state.verified_at and state.verified_at.astimezone(UTC).isoformat(timespec="seconds")
    told = {"label": state.label, "verified_at": at, "problem": state.problem}
    write_text(TextFile(path, json.dumps(told, ensure_ascii=False, indent=1) + "\n", owner, MODE))


def second_now(engine: PgBackRest, first: WalArchive, kept: SecondState) -> SecondState:
    """Return how it stands now. What cannot be read is told as the problem.

    Its files are not listed, since this is asked each minute; it says itself up to where it has WAL.

    Args:
        engine: on the second repository.
        first: what the first repository holds.
        kept: what was verified last.
    """
    try:
        stanza = engine.info()
    except OpsError as error:
        return replace(kept, problem=str(error))
    if kept.label and all(backup.label != kept.label for backup in stanza.backups):
        kept = replace(kept, problem=f"backup {kept.label}, which was verified in it, is gone")
    lacking = [each.archived_at for name, each in first.segments.items() if name > (stanza.wal_max or "")]
    return replace(kept, behind_since=min(lacking, default=None))
