# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""That nobody touched a tree of files: what each file was like before, compared with after."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Seen", "changes", "look"]

# pgBackRest writes under this ending and renames when all is written: such a file is none yet.
UNFINISHED = ".pgbackrest.tmp"


@dataclass(frozen=True)
class Seen:
    """A file as it was: size (bytes), time of its last change (nanoseconds since the epoch) and number on its file system."""

    size_bytes: int
    changed_ns: int
    number: int


def look(root: Path) -> dict[str, Seen]:
    """Return every regular file below `root`, by its path from there."""
    return {os.path.relpath(entry.path, root): seen(entry) for entry in files(str(root))}


def changes(before: Mapping[str, Seen], after: Mapping[str, Seen]) -> list[str]:
    """Return in words what became of the files that were there before; new files are nobody's business here."""
    gone = [f"{path} is gone" for path in before if path not in after]
    changed = [f"{path} was changed" for path, was in before.items() if path in after and after[path] != was]
    return sorted(gone + changed)


def files(folder: str) -> Iterator[os.DirEntry[str]]:
    """Give the regular files of a folder and of those in it; what vanishes meanwhile is left out, links are not followed."""
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from files(entry.path)
        elif entry.is_file(follow_symlinks=False) and not entry.name.endswith(UNFINISHED):
            yield entry


def seen(entry: os.DirEntry[str]) -> Seen:
    """Return what one file is like."""
    status = entry.stat(follow_symlinks=False)
    return Seen(status.st_size, status.st_mtime_ns, status.st_ino)
