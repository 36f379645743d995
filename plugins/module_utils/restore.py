# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing a database cluster back from the repository onto a host, as it was planned, with what was there kept aside."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from .errors import OpsError
from .pgbackrest import Backup, PgBackRest
from .postgresql_server import SYSTEM_USER
from .restore_in_place import copy_aside
from .restore_job import RestoreJob
from .restore_room import RestoreRoom
from .restore_tablespaces import ASIDE, keep_aside, lying_there, make_places
from .restore_target import RestoreError, RestoreTarget

__all__ = ["Restore", "Restored"]


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
        room: the place that it goes to, and the room there.
        stop: stops the server that runs on the data directory, if any.
        now: an aware time in UTC; names what is kept aside.
    """

    engine: PgBackRest
    job: RestoreJob
    room: RestoreRoom
    stop: Callable[[], None]
    now: datetime

    @property
    def target(self) -> RestoreTarget:
        """The place that it goes to."""
        return self.room.target

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
        self.target.require_movable(self.job)
        self.room.require(backup.database_bytes, self.job)
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
            result.steps += [
                f"{verb} the old tablespace {folder} aside" for folder in lying_there(self.target.tablespaces)
            ]

    def keep(self, result: Restored) -> None:
        """Move the old data aside or, in place, copy it."""
        data, over = self.target.data_directory, self.target.written_over(self.job)
        folders = lying_there(self.target.tablespaces)
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
        make_places(self.target.tablespaces, SYSTEM_USER)
        os.chown(data, account.pw_uid, account.pw_gid)
        data.chmod(0o700)
        options = ["--delta"] if in_place else []
        argv = [*options, f"--pg1-path={data}", *self.job.options, "restore"]
        try:
            self.engine.call(*argv, what=f"the restore of {self.engine.stanza}")
        except OpsError as error:
            # The engine does not always say why it could not write.
            if full := self.room.full((data, *self.target.tablespaces)):
                raise RestoreError(
                    f"{error}; no space is left on the file system mounted at {' and '.join(full)}"
                ) from error
            raise
        for name in ("PG_VERSION", "recovery.signal"):
            if not (data / name).exists():
                raise RestoreError(f"the restore ended without an error, but {data / name} is not there")
        self.target.mark(self.job, laid_down=True)
