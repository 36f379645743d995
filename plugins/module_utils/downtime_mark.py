# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mark of an upgrade with downtime, on the database's host: how far it has come, and so what whoever comes after it must do.

It is written before anything is closed and goes when everything is open again, so a run that died leaves it. Two of its steps count most: from
`migrating` on the database is no longer what the version before needs, and from `decided` on browsers may have written, so that nothing may ever be
restored over it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from .errors import OpsError
from .files import TextFile, sync_folder, write_text

__all__ = ["MARK", "STEPS", "Mark", "MarkError", "read", "remove", "way", "write"]

MARK = Path("/var/lib/traumalink-upgrade/downtime.json")
FORMAT = 1
# Each step with those that may come before it; "" is no mark at all. A step may be written again.
STEPS: Mapping[str, tuple[str, ...]] = {
    "closing": ("",),
    "migrating": ("closing",),
    "restoring": ("migrating",),
    "restored": ("migrating", "restoring"),  # from `migrating` where somebody has restored the database by hand
    "decided": ("migrating",),
}
REOPEN, RESTORE, FORWARD = "reopen", "restore", "forward"


class MarkError(OpsError):
    """The mark is damaged, or contradicts what is asked for."""


@dataclass(frozen=True)
class Mark:
    """An upgrade with downtime that has begun and not ended.

    Attributes:
        run_id: of the upgrade. name: the application. before, to: its versions.
        step: one of `STEPS`. closed_at: when it began to let nobody in, ISO 8601 in UTC.
        restore_point: where the database goes back to, "" before there is one. timeline: on which that lies.
        backup: label of the set from which it comes back, so that nobody has to look for the point in all WAL; "" before there is one.
    """

    run_id: str
    name: str
    before: str
    to: str
    step: str
    closed_at: str
    restore_point: str = ""
    timeline: int = 0
    backup: str = ""

    def stepped(self, step: str, restore_point: str = "", segment: str = "", backup: str = "") -> Mark:
        """Return the mark at a later step; with `migrating` come the restore point, the segment that holds it, and the set before it.

        Raises:
            MarkError: that step does not follow.
        """
        if step != self.step and self.step not in STEPS[step]:
            raise MarkError(
                f"The upgrade {self.run_id} is {self.step}, and {step} does not follow. Nothing was changed"
            )
        if not restore_point:
            return replace(self, step=step)
        return replace(self, step=step, restore_point=restore_point, timeline=int(segment[:8], 16), backup=backup)

    def seconds(self, now: datetime) -> float:
        """Return since how many seconds nobody is let in."""
        return round(max((now - datetime.fromisoformat(self.closed_at)).total_seconds(), 0.0), 1)


def read(path: Path = MARK) -> Mark | None:
    """Return the mark that stands, None where none does.

    Raises:
        MarkError: it is damaged; nothing is guessed.
    """
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if data.pop("format") != FORMAT:
            raise MarkError(f"{path} is of another format; use a newer collection")
        mark = Mark(**data)
        datetime.fromisoformat(mark.closed_at)
        if mark.step not in STEPS:
            raise ValueError(mark.step)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise MarkError(
            f"{path} cannot be read ({type(error).__name__}: {error}), so nobody knows how far an upgrade with downtime has come. The ledger holds its record: "
            "look at versions and restore point there, then put right or remove the file"
        ) from None
    return mark


def write(mark: Mark, path: Path = MARK) -> bool:
    """Let the mark stand, for root alone, whole and safe from a power cut; return whether that changed anything. Raises OpsError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    sync_folder(path.parent.parent)
    return write_text(TextFile(path, json.dumps({"format": FORMAT, **asdict(mark)}, indent=2) + "\n", mode=0o600))


def remove(path: Path = MARK) -> bool:
    """Take the mark away; return whether there was one."""
    if not path.exists():
        return False
    path.unlink()
    sync_folder(path.parent)
    return True


def way(mark: Mark, timeline: int) -> str:
    """Return what brings the upgrade to an end: `reopen` (the database is as it was before), `restore` (to the restore point), or `forward`.

    Args:
        timeline: on which the server writes now, 0 where it does not answer.

    Raises:
        MarkError: somebody else has restored the database meanwhile.
    """
    if mark.step in ("closing", "restored"):
        return REOPEN
    if mark.step == "decided":
        return FORWARD
    if mark.step == "migrating" and timeline not in (0, mark.timeline):
        raise MarkError(
            f"The database writes on timeline {timeline}, and the restore point {mark.restore_point} of the upgrade {mark.run_id} lies on {mark.timeline}: somebody "
            f"has restored it since, and nothing is restored over that. See that {mark.name} {mark.before} fits the database, remove {MARK}, then run "
            "traumalink.ops.deploy with the release that runs"
        )
    return RESTORE
