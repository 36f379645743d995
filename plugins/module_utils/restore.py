# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing a database cluster back from the repository onto a host, as it was planned, with what was there kept aside."""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from .errors import OpsError
from .files import TextFile, locked, write_text
from .pgbackrest import Backup, PgBackRest
from .pgbackrest_failure import running_engines
from .postgresql_server import SYSTEM_USER
from .restore_in_place import InPlace, copy_aside, size_bytes
from .restore_job import RestoreJob
from .restore_tablespaces import ASIDE, keep_aside, lying_there, make_places

__all__ = ["Restore", "RestoreError", "RestoreTarget", "Restored"]

LAID_DOWN = "laid down"
NONE, STALE, COPYING, REPLAYING, SERVED = "none", "stale", "copying", "replaying", "served"
GIBIBYTE = 1024**3
STILL_RUNS = "still runs on this host; wait until it has ended, and run again. Nothing was changed"


class RestoreError(OpsError):
    """The restore cannot begin, or did not leave what it should have left."""


def free_bytes(path: Path) -> int:
    """Return the free space of the file system that `path` lies on, or would lie on."""
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free


@dataclass(frozen=True)
class RestoreTarget:
    """The place that a restore goes to.

    Attributes:
        data_directory: an absolute path.
        free: gives the free bytes under a path.
        wal_bytes: WAL that may lie there while the server replays it: what max_wal_size is set to.
        in_place: where old data is written over instead of moved aside.
    """

    data_directory: Path
    free: Callable[[Path], int] = free_bytes
    wal_bytes: int = GIBIBYTE
    in_place: InPlace | None = None

    @property
    def marker(self) -> Path:
        """Stands beside the data directory until a server has opened what was restored there for writes."""
        return self.data_directory.with_name(self.data_directory.name + ".restoring")

    @property
    def occupied(self) -> bool:
        """Whether anything lies in the data directory."""
        return self.data_directory.is_dir() and any(self.data_directory.iterdir())

    def completes(self, job: RestoreJob) -> bool:
        """Tell whether what lies there is this very restore, which was cut off and can be completed."""
        return self.resumable and self.marker_lines[1:2] == [job.line]

    @property
    def resumable(self) -> bool:
        """Whether what lies there is a restore that was cut off and can be completed, by one of the same set, timeline and target.

        Only the very folder that the marker names: data that a person put back by hand beside a forgotten marker is nobody's to write over.
        Nor is data that a server has opened for writes since: the engine lays pg_control down last, and such a server removes recovery.signal.
        """
        begun = any((self.data_directory / name).exists() for name in ("PG_VERSION", "backup.manifest"))
        control, recovery = self.data_directory / "global" / "pg_control", self.data_directory / "recovery.signal"
        if not begun or (control.exists() and not recovery.exists()):
            return False
        return self.marker_lines[:1] == [self.identity]

    @property
    def unconcluded(self) -> str:
        """How far a restore came of which nobody has seen yet that all archived WAL is in it.

        NONE, where there was none; STALE, where the marker is left of another folder; COPYING; REPLAYING, where all is laid down and the
        server is still to open it for writes; SERVED, where it has done so.
        """
        if not self.marker.exists():
            return NONE
        if not self.data_directory.is_dir() or self.marker_lines[:1] != [self.identity]:
            return STALE
        laid_down = LAID_DOWN in self.marker_lines
        if laid_down or (self.data_directory / "global" / "pg_control").exists():
            recovering = (self.data_directory / "recovery.signal").exists()
            return SERVED if not recovering else REPLAYING if laid_down else COPYING
        return COPYING

    @property
    def identity(self) -> str:
        """What tells the data directory from another one that takes its place."""
        return str(self.data_directory.stat().st_ino)

    @property
    def server(self) -> int | None:
        """The process id of the server that runs on the data directory, if any: it works there, and keeps its id in postmaster.pid."""
        try:
            process = int((self.data_directory / "postmaster.pid").read_text(encoding="ascii").split()[0])
            return process if Path(f"/proc/{process}/cwd").samefile(self.data_directory) else None
        except (OSError, ValueError, IndexError):
            return None

    def replays(self, job: RestoreJob) -> bool:
        """Tell whether this very restore is laid down whole and a server replays its WAL right now."""
        return self.completes(job) and self.server is not None and LAID_DOWN in self.marker_lines

    @property
    def marker_lines(self) -> list[str]:
        """What the marker says: the folder's identity, the restore and, once the engine has ended well, LAID_DOWN."""
        return self.marker.read_text(encoding="utf-8").splitlines() if self.marker.exists() else []

    def mark(self, job: RestoreJob, *, laid_down: bool = False) -> None:
        """Note that a restore begins in the data directory, or that all of it is laid down."""
        lines = [self.identity, job.line, *([LAID_DOWN] if laid_down else [])]
        write_text(TextFile(self.marker, "\n".join(lines), pwd.getpwuid(os.geteuid()).pw_name, 0o600))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep every other restore away from this place: two that write into one folder would leave neither's data.

        The lock lies on the folder above and goes with its process. An engine whose caller was killed goes on without it, so it is looked
        for among the processes.

        Raises:
            RestoreError: another restore still runs.
        """
        self.data_directory.parent.mkdir(parents=True, exist_ok=True)
        with locked(self.data_directory.parent, RestoreError(f"another restore {STILL_RUNS}")):
            if engines := running_engines(["restore"]):
                raise RestoreError(f"another restore (process {engines[0].process}) {STILL_RUNS}")
            yield

    def required_bytes(self, database_bytes: int, job: RestoreJob) -> int:
        """Return the free space that a restore needs: the database, a tenth of it more, and the WAL.

        The WAL is fetched segment by segment and recycled at restart points, whose distance max_wal_size bounds.
        What an interrupted restore has already brought counts as done.
        """
        if self.replays(job):
            return 0
        needed, over = database_bytes + database_bytes // 10 + self.wal_bytes, self.written_over(job)
        if not over and not self.completes(job):
            return needed
        there = size_bytes(self.data_directory)
        return max(needed - there, 0) + (there if over and over.keeps(self.data_directory) else 0)

    def written_over(self, job: RestoreJob) -> InPlace | None:
        """Return how old data is written over in place; None where there is none, or it is this very restore's."""
        return self.in_place if self.occupied and not self.completes(job) else None

    def require(self, database_bytes: int, job: RestoreJob) -> int:
        """Return the free bytes.

        Raises:
            RestoreError: they do not suffice, or what lies there could not be moved aside in one rename.
        """
        over = self.written_over(job)
        if not over and (self.data_directory.is_symlink() or (self.occupied and os.path.ismount(self.data_directory))):
            kind = "a symbolic link" if self.data_directory.is_symlink() else "a mount point with data in it"
            raise RestoreError(
                f"{self.data_directory} is {kind}, so the old data cannot be kept aside by renaming it; name the folder itself, or one "
                "below the mount point, as the data directory. Nothing was changed"
            )
        needed, free = self.required_bytes(database_bytes, job), self.free(self.data_directory)
        if free < needed:
            agree = over and over.keeps(self.data_directory)
            instead = (
                f", or agree to keep nothing of the old data: -e 'restore_delta_confirm=\"{over.words(self.data_directory)}\"'"
                if over and agree
                else ""
            )
            raise RestoreError(
                f"the file system of {self.data_directory} has {free / GIBIBYTE:.1f} GiB free, the restore needs "
                f"{needed / GIBIBYTE:.1f} GiB; free {(needed - free) / GIBIBYTE:.1f} GiB more or mount a larger disk there{instead}. Nothing was changed"
            )
        return free


