# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The room that a restore needs, and whether it is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .file_system import GIBIBYTE, free_bytes
from .restore_in_place import size_bytes
from .restore_job import RestoreJob
from .restore_target import RestoreError, RestoreTarget

__all__ = ["RestoreRoom"]


@dataclass(frozen=True)
class RestoreRoom:
    """The room at the place that a restore goes to.

    Attributes:
        free: gives the free bytes under a path.
        wal_bytes: WAL that may lie there while the server replays it: what max_wal_size is set to.
    """

    target: RestoreTarget
    free: Callable[[Path], int] = free_bytes
    wal_bytes: int = GIBIBYTE

    def required_bytes(self, database_bytes: int, job: RestoreJob) -> int:
        """Return the free space that a restore needs: the database, a tenth of it more, and the WAL.

        The WAL is fetched segment by segment and recycled at restart points, whose distance max_wal_size bounds.
        What an interrupted restore has already brought counts as done.
        """
        if self.target.replays(job):
            return 0
        needed, over = database_bytes + database_bytes // 10 + self.wal_bytes, self.target.written_over(job)
        if not over and not self.target.completes(job):
            return needed
        there = size_bytes(self.target.data_directory)
        return max(needed - there, 0) + (there if over and over.keeps(self.target.data_directory) else 0)

    def require(self, database_bytes: int, job: RestoreJob) -> int:
        """Return the free bytes.

        Raises:
            RestoreError: they do not suffice.
        """
        data, over = self.target.data_directory, self.target.written_over(job)
        needed, free = self.required_bytes(database_bytes, job), self.free(data)
        if free < needed:
            instead = (
                f", or agree to keep nothing of the old data: -e 'restore_delta_confirm=\"{over.words(data)}\"'"
                if over and over.keeps(data)
                else ""
            )
            raise RestoreError(
                f"the file system of {data} has {free / GIBIBYTE:.1f} GiB free, the restore needs {needed / GIBIBYTE:.1f} GiB; "
                f"free {(needed - free) / GIBIBYTE:.1f} GiB more or mount a larger disk there{instead}. Nothing was changed"
            )
        return free
