# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a vault can bring back where ops is gone: its newest set, how far its WAL goes, and how long the database's host can keep WAL meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .drill_plan import PlanError, plan
from .errors import OpsError
from .pgbackrest import Backup, Stanza
from .wal import SEGMENT_BYTES
from .wal_archive import WalArchive

__all__ = ["VaultContent", "VaultContentError", "content_of_vault", "days_left"]

DAY = timedelta(days=1)


class VaultContentError(OpsError):
    """The vault cannot bring the database back."""


@dataclass(frozen=True)
class VaultContent:
    """What would come back.

    Attributes:
        backup: the newest set; last: the last segment on the way from it; last_at: when that was archived (aware, UTC).
        wal_bytes_a_day: WAL that the database wrote in the last day that the vault knows.
    """

    backup: Backup
    last: str
    last_at: datetime
    timeline: int
    wal_bytes_a_day: int

    def facts(self) -> dict[str, Any]:
        """Return plain data for an Ansible result."""
        return {
            "newest": self.backup.facts(),
            "wal_max": self.last,
            "wal_max_at": self.last_at.isoformat(timespec="seconds"),
            "timeline": self.timeline,
            "wal_bytes_a_day": self.wal_bytes_a_day,
        }


def content_of_vault(stanza: Stanza, archive: WalArchive, place: str) -> VaultContent:
    """Return what a vault brings back.

    Raises:
        VaultContentError: it holds no set, or a segment on the way is missing.
    """
    if stanza.newest is None:
        raise VaultContentError(f"{place} holds no backup of {stanza.name}; mount the vault there. Nothing was changed")
    try:
        way = plan(stanza.newest, archive, None)
    except PlanError as error:
        raise VaultContentError(f"in the vault {place}: {error}. Nothing was changed") from None
    last_at = archive.segments[way.last].archived_at
    since = last_at - DAY
    lately = sum(since < segment.archived_at <= last_at for segment in archive.segments.values())
    return VaultContent(stanza.newest, way.last, last_at, way.timeline, lately * SEGMENT_BYTES)


def days_left(free_bytes: int, wal_bytes_a_day: int) -> float:
    """Return for how many days WAL that nobody fetches fits into the free space: a tenth of it stays free."""
    return round(free_bytes * 0.9 / max(wal_bytes_a_day, SEGMENT_BYTES), 1)
