# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sets a restore prefers: proven ones before the rest, the newest first; and which it leaves alone unless somebody names them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .backup_proof import Proof
from .drill_result import SUCCESS, DrillResult
from .pgbackrest_sets import Backup

__all__ = ["doubt", "preferred"]

MAX_REASON = 200  # a drill names all that failed


def doubt(backup: Backup, drills: Mapping[str, DrillResult]) -> str:
    """Return why a set is left alone unless somebody names it; "" where nothing speaks against it.

    Args:
        drills: the newest result of each set that was drilled, by label.
    """
    if backup.checksum_errors:
        return "holds pages with wrong checksums"
    drill = drills.get(backup.label)
    if drill and drill.outcome != SUCCESS:
        return f"failed its drill of {drill.drilled_at:%Y-%m-%d} ({drill.reason[:MAX_REASON]})"
    return ""


def preferred(sets: Iterable[Backup], proofs: Mapping[str, Proof]) -> list[Backup]:
    """Return sets in the order in which a restore tries them: a proven one costs more WAL to replay than a newer one of which nothing is known."""
    return sorted(sets, key=lambda backup: (backup.label in proofs, backup.stopped_at), reverse=True)
