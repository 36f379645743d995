# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths whose files are backed up, looked at before: what restic would leave out without a word is refused by its name."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from .errors import OpsError

__all__ = ["MOUNTS", "PathsError", "mount_points", "regular_files", "see_paths"]

MOUNTS = Path("/proc/self/mountinfo")


class PathsError(OpsError):
    """A path holds nothing, or not what it seems to hold."""


def see_paths(paths: Sequence[str], host: str, mounts: Path = MOUNTS) -> dict[str, int]:
    """Return the number of regular files by path.

    Raises:
        PathsError: a path is missing, leads elsewhere, holds no file, or has another file system mounted somewhere below it.
    """
    mounted = mount_points(mounts.read_text(encoding="utf-8", errors="surrogateescape"))
    if problems := list(path_problems([Path(path) for path in paths], mounted)):
        raise PathsError(f"{'; '.join(problems)}: see file_backup_paths of {host}. Nothing was backed up")
    found = {path: regular_files(Path(path))[0] for path in paths}
    if empty := [path for path, count in found.items() if not count]:
        raise PathsError(
            f"{', '.join(empty)} of {host} holds no file. If its disk is not mounted, mount it; else take it out of file_backup_paths until it does. "
            "Nothing was backed up"
        )
    return found


def path_problems(paths: Sequence[Path], mounted: Sequence[Path]) -> Iterator[str]:
    """Yield what is wrong with paths, each with what to do."""
    for path in paths:
        if not os.path.lexists(path):
            yield f"{path} is not there"
        elif (real := Path(os.path.realpath(path))) != path:
            # restic keeps a link as a link, and nothing of what it leads to.
            yield f"{path} is a symbolic link, or lies below one; name {real} instead"
        for below in mounted:
            # restic is told to stay on the file system of each path (--one-file-system).
            if path in below.parents and below not in paths:
                yield f"{below} is another file system below {path}; name it as well, or instead of {path} what shall be backed up of it"


def mount_points(mountinfo: str) -> list[Path]:
    """Return where file systems are mounted (proc(5), mountinfo: fifth field; blanks and the like are octal)."""
    fields = [line.split(" ")[4] for line in mountinfo.splitlines()]
    return sorted({Path(re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), field)) for field in fields})


def regular_files(path: Path) -> tuple[int, int]:
    """Return number and bytes of the regular files below a folder; of a file itself."""
    count = total = 0
    below = (Path(parent, name) for parent, _folders, names in os.walk(path) for name in names)
    for file in below if path.is_dir() else [path]:
        status = os.lstat(file)
        if stat.S_ISREG(status.st_mode):
            count, total = count + 1, total + status.st_size
    return count, total
