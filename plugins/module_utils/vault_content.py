# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the database's host can keep WAL while ops is gone: the room that it has, and the rate of the last day that the vault knows."""

from __future__ import annotations

from datetime import timedelta

from .wal import SEGMENT_BYTES
from .wal_archive import WalArchive

__all__ = ["days_left", "wal_bytes_a_day"]

DAY = timedelta(days=1)


def wal_bytes_a_day(archive: WalArchive) -> int:
    """Return how much WAL came in the last day before the newest segment."""
    times = [segment.archived_at for segment in archive.segments.values()]
    last = max(times, default=None)
    return 0 if last is None else SEGMENT_BYTES * sum(at > last - DAY for at in times)


def days_left(free_bytes: int, bytes_a_day: int) -> float:
    """Return for how many days WAL that nobody fetches fits into the free space: a tenth of it stays free."""
    return round(free_bytes * 0.9 / max(bytes_a_day, SEGMENT_BYTES), 1)
