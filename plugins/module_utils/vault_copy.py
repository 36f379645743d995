# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copying files so that what is there is never written over: each is new, the same, or an alarm."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from .errors import OpsError
from .files import sync_folder

__all__ = ["Copied", "Copier", "VaultError", "content", "on_two_file_systems", "require_apart"]

# pgBackRest writes these anew; everything else in its repository never changes once it has its name.
CHANGING = ("archive.info", "archive.info.copy", "backup.info", "backup.info.copy")
UNFINISHED = ".pgbackrest.tmp"
SEGMENT = re.compile(r"[0-9A-F]{24}-")  # then follows the SHA-1 of its content
CHUNK_BYTES = 1024**2
NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS)  # link(2): file systems of some NAS know none


class VaultError(OpsError):
    """The second copy cannot be kept, or the repository is not what it was."""


@dataclass
class Copied:
    """How many files, and of how many bytes, were copied."""

    files: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class Copier:
    """Copies from one tree into another.

    Attributes:
        source, target: their roots.
        versions: where earlier versions of changing files go; versions_days: for how many days they stay.
        group: number of the group that may read, None for the process's own.
        tally: what was copied.
        changed: files that are not what they were when they were copied.
    """

    source: Path
    target: Path
    versions: Path
    group: int | None = None
    tally: Copied = field(default_factory=Copied)
    changed: list[str] = field(default_factory=list)
    versions_days: int = 30

    def folder(self, below: str, *, compare: bool) -> None:
        """Copy a folder with all below it; where `compare` is false, a file that is there is taken for the same.

        Raises:
            VaultError: a file cannot be copied.
        """
        for name in self.names(below):
            self.file(name, compare=compare)

    def names(self, below: str) -> Iterator[str]:
        """Yield the finished files of a folder by their path below the root, without those that change.

        Raises:
            VaultError: a folder cannot be read, so that nobody could tell what it holds.
        """
        for folder, folders, files in os.walk(self.source / below, onerror=unread):
            folders.sort()
            for name in sorted(files):
                path = Path(folder, name)
                if not name.endswith(UNFINISHED) and name not in CHANGING and not path.is_symlink():
                    yield str(path.relative_to(self.source))

    def file(self, name: str, *, compare: bool) -> None:
        """Copy one file, or see whether its copy is the same; one that was changed keeps its copy, and does not keep others from being copied."""
        source, target = self.source / name, self.target / name
        try:
            if target.exists():
                if compare and not self.same(source, target):
                    self.changed.append(str(source))
                return
            if has_twin(target):
                self.changed.append(str(source))
                return
            self.write(source, target)
        except FileNotFoundError:
            if source.exists():
                raise
            return  # the engine has removed it meanwhile: it was too old
        except OSError as error:
            raise VaultError(f"{source} cannot be copied to {target}: {error.strerror}") from None

    def same(self, source: Path, target: Path) -> bool:
        """Tell whether two files are the same: by size and time, or by content where the time differs."""
        one, other = source.stat(), target.stat()
        if one.st_size != other.st_size:
            return False
        return one.st_mtime_ns == other.st_mtime_ns or content(source) == content(target)

    def write(self, source: Path, target: Path) -> None:
        """Copy a file durably; it has its name only when it is whole, and takes no other's place."""
        self.make(target.parent)
        temporary = target.with_name(f".{target.name}{UNFINISHED}")
        temporary.unlink(missing_ok=True)
        with source.open("rb") as reader, temporary.open("xb") as writer:
            shutil.copyfileobj(reader, writer, CHUNK_BYTES)
            status = os.fstat(reader.fileno())
            os.fchmod(writer.fileno(), 0o640)
            if self.group is not None:
                os.fchown(writer.fileno(), -1, self.group)
            writer.flush()
            os.utime(writer.fileno(), ns=(status.st_atime_ns, status.st_mtime_ns))
            os.fsync(writer.fileno())
        try:
            os.link(temporary, target)
        except FileExistsError:
            raise VaultError(f"{target} appeared while it was copied; another copy runs. Run again") from None
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            os.rename(temporary, target)  # noqa: PTH104 - the pathlib form hides that this is the atomic step
        temporary.unlink(missing_ok=True)
        sync_folder(target.parent)
        self.tally.files += 1
        self.tally.bytes += status.st_size

    def changing(self, name: str, now: datetime) -> bool:
        """Copy a file that may change, with its earlier versions kept for a while; return whether there was anything to copy."""
        source, target = self.source / name, self.target / name
        if not source.exists() or (target.exists() and content(source) == content(target)):
            return False
        if target.exists():
            self.make(self.versions)
            kept = self.versions / f"{target.name}.{stamp(now)}"
            os.rename(target, kept)  # noqa: PTH104 - as above
            # By age: however often it is rewritten, none of them goes early.
            oldest = f"{target.name}.{stamp(now - timedelta(days=self.versions_days))}"
            for old in self.versions.glob(f"{target.name}.2*"):
                if old.name < oldest:
                    old.unlink()
        self.write(source, target)
        return True

    def make(self, folder: Path) -> None:
        """Make a folder whose files the group reads, whoever writes them."""
        if folder.is_dir():
            return
        self.make(folder.parent)
        folder.mkdir(exist_ok=True)
        if self.group is not None:
            os.chown(folder, -1, self.group)
        folder.chmod(0o2750)


def on_two_file_systems(one: Path, other: Path) -> bool:
    """Tell whether two paths lie on different file systems."""
    return one.stat().st_dev != other.stat().st_dev


def require_apart(repository: Path, place: Path, apart: Callable[[Path, Path], bool]) -> None:
    """Refuse a vault that is no other file system: a copy beside the repository, or in the place of a mount that is away, is none.

    Raises:
        VaultError: it is none.
    """
    if not place.is_dir():
        raise VaultError(f"{place} is not there; mount the vault (backup_vault_path), and run again")
    if not apart(repository, place):
        raise VaultError(
            f"{place} lies on the same file system as {repository}: the vault is not mounted, or would be lost with it; mount it there, and run again"
        )


def unread(error: OSError) -> None:
    """Refuse a folder that cannot be read; one that the engine has removed meanwhile was too old."""
    if not isinstance(error, FileNotFoundError):
        raise VaultError(f"{error.filename} cannot be read: {error.strerror}; see that its disk is well, and run again")


def has_twin(path: Path) -> bool:
    """Tell whether a segment of WAL is there with another content: beside it, the engine would take neither of both."""
    segment = SEGMENT.match(path.name)
    return segment is not None and any(path.parent.glob(f"{segment[0]}*"))


def stamp(now: datetime) -> str:
    """Return a time as it stands in the names of versions, which sort by it."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}"


def content(path: Path) -> bytes:
    """Return the SHA-256 of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()