@dataclass
class Restored:
    """What was done, or would be done: steps in words, where the old data lies now, and the set that was restored."""

    backup: Backup
    steps: list[str] = field(default_factory=list)
    kept_aside: str | None = None


@dataclass(frozen=True)
class Restore:
    """One restore.

    Attributes:
        job: what comes back.
        tablespaces: places outside the data directory that belong to the set.
        stop: stops the server that runs on the data directory, if any.
        now: an aware time in UTC; names what is kept aside.
    """

    engine: PgBackRest
    job: RestoreJob
    target: RestoreTarget
    stop: Callable[[], None]
    now: datetime
    tablespaces: tuple[Path, ...] = ()

    @property
    def stamp(self) -> str:
        """What is kept aside is named for the time."""
        return f"{self.now:%Y%m%dT%H%M%SZ}"

    def run(self, *, check: bool = False) -> Restored:
        """Restore, or say under `check` what would be done.

        Killed at any moment it can be run again: the old data is moved aside in one rename before anything is written, and what the same
        restore left unfinished is completed by comparing checksums. What another one left is moved aside like all data.

        Raises:
            RestoreError: too little space, nothing to restore, or a server that still runs on the data, which was not touched.

        """
        with nullcontext() if check else self.target.held():
            return self.carry_out(check=check)

    def carry_out(self, *, check: bool) -> Restored:
        """Decide by what lies there, and do it; nobody else restores here meanwhile."""
        backup = self.backup()
        result = Restored(backup)
        if self.target.replays(self.job):
            result.steps.append(
                f"leave the data of {backup.label}, which is laid down, to the server that replays its WAL"
            )
            return result
        self.target.require(backup.database_bytes, self.job)
        data, resumable = self.target.data_directory, self.target.completes(self.job)
        if not resumable:
            self.say_what_is_kept(result)
        result.steps.append(f"{'complete the interrupted' if resumable else 'start the'} restore of {backup.label}")
        if not check:
            self.stop()
            if (process := self.target.server) is not None:
                raise RestoreError(
                    f"process {process} is a server that still runs on {data}, under another unit than the one that was stopped; "
                    "stop it, and run again. The data was not touched"
                )
            self.bring_back(result, resumable)
        return result

    def say_what_is_kept(self, result: Restored) -> None:
        """Say what becomes of the data that lies there."""
        data, over = self.target.data_directory, self.target.written_over(self.job)
        if self.target.occupied and (over is None or over.keeps(data)):
            result.kept_aside = str(data.with_name(f"{data.name}{ASIDE}{self.stamp}"))
            result.steps.append(
                f"{'copy the old data to' if over else 'keep the old data aside as'} {result.kept_aside}"
            )
        elif over:
            result.steps.append(f"write over the old data in {data}, of which nothing is kept")
        if over is None or over.keeps(data):
            verb = "copy" if over else "keep"
            result.steps += [f"{verb} the old tablespace {folder} aside" for folder in lying_there(self.tablespaces)]

    def keep(self, result: Restored) -> None:
        """Move the old data aside or, in place, copy it."""
        data, over = self.target.data_directory, self.target.written_over(self.job)
        folders = lying_there(self.tablespaces)
        if over is None:
            if result.kept_aside:
                os.rename(data, result.kept_aside)  # noqa: PTH104 - fails rather than replaces
            data.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.target.mark(self.job)
            keep_aside(folders, self.stamp)
            return
        if result.kept_aside:
            copy_aside(self.engine.runner, data, Path(result.kept_aside))
            for folder in folders:
                copy_aside(self.engine.runner, folder, folder.with_name(f"{folder.name}{ASIDE}{self.stamp}"))
        self.target.mark(self.job)

    def backup(self) -> Backup:
        """Return the set that comes back."""
        for backup in self.engine.info().backups:
            if backup.label == self.job.label:
                return backup
        raise RestoreError(
            f"the repository holds no backup {self.job.label} of {self.engine.stanza}; nothing was changed"
        )

    def bring_back(self, result: Restored, resumable: bool) -> None:
        """Keep the old data, restore, and look at what lies there."""
        data, account = self.target.data_directory, pwd.getpwnam(SYSTEM_USER)
        in_place = resumable or self.target.written_over(self.job) is not None
        if not resumable:
            self.keep(result)
        make_places(self.tablespaces, SYSTEM_USER)
        os.chown(data, account.pw_uid, account.pw_gid)
        data.chmod(0o700)
        options = ["--delta"] if in_place else []
        argv = [*options, f"--pg1-path={data}", *self.job.options, "restore"]
        self.engine.call(*argv, what=f"the restore of {self.engine.stanza}")
        for name in ("PG_VERSION", "recovery.signal"):
            if not (data / name).exists():
                raise RestoreError(f"the restore ended without an error, but {data / name} is not there")
        self.target.mark(self.job, laid_down=True)
