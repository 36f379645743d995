# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""File systems: what is free where a path lies, or would lie."""

from __future__ import annotations

import shutil
from pathlib import Path

__all__ = ["GIBIBYTE", "free_bytes"]

GIBIBYTE = 1024**3


def free_bytes(path: Path) -> int:
    """Return the free space of the file system that `path` lies on, or would lie on."""
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free
