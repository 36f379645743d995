# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which kind of backup is due, and how long sets must be kept."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from .backup_proof import Proof
from .drill_result import SUCCESS, DrillResult
from .pgbackrest_sets import Backup, Stanza

__all__ = ["days_to_keep", "due_kind"]

LATENESS = timedelta(hours=6)  # a nightly job does not begin to the minute, and waits for other operations
ENGINE_LATER = timedelta(hours=1)  # it compares ages with its own clock, after this has been decided


def due_kind(stanza: Stanza, proofs: Mapping[str, Proof], full_every: timedelta, now: datetime) -> str:
    """Return `full` where the newest full set that was proven is that old, or nearly, or there is none; else `incr`.

    What builds on a full set is lost with it, so one of which nothing is proven does not count.
    """
    proven = [backup for backup in stanza.backups if backup.type == "full" and backup.label in proofs]
    if not proven or proofs[proven[-1].label].system_id != stanza.system_id:
        return "full"
    lateness = min(LATENESS, full_every / 4)
    return "full" if now - began(proven[-1]) >= full_every - lateness else "incr"


def days_to_keep(
    stanza: Stanza, proven: Collection[str], drills: Mapping[str, DrillResult], retention_days: int, now: datetime
) -> tuple[int, str | None]:
    """Return for how many days sets must be kept, and the set that a drill has proven last, which must stay; None where there is none.

    What a set builds on stays with it, so the age of its full set counts.

    Args:
        proven: labels of the sets that counted when they were taken.
        drills: by label.
    """
    kept = drilled_last(stanza, drills)
    fulls = [backup for backup in stanza.backups if backup.type == "full"]
    bad = {full.label for full in fulls if full.label not in proven or failed(drills.get(full.label))}
    needed = [full for full in fulls if kept and full.label == kept.partition("_")[0]]
    needed += cover(fulls, bad, now - timedelta(days=retention_days))
    return max([retention_days, *(math.ceil((now - began(full)) / timedelta(days=1)) + 1 for full in needed)]), kept


def drilled_last(stanza: Stanza, drills: Mapping[str, DrillResult]) -> str | None:
    """Return the newest set that came back well in its last drill; where there is none, one that came back well before a later drill failed."""
    known = [drills[backup.label] for backup in stanza.backups if backup.label in drills]
    brought = [drill for drill in known if drill.last_success]
    chosen = [drill for drill in brought if not failed(drill)] or brought
    return max((drill.label for drill in chosen), default=None)


def cover(fulls: Sequence[Backup], bad: Collection[str], since: datetime) -> list[Backup]:
    """Return the full set that must cover the time from `since` on, where the engine would keep one in its place that does not count; else nothing.

    Of the full sets that are older, the engine keeps the newest, so that all of the time is covered, whether that one can be restored or not.

    Args:
        fulls: oldest first.
        bad: labels of those that do not count.
    """
    covering = [full for full in fulls if full.label not in bad and ended(full) <= since][-1:]
    behind = [full for full in fulls if full.label in bad and ended(full) <= since + ENGINE_LATER]
    return [full for full in covering if any(ended(each) > ended(full) for each in behind)]


def failed(drill: DrillResult | None) -> bool:
    """Tell whether there was a drill that failed."""
    return drill is not None and drill.outcome != SUCCESS


def began(backup: Backup) -> datetime:
    """Return when a set was begun."""
    return datetime.fromisoformat(backup.started_at)


def ended(backup: Backup) -> datetime:
    """Return when a set was complete, by which the engine tells its age."""
    return datetime.fromisoformat(backup.stopped_at)
