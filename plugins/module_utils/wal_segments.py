# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How large the WAL segments of a data directory are, and whether that is a size with which positions can be computed here."""

from __future__ import annotations

import re
from pathlib import Path

from .wal import SEGMENT_BYTES

__all__ = ["segment_bytes", "segment_problem"]

MEBIBYTE = 1024 * 1024


def segment_bytes(data_directory: Path) -> int | None:
    """Return the size of the WAL segments, None where there are none; the server gives each its whole size at once, and need not run."""
    try:
        found = sorted(
            path for path in (data_directory / "pg_wal").iterdir() if re.fullmatch(r"[0-9A-F]{24}", path.name)
        )
        return found[-1].stat().st_size if found else None
    except OSError:  # no data, or a segment that was removed meanwhile: the next run sees
        return None


def segment_problem(data_directory: Path) -> str:
    """Return why a database with such segments cannot be backed up by this collection, with what to do; "" where it can."""
    size = segment_bytes(data_directory)
    if size in (None, SEGMENT_BYTES):
        return ""
    return (
        f"The WAL segments of {data_directory} (wal_segment_size) are {size / MEBIBYTE:g} MiB; only {SEGMENT_BYTES // MEBIBYTE} MiB, PostgreSQL's default, is "
        "supported: with another size backups would be misjudged and restores misplanned. In a window stop the server cleanly, run "
        f"pg_resetwal --wal-segsize={SEGMENT_BYTES // MEBIBYTE} -D {data_directory} as postgres, start it, and take a full backup: WAL archived before leads no "
        "further. Nothing was changed."
    )
