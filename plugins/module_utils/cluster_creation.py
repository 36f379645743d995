# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The making of an empty database cluster, known as unfinished until it has ended well.

initdb writes PG_VERSION among its first files. Without a note of our own, what a killed one leaves looks like data to adopt, and a
server on it never admits anyone.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .errors import OpsError
from .files import TextFile, locked, sync_folder, write_text
from .postgresql_server import SYSTEM_USER

__all__ = ["Creation", "CreationError", "running_creations", "skeleton_of"]

PROGRAMS = ("pg_createcluster", "initdb")
# initdb makes none of these: a server writes the first at its start, backups and restores bring the others.
SIGNS_OF_USE = (
    "postmaster.opts", "backup_label", "backup_manifest", "backup.manifest", "recovery.signal", "standby.signal",
)  # fmt: skip


class CreationError(OpsError):
    """An empty cluster cannot be made now; nothing was changed."""


def skeleton_of(data_directory: Path) -> Path:
    """Return the folder that stands for the data while Debian's tool adopts it, see cluster_adoption."""
    return data_directory.with_name(data_directory.name + ".adopting")


def running_creations(
    data_directory: Path, configuration_directory: Path, processes: Path = Path("/proc")
) -> list[int]:
    """Return the ids of processes that make, adopt or drop this cluster; one whose caller was killed goes on alone."""
    found = []
    places = {str(data_directory), str(skeleton_of(data_directory))}
    cluster = re.escape(configuration_directory.parent.name) + "[ \0]" + re.escape(configuration_directory.name)
    # The child of a pg_createcluster that failed: it reads from /etc which folder to remove.
    drops = re.compile(rf"(^|[ \0/])pg_dropcluster[ \0]{cluster}([ \0]|$)")
    for path in processes.glob("[0-9]*/cmdline"):
        try:
            text = path.read_bytes().decode("utf-8", "replace")
        except OSError:
            continue  # it has ended meanwhile
        words = text.split("\0")
        programs = [word.rsplit("/", 1)[-1] for word in words[:3]]  # pg_createcluster stands behind perl -wT
        if drops.search(text) or (places & set(words) and any(program in PROGRAMS for program in programs)):
            found.append(int(path.parent.name))
    return sorted(found)


@dataclass(frozen=True)
class Creation:
    """The making of a cluster in a data directory, with Debian's configuration of it elsewhere."""

    data_directory: Path
    configuration_directory: Path

    @property
    def marker(self) -> Path:
        """Stands beside the data directory from before the cluster is made until it is made well."""
        return self.data_directory.with_name(self.data_directory.name + ".creating")

    @property
    def unfinished(self) -> bool:
        """Whether what lies in the data directory was begun by us and never became a cluster that anybody used.

        Only the very folder that the marker names, and only without a sign of use: all else is somebody's data.
        """
        if not self.marker.exists() or not self.data_directory.is_dir():
            return False
        if any((self.data_directory / name).exists() for name in SIGNS_OF_USE):
            return False
        return self.marker.read_text(encoding="ascii").strip() == self.identity

    @property
    def leaves_something(self) -> bool:
        """Whether there is anything to keep aside."""
        return self.configuration_directory.exists() or any(self.data_directory.iterdir())

    @property
    def aside(self) -> Path:
        """Where the unfinished data goes; by the folder's own number, so that the name is free as long as the other one exists."""
        return self.data_directory.with_name(f"{self.data_directory.name}.unfinished-{self.identity}")

    @property
    def identity(self) -> str:
        """What tells the data directory from another one that takes its place."""
        return str(self.data_directory.stat().st_ino)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other runs away: what one has begun is not unfinished while it is at work. A restore holds the same lock.

        Raises:
            CreationError: another run, or what a killed one left running, is at work here.
        """
        wait = "wait until it has ended, and run again. Nothing was changed"
        folder = self.data_directory.parent
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder, CreationError(f"another run is at work in {folder}; {wait}")):
            if processes := running_creations(self.data_directory, self.configuration_directory):
                raise CreationError(
                    f"process {processes[0]} of an earlier run still makes a cluster in {self.data_directory}; {wait}"
                )
            yield

    def keep_aside(self) -> None:
        """Move what is unfinished aside in one rename, Debian's configuration of it included.

        The configuration goes into the folder first, so that it can be completed when it is killed in the middle.

        Raises:
            CreationError: the folder cannot be renamed.
        """
        if self.configuration_directory.exists():
            shutil.copytree(self.configuration_directory, self.data_directory / "configuration", dirs_exist_ok=True)
            shutil.rmtree(self.configuration_directory)
        try:
            os.rename(self.data_directory, self.aside)  # noqa: PTH104 - fails rather than replaces
        except OSError as error:  # a mount point, for one
            raise CreationError(
                f"what an interrupted run left in {self.data_directory} cannot be moved aside ({error.strerror}); "
                "it was never a database: empty the folder, and run again"
            ) from None

    def begin(self) -> None:
        """Make the empty folder, and note that what will lie in it is unfinished."""
        account = pwd.getpwnam(SYSTEM_USER)
        self.data_directory.mkdir(mode=0o700, exist_ok=True)
        os.chown(self.data_directory, account.pw_uid, account.pw_gid)
        owner = pwd.getpwuid(os.geteuid()).pw_name
        write_text(TextFile(self.marker, self.identity, owner, 0o600))

    def end(self) -> None:
        """Forget the note, durably."""
        if self.marker.exists():
            self.marker.unlink()
            sync_folder(self.marker.parent)
