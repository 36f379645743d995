# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing a database cluster back from the repository onto a host, with what was there kept aside."""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from .errors import OpsError
from .pgbackrest import Backup, PgBackRest
from .postgresql_server import SYSTEM_USER

__all__ = ["Restore", "RestoreError", "Restored", "required_bytes"]

GIBIBYTE = 1024**3


class RestoreError(OpsError):
    """The restore cannot begin, or did not leave what it should have left."""


def required_bytes(database_bytes: int) -> int:
    """Return the free space that a restore needs: the database, a tenth more for what it writes while it replays, and 1 GiB of WAL.

    The WAL is fetched segment by segment and recycled at restart points, whose distance is bounded by max_wal_size; a GiB is its default.
    """
    return database_bytes + database_bytes // 10 + GIBIBYTE


def free_bytes(path: Path) -> int:
    """Return the free space of the file system that `path` lies on, or would lie on."""
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free


@dataclass
class Restored:
    """What was done, or would be done: steps in words, where the old data lies now, and the set that was restored."""

    steps: list[str] = field(default_factory=list)
    kept_aside: str | None = None
    backup: Backup | None = None


@dataclass(frozen=True)
class Restore:
    """One restore of the newest set up to the end of the archived WAL into `data_directory`.

    Attributes:
        stop: stops the server that runs on the data directory, if any.
        now: an aware time; names what is kept aside.
        free: gives the free bytes under a path.
    """

    engine: PgBackRest
    data_directory: Path
    stop: Callable[[], None]
    now: datetime
    free: Callable[[Path], int] = free_bytes

    @property
    def marker(self) -> Path:
        """Stands beside the data directory as long as what lies there is a restore that has not ended."""
        return self.data_directory.with_name(self.data_directory.name + ".restoring")

    def run(self, *, check: bool = False) -> Restored:
        """Restore, or say under `check` what would be done.

        Killed at any moment it can be run again: the old data is moved aside in one rename before anything is written, and what an
        unfinished restore left is completed by comparing checksums.

        Raises:
            RestoreError: too little space, or nothing to restore; nothing was changed.
        """
        backup = self.engine.info().newest
        if backup is None:
            raise RestoreError(f"the repository holds no backup of {self.engine.stanza}; nothing was changed")
        result = Restored(backup=backup)
        unfinished = self.marker.exists()
        reusable = (
            sum(file.stat().st_size for file in self.data_directory.rglob("*") if file.is_file()) if unfinished else 0
        )
        needed, free = required_bytes(backup.database_bytes) - reusable, self.free(self.data_directory)
        if free < needed:
            raise RestoreError(
                f"the file system of {self.data_directory} has {free / GIBIBYTE:.1f} GiB free, the restore of {backup.label} needs "
                f"{needed / GIBIBYTE:.1f} GiB; free {(needed - free) / GIBIBYTE:.1f} GiB or mount a larger disk there. Nothing was changed"
            )
        occupied = self.data_directory.is_dir() and any(self.data_directory.iterdir())
        resumable = unfinished and any(
            (self.data_directory / name).exists() for name in ("PG_VERSION", "backup.manifest")
        )
        if occupied and not resumable:
            aside = self.data_directory.with_name(
                f"{self.data_directory.name}.before-restore-{self.now:%Y%m%dT%H%M%SZ}"
            )
            result.kept_aside = str(aside)
            result.steps.append(f"keep the old data aside as {aside}")
        result.steps.append(f"{'complete the interrupted' if resumable else 'start the'} restore of {backup.label}")
        if not check:
            self.stop()
            self.restore(result, resumable)
        return result

    def restore(self, result: Restored, resumable: bool) -> None:
        """Move the old data aside, restore, and look at what lies there."""
        account = pwd.getpwnam(SYSTEM_USER)
        if result.kept_aside:
            os.rename(self.data_directory, result.kept_aside)  # noqa: PTH104 - must fail rather than replace
        self.marker.parent.mkdir(parents=True, exist_ok=True)
        self.marker.touch(mode=0o600)
        self.data_directory.mkdir(mode=0o700, exist_ok=True)
        os.chown(self.data_directory, account.pw_uid, account.pw_gid)
        self.data_directory.chmod(0o700)
        options = ["--delta"] if resumable else []
        self.engine.call(*options, "--type=default", "restore", what=f"the restore of {self.engine.stanza}")
        for name in ("PG_VERSION", "recovery.signal"):
            if not (self.data_directory / name).exists():
                raise RestoreError(f"the restore ended without an error, but {self.data_directory / name} is not there")
        self.marker.unlink()
