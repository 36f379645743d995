# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restore in place: what is right already stays, the rest is written over. So the old data is copied first, unless somebody has agreed to lose it."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from .command import Runner, run_checked
from .files import sync_folder

__all__ = ["InPlace", "copy_aside", "size_bytes"]


@dataclass(frozen=True)
class InPlace:
    """How a restore in place goes about the old data.

    Attributes:
        agreed: what a person said to it.
    """

    agreed: str = ""

    def words(self, data: Path) -> str:
        """Return what a person repeats who agrees to keep nothing."""
        return f"write over {data}"

    def keeps(self, data: Path) -> bool:
        """Tell whether a copy of the old data is kept: always, unless somebody has agreed to lose it."""
        return self.agreed.strip() != self.words(data)


def size_bytes(folder: Path) -> int:
    """Return what the files under a folder take."""
    return sum(file.lstat().st_size for file in folder.rglob("*") if not file.is_dir())


def copy_aside(runner: Runner, folder: Path, copy: Path) -> None:
    """Copy a folder whole; its name is given last, so what was cut off is never taken for a copy.

    On file systems that share blocks between files (XFS, Btrfs) that takes moments and no room.

    Raises:
        CommandError: it failed; the folder was not touched.
    """
    begun = copy.with_name(f".{folder.name}.copying")
    shutil.rmtree(begun, ignore_errors=True)  # of a run that was cut off: the folder itself is whole still
    run_checked(
        runner,
        ["cp", "--archive", "--reflink=auto", "--no-target-directory", str(folder), str(begun)],
        f"copying {folder} to {copy}",
    )
    os.sync()
    begun.rename(copy)
    sync_folder(copy.parent)
