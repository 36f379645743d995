# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""File systems: which one a path lies on, or would lie on, and what is free there."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

__all__ = ["GIBIBYTE", "FileSystem", "file_system_of", "free_bytes"]

GIBIBYTE = 1024**3


@dataclass(frozen=True)
class FileSystem:
    """One file system.

    Subvolumes of Btrfs and datasets of ZFS are file systems of their own here, though they share their free space.

    Attributes:
        device: tells it from every other one, wherever it is mounted (stat(2), st_dev).
        mount: where it is mounted, as seen from the path that was asked for.
    """

    device: int
    mount: Path
    free_bytes: int


def file_system_of(path: Path) -> FileSystem:
    """Return the file system that `path` lies on, or would lie on; links are followed."""
    there = path.resolve()
    while not there.exists():
        there = there.parent
    device, mount = there.stat().st_dev, there
    while mount != mount.parent and mount.parent.stat().st_dev == device:
        mount = mount.parent
    return FileSystem(device, mount, shutil.disk_usage(there).free)


def free_bytes(path: Path) -> int:
    """Return the free space of the file system that `path` lies on, or would lie on."""
    return file_system_of(path).free_bytes
