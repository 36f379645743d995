# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The place that a restore goes to: what lies there, how far a restore has come that was cut off, and that one alone works there."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .errors import OpsError
from .files import TextFile, locked, write_text
from .pgbackrest_failure import running_engines
from .restore_in_place import InPlace
from .restore_job import RestoreJob
from .restore_tablespaces import lying_there

__all__ = ["LAID_DOWN", "RestoreError", "RestoreTarget"]

LAID_DOWN = "laid down"
NONE, STALE, COPYING, REPLAYING, SERVED = "none", "stale", "copying", "replaying", "served"
STILL_RUNS = "still runs on this host; wait until it has ended, and run again. Nothing was changed"


class RestoreError(OpsError):
    """The restore cannot begin, or did not leave what it should have left."""


@dataclass(frozen=True)
class RestoreTarget:
    """The place that a restore goes to.

    Attributes:
        data_directory: an absolute path.
        tablespaces: places outside the data directory that belong to the set, and the bytes that come back there.
        in_place: where old data is written over instead of moved aside.
    """

    data_directory: Path
    tablespaces: Mapping[Path, int] = field(default_factory=dict)
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

    def written_over(self, job: RestoreJob) -> InPlace | None:
        """Return how old data is written over in place; None where there is none, or it is this very restore's."""
        return self.in_place if self.occupied and not self.completes(job) else None

    def require_movable(self, job: RestoreJob) -> None:
        """See that what lies there can be moved aside in one rename, where it is to be.

        Raises:
            RestoreError: it cannot.
            TablespaceError: something else than a folder lies where a tablespace comes back to.
        """
        lying_there(self.tablespaces)
        if self.written_over(job):
            return
        linked = self.data_directory.is_symlink()
        if linked or (self.occupied and os.path.ismount(self.data_directory)):
            raise RestoreError(
                f"{self.data_directory} is {'a symbolic link' if linked else 'a mount point with data in it'}, so the old data cannot be kept aside "
                "by renaming it; name the folder itself, or one below the mount point, as the data directory. Nothing was changed"
            )
