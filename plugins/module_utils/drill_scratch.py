# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The place of a drill: one folder that holds all of the restored data while it lasts, and nothing afterwards."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .errors import OpsError
from .file_system import GIBIBYTE, free_bytes
from .files import locked

__all__ = ["Scratch", "ScratchError"]

PLAIN_PATH = re.compile(r"/[A-Za-z0-9._/-]+")  # it stands in commands that PostgreSQL gives to a shell
SOCKET_BYTES = 107  # unix(7): sun_path
PATIENCE_SECONDS = 10.0


class ScratchError(OpsError):
    """The scratch folder cannot be used, or not be cleared."""


@dataclass(frozen=True)
class Scratch:
    """The scratch folder below the drill's own one.

    Attributes:
        home: the drill's folder, which stays; it may be a mount point.
        user: the system user that restores and runs the server; nothing else runs as that user.
        free: gives the free bytes under a path; kill: sends a signal to a process.
    """

    home: Path
    user: str
    free: Callable[[Path], int] = free_bytes
    kill: Callable[[int, int], None] = os.kill
    processes: Path = Path("/proc")
    sleep: Callable[[float], None] = time.sleep

    @property
    def root(self) -> Path:
        """All that a drill writes lies below this folder."""
        return self.home / "scratch"

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.root / "data"

    @property
    def tablespaces(self) -> Path:
        """Where tablespaces lie, whatever their places in production are."""
        return self.root / "tablespaces"

    @property
    def server(self) -> Path:
        """The server's configuration, log and socket."""
        return self.root / "server"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other drills away; nothing of a drill stays, however this one ends.

        Raises:
            ScratchError: another drill is at work, the path cannot be used, or what is left cannot be removed.
        """
        if not PLAIN_PATH.fullmatch(str(self.home)) or len(f"{self.server}/.s.PGSQL.5432") > SOCKET_BYTES:
            raise ScratchError(
                f"{str(self.home)!r} cannot be the place of a drill: take a short absolute path of letters, digits, '.', '_' and '-'"
            )
        busy = ScratchError(f"another drill is at work in {self.home}; wait until it has ended, and run again")
        with locked(self.home, busy):
            self.wipe()  # what a drill left that was cut off
            try:
                yield
            finally:
                self.wipe()

    def require(self, needed_bytes: int) -> None:
        """See that there is room.

        Raises:
            ScratchError: there is not.
        """
        free = self.free(self.root)
        if free < needed_bytes:
            raise ScratchError(
                f"the file system of {self.home} has {free / GIBIBYTE:.1f} GiB free, the drill needs {needed_bytes / GIBIBYTE:.1f} GiB; free "
                f"{(needed_bytes - free) / GIBIBYTE:.1f} GiB more, or name a place on a larger disk"
            )

    def prepare(self) -> None:
        """Make the empty folders, which the drill's user alone can enter."""
        account = pwd.getpwnam(self.user)
        for folder in (self.root, self.data, self.tablespaces, self.server):
            folder.mkdir(mode=0o700)
            os.chown(folder, account.pw_uid, account.pw_gid)

    def wipe(self) -> None:
        """End what still runs as the drill's user, and remove the folder.

        Raises:
            ScratchError: something of it stays.
        """
        self.end_processes()
        shutil.rmtree(self.root, ignore_errors=True)
        if os.path.lexists(self.root):
            raise ScratchError(f"{self.root} holds restored data and cannot be removed; remove it by hand, now")

    def end_processes(self) -> None:
        """Kill what runs as the drill's user: a server of a drill that was cut off, and what belongs to it.

        Raises:
            ScratchError: it does not end.
        """
        number, waited = pwd.getpwnam(self.user).pw_uid, 0.0
        while left := self.running(number):
            if waited >= PATIENCE_SECONDS:
                raise ScratchError(f"process {left[0]} of {self.user} does not end; see what it is and end it by hand")
            for process in left:
                try:
                    self.kill(process, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            self.sleep(0.1)
            waited += 0.1

    def running(self, number: int) -> list[int]:
        """Return the processes of a user that have not ended (a zombie has), lowest id first."""
        found = []
        for path in self.processes.glob("[0-9]*/status"):
            try:
                status = path.read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue  # it has ended meanwhile
            if re.search(rf"^Uid:\s+{number}\s", status, re.M) and not re.search(r"^State:\s+[ZX]", status, re.M):
                found.append(int(path.parent.name))
        return sorted(found)
