# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A named restore point whose WAL has left the database's host: whatever happens to that host later, it can be restored to."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from .errors import OpsError
from .postgresql_server import Server, wait_for

__all__ = ["RestorePoint", "RestorePointError", "make"]

# Words as a restore takes them; PostgreSQL keeps 63 bytes (src/include/access/xlog_internal.h, MAXFNAMELEN).
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
SEGMENT = re.compile(r"[0-9A-F]{24}")
ARCHIVER = "SELECT coalesce(last_archived_wal, ''), coalesce(last_failed_wal, '') FROM pg_stat_archiver"


class RestorePointError(OpsError):
    """There is no such restore point, or its WAL does not reach the archive."""


@dataclass(frozen=True)
class RestorePoint:
    """A restore point: its name, its position (as PostgreSQL writes it), and the segment that holds it, which is in the archive."""

    name: str
    lsn: str
    segment: str
    seconds: float


def make(
    server: Server,
    name: str,
    wait_seconds: float = 120.0,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> RestorePoint:
    """Make a restore point, end its segment, and wait until the server says that it was archived.

    Raises:
        RestorePointError: the name is unfit, or the segment was not archived in time.
        ServerError: the server is away, or is no primary.
    """
    if not NAME.fullmatch(name):
        raise RestorePointError(
            f"{name!r} is no name of a restore point: up to 63 letters, digits, dots, dashes and _, a letter or digit first"
        )
    begun = clock()
    # pg_create_restore_point returns the end of its record, which may be the first byte of the next segment.
    statement = f"SELECT lsn, pg_walfile_name(lsn - 1) FROM pg_create_restore_point('{name}') AS lsn"  # noqa: S608 - the name was looked at
    lsn, segment = server.query(statement)[0]
    server.query("SELECT pg_switch_wal()")

    def archived() -> bool:
        last = server.query(ARCHIVER)[0][0]
        # A timeline's history comes in between; a segment of a later timeline is later too.
        return bool(SEGMENT.fullmatch(last[:24])) and last[:24] >= segment

    if not wait_for(archived, wait_seconds, clock=clock, sleep=sleep, interval_seconds=0.5):
        failed = server.query(ARCHIVER)[0][1]
        said = f" (the server says that {failed} failed)" if failed else ""
        raise RestorePointError(
            f"segment {segment}, which holds the restore point {name}, was not archived within {wait_seconds:.0f} s{said}; "
            "traumalink.ops.backup_check tells what keeps WAL from arriving"
        )
    return RestorePoint(name, lsn, segment, round(clock() - begun, 1))
