# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the database's host can keep its WAL while ops is gone, by what the vault knows of the last day."""

from __future__ import annotations

from datetime import timedelta

from .wal import SEGMENT_BYTES
from .wal_archive import WalArchive

__all__ = ["days_left", "wal_bytes_a_day"]

DAY = timedelta(days=1)


def wal_bytes_a_day(archive: WalArchive) -> int:
    """Return how much WAL came in on the last day on which any came."""
    arrivals = [segment.archived_at for segment in archive.segments.values()]
    newest = max(arrivals, default=None)
    return 0 if newest is None else sum(at > newest - DAY for at in arrivals) * SEGMENT_BYTES


def days_left(free_bytes: int, wal_bytes_a_day: int) -> float:
    """Return for how many days WAL that nobody fetches fits into the free space: a tenth of it stays free."""
    return round(free_bytes * 0.9 / max(wal_bytes_a_day, SEGMENT_BYTES), 1)
