# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing files back to where they were: first whole beside their places, then into them, with what was there kept aside."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from .errors import OpsError
from .file_paths import regular_files
from .file_system import GIBIBYTE, free_bytes
from .progress import say
from .restic import Restic, Snapshot
from .restore_tablespaces import ASIDE

__all__ = ["FileRestore", "FileRestoreError", "Restored", "chosen", "chosen_paths", "lying_there"]

STAGING = ".traumalink-restore-"


class FileRestoreError(OpsError):
    """Files cannot come back as they are asked for."""


@dataclass(frozen=True)
class Restored:
    """What came back: files, bytes, and where what was there before lies now."""

    files: int
    bytes: int
    kept_aside: tuple[str, ...]


def chosen(snapshots: Sequence[Snapshot], host: str, wanted: str = "") -> Snapshot:
    """Return the snapshot that is wanted, the newest where none is named.

    Raises:
        FileRestoreError: there is no such snapshot, with those that there are.
    """
    if not snapshots:
        raise FileRestoreError(f"there is no backup of the files of {host}. Nothing was changed")
    found = [each for each in snapshots if not wanted or each.id == wanted]
    if not found:
        listed = ", ".join(f"{each.id} of {each.at.isoformat(timespec='seconds')}" for each in reversed(snapshots))
        raise FileRestoreError(
            f"there is no snapshot {wanted} of {host}; choose one of {listed}, or name none for the newest. Nothing was changed"
        )
    return found[-1]


def chosen_paths(snapshot: Snapshot, wanted: Sequence[str] = ()) -> list[str]:
    """Return the paths that are wanted, all of the snapshot where none is named; none of them lies below another.

    Raises:
        FileRestoreError: a path is not in the snapshot.
    """
    whole = [Path(path) for path in snapshot.paths]
    paths = [Path(os.path.normpath(path)) for path in wanted] or whole
    if strange := [str(path) for path in paths if not any(each in (path, *path.parents) for each in whole)]:
        raise FileRestoreError(
            f"{', '.join(strange)} is not in snapshot {snapshot.id} of {snapshot.host}, which holds {', '.join(snapshot.paths)}. Nothing was changed"
        )
    return sorted({str(path) for path in paths if not any(parent in paths for parent in path.parents)})


def lying_there(paths: Sequence[Path]) -> list[Path]:
    """Return the paths where something lies: what comes back takes its place."""
    return [path for path in paths if os.path.lexists(path) and not (path.is_dir() and not any(path.iterdir()))]


