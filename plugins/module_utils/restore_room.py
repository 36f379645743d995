# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The room that a restore needs, on each file system that it writes to, and whether it is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .file_system import GIBIBYTE, FileSystem, file_system_of
from .restore_in_place import size_bytes
from .restore_job import RestoreJob
from .restore_tablespaces import lying_there
from .restore_target import RestoreError, RestoreTarget

__all__ = ["Needed", "RestoreRoom"]

FULL_BYTES = 16 * 1024**2  # with less than one WAL segment no server starts


@dataclass(frozen=True)
class Part:
    """Something that is written: under which path, what it is in words, and how many bytes it adds to what lies there."""

    path: Path
    words: str
    size_bytes: int


@dataclass(frozen=True)
class Needed:
    """What a restore needs on one file system, and what for."""

    system: FileSystem
    parts: tuple[Part, ...]

    @property
    def required_bytes(self) -> int:
        """All parts together."""
        return sum(part.size_bytes for part in self.parts)

    @property
    def short_bytes(self) -> int:
        """What is missing, 0 where there is room."""
        return max(self.required_bytes - self.system.free_bytes, 0)

    @property
    def words(self) -> str:
        """What is missing, for a message."""
        free, required, short = (
            f"{size / GIBIBYTE:.1f} GiB" for size in (self.system.free_bytes, self.required_bytes, self.short_bytes)
        )
        return (
            f"the file system mounted at {self.system.mount} has {free} free, the restore needs {required} there for "
            f"{' and '.join(part.words for part in self.parts if part.size_bytes)}; free {short} more or mount a larger disk there"
        )

    def facts(self) -> dict[str, Any]:
        """Return plain data for an Ansible result."""
        return {
            "mount": str(self.system.mount),
            "free_bytes": self.system.free_bytes,
            "required_bytes": self.required_bytes,
        }


@dataclass(frozen=True)
class RestoreRoom:
    """The room at the place that a restore goes to.

    Attributes:
        file_system: gives the file system that a path lies on.
        wal_bytes: WAL that may lie in the data directory while the server replays it: what max_wal_size is set to.
    """

    target: RestoreTarget
    file_system: Callable[[Path], FileSystem] = file_system_of
    wal_bytes: int = GIBIBYTE

    def needed(self, database_bytes: int, job: RestoreJob) -> list[Needed]:
        """Return what a restore needs, on the file system of the data directory first.

        Args:
            database_bytes: of the whole set, its tablespaces among it.
        """
        found: dict[int, Needed] = {}
        for part in self.parts(database_bytes, job):
            system = self.file_system(part.path)
            before = found.get(system.device, Needed(system, ()))
            found[system.device] = Needed(before.system, (*before.parts, part))
        return list(found.values())

    def full(self, paths: Iterable[Path]) -> list[str]:
        """Return where the file systems of these paths are mounted that have no room left at all."""
        systems = {system.device: system for system in map(self.file_system, paths)}
        return [str(system.mount) for system in systems.values() if system.free_bytes < FULL_BYTES]

    def require(self, database_bytes: int, job: RestoreJob) -> list[Needed]:
        """Return what a restore needs, all of which is there.

        Raises:
            RestoreError: it is not.
        """
        needed = self.needed(database_bytes, job)
        if short := [each.words for each in needed if each.short_bytes]:
            data, over = self.target.data_directory, self.target.written_over(job)
            instead = (
                f", or agree to keep nothing of the old data: -e 'restore_delta_confirm=\"{over.words(data)}\"'"
                if over and over.keeps(data)
                else ""
            )
            raise RestoreError(f"{'; and '.join(short)}{instead}. Nothing was changed")
        return needed

    def parts(self, database_bytes: int, job: RestoreJob) -> Iterator[Part]:
        """Yield what is written: each part of the database with a tenth more, the WAL, and copies of what is written over.

        The WAL is fetched segment by segment and recycled at restart points, whose distance max_wal_size bounds.
        What an interrupted restore has already brought counts as done; what is kept aside where it lies needs no more room than it has.
        """
        if self.target.replays(job):
            return
        data, outside = self.target.data_directory, self.target.tablespaces
        inside_bytes = max(database_bytes - sum(outside.values()), 0)
        yield from self.part(job, data, str(data), [data], inside_bytes + inside_bytes // 10 + self.wal_bytes)
        for place, coming_bytes in outside.items():
            whole_bytes = coming_bytes + coming_bytes // 10
            yield from self.part(job, place, f"tablespace {place}", lying_there([place]), whole_bytes)

    def part(self, job: RestoreJob, place: Path, words: str, folders: list[Path], coming_bytes: int) -> Iterator[Part]:
        """Yield what comes to a place, and the copies of its old folders, which lie beside them."""
        over = self.target.written_over(job)
        if not over and not self.target.completes(job):
            yield Part(place, words, coming_bytes)
            return
        there = {folder: size_bytes(folder) for folder in folders}
        yield Part(place, words, max(coming_bytes - sum(there.values()), 0))
        if over and over.keeps(self.target.data_directory):
            for folder, folder_bytes in there.items():
                yield Part(folder.parent, f"a copy of {folder}", folder_bytes)
