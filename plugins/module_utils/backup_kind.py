# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which kind of backup is due, and how long sets must be kept."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta

from .backup_proof import Proof
from .pgbackrest_sets import Backup, Stanza

__all__ = ["days_to_keep", "due_kind"]

LATENESS = timedelta(hours=6)  # a nightly job does not begin to the minute, and waits for other operations


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
    stanza: Stanza, drilled: Mapping[str, datetime], retention_days: int, now: datetime
) -> tuple[int, str | None]:
    """Return for how many days sets must be kept, and the set that a drill has proven last, which must stay; None where there is none.

    What a set builds on stays with it, so the age of its full set counts.
    """
    known = {backup.label: backup for backup in stanza.backups}
    kept = max((label for label in drilled if label in known), default=None)
    full = known.get(kept.partition("_")[0]) if kept else None
    if full is None:
        return retention_days, None
    return max(retention_days, math.ceil((now - began(full)) / timedelta(days=1)) + 1), kept


def began(backup: Backup) -> datetime:
    """Return when a set was begun."""
    return datetime.fromisoformat(backup.started_at)