@dataclass(frozen=True)
class FileRestore:
    """One restore of paths of this host.

    Attributes:
        mounted: where file systems are mounted; what lies on a path that is one cannot be moved as a whole.
        now: aware; it names what is kept aside.
        free: gives the free bytes under a path.
    """

    paths: Sequence[Path]
    mounted: Sequence[Path]
    now: datetime
    free: Callable[[Path], int] = free_bytes

    def look(self, needed_bytes: int | None) -> None:
        """See that the paths can come back. `needed_bytes` is what all of them take, None where that is not known.

        Raises:
            FileRestoreError: one cannot, or there is no room. Nothing was changed.
        """
        if problems := list(self.problems()):
            raise FileRestoreError(f"{'; '.join(problems)}. Nothing was changed")
        places = {self.device(path) for path in self.paths}
        free = self.free(self.paths[0])
        # Where they lie on several file systems nobody knows how much comes onto each; one that fills up fails before anything is moved.
        if needed_bytes is not None and len(places) == 1 and free < needed_bytes:
            raise FileRestoreError(
                f"the file system of {self.paths[0]} has {free / GIBIBYTE:.1f} GiB free, the files need {needed_bytes / GIBIBYTE:.1f} GiB beside what "
                "is there now. Make room, or bring some of the paths back (file_backup_restore_paths). Nothing was changed"
            )

    def problems(self) -> Iterator[str]:
        """Yield what keeps paths from coming back."""
        for path in self.paths:
            if (real := Path(os.path.realpath(path))) != path:
                yield f"{path} is a symbolic link, or lies below one ({real}); remove the link, or bring the host's folders into their old order"
            for below in self.mounted:
                if path in below.parents:
                    yield f"{below} is another file system below {path}; bring back what lies beside it and on it path by path (file_backup_restore_paths)"

    def device(self, path: Path) -> int:
        """Return the number of the file system that a path lies on, or would lie on."""
        while not path.exists():
            path = path.parent
        return path.stat().st_dev

    def run(self, restic: Restic, snapshot: str) -> Restored:
        """Bring the paths back.

        Raises:
            OpsError: it did not work; unless the message says so, nothing was changed.
        """
        with self.staged():
            files = total = 0
            for path in self.paths:
                say(f"brings {path} back")
                restic.restore(snapshot, self.staging(path), str(path))
                if not os.path.lexists(self.came(path)):
                    raise FileRestoreError(
                        f"{path} is not in snapshot {snapshot} of {restic.repository}. Nothing was changed"
                    )
                count, size = regular_files(self.came(path))
                files, total = files + count, total + size
            os.sync()
            return Restored(files, total, tuple(self.put_all()))

    @contextmanager
    def staged(self) -> Iterator[None]:
        """Have the folders in which files come back, on their own file system; leave nothing of them, nor of a restore that was cut off."""
        for path in self.paths:
            self.staging(path).parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            for left in self.staging(path).parent.glob(f"{STAGING}*"):
                shutil.rmtree(left)
        try:
            for path in self.paths:
                self.staging(path).mkdir(mode=0o700, exist_ok=True)
            yield
        finally:
            for path in self.paths:
                shutil.rmtree(self.staging(path), ignore_errors=True)

    def staging(self, path: Path) -> Path:
        """Return the folder in which a path comes back: on its own file system."""
        return (path if path in self.mounted else path.parent) / f"{STAGING}{self.stamp}"

    def came(self, path: Path) -> Path:
        """Return where a path lies below its folder: restic keeps whole paths."""
        return self.staging(path) / path.relative_to("/")

    @property
    def stamp(self) -> str:
        """The moment, as part of names."""
        return f"{self.now.astimezone(UTC):%Y%m%dT%H%M%SZ}"

    def put_all(self) -> list[str]:
        """Put all paths into their places; return where what was there is kept.

        Raises:
            FileRestoreError: one could not be moved; those before it are back.
        """
        kept: list[str] = []
        for path in self.paths:
            try:
                aside = self.put_into_mount(path) if path in self.mounted else self.put(path)
            except OSError as error:
                raise FileRestoreError(
                    f"{path} could not be put into its place ({error.strerror}: {error.filename}). What lay there before is kept under names with "
                    f"{ASIDE}{self.stamp}; run the same command again"
                ) from error
            kept += [str(aside)] if aside else []
        return kept

    def put(self, path: Path) -> Path | None:
        """Put one path into its place with one rename; return where what was there is kept."""
        aside = path.with_name(f"{path.name}{ASIDE}{self.stamp}")
        there = os.path.lexists(path)
        if there:
            path.rename(aside)
        try:
            self.came(path).rename(path)
        except OSError:
            if there:
                aside.rename(path)
            raise
        return aside if there else None

    def put_into_mount(self, path: Path) -> Path | None:
        """Put what lies in a mount point into its place, entry by entry, since it cannot be moved itself."""
        aside = path / f"{ASIDE}{self.stamp}"
        there = [entry for entry in path.iterdir() if entry != self.staging(path)]
        if there:
            aside.mkdir(mode=0o700)
        for entry in there:
            entry.rename(aside / entry.name)
        for entry in list(self.came(path).iterdir()):
            entry.rename(path / entry.name)
        status = self.came(path).stat()
        os.chown(path, status.st_uid, status.st_gid)
        path.chmod(status.st_mode & 0o7777)
        return aside if there else None
