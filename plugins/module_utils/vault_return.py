# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The repository of a new ops host begins with what the vault holds: its sets stay known, and the vault goes on as the copy of one repository.

A stanza that is created anew beside such a vault would be another repository, whose information files take the place of those that list the old sets.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from .errors import OpsError
from .file_system import GIBIBYTE, free_bytes
from .progress import say
from .vault_copy import Copied, Copier, VaultError, on_two_file_systems

__all__ = ["Return", "return_of"]

PARTS = ("archive", "backup")


@dataclass(frozen=True)
class Return:
    """The way back from a vault into an empty repository.

    Attributes:
        place, repository: where the two lie; user: who owns the repository.
        free: gives the free bytes under a path; apart: tells whether two paths lie on different file systems; own: gives a path to a user and group, by their numbers.
    """

    stanza: str
    place: Path
    repository: Path
    user: str
    now: datetime
    free: Callable[[Path], int] = free_bytes
    apart: Callable[[Path, Path], bool] = on_two_file_systems
    own: Callable[[Path, int, int], None] = os.chown

    @property
    def due(self) -> bool:
        """Whether the repository has no such stanza and the vault does."""
        return self.whole(self.place) and not any(self.known(self.repository))

    def known(self, root: Path) -> list[bool]:
        """Tell for both parts of a repository whether their information file is there; it comes last."""
        return [(root / part / self.stanza / f"{part}.info").exists() for part in PARTS]

    def whole(self, root: Path) -> bool:
        """Tell whether both are."""
        return all(self.known(root))

    def run(self) -> Copied:
        """Copy what the vault holds, where that is due; what a run that was cut off has copied is compared and stays.

        Raises:
            VaultError: the vault is not mounted, there is not enough room, or a file cannot be copied.
        """
        tally = Copied()
        if not any(self.known(self.repository)):
            self.require_mount()
        if not self.due:
            return tally
        self.require()
        copier = Copier(self.place, self.repository, self.repository / "versions", None, tally)
        for part in PARTS:
            say(f"copies {part} of {self.stanza} from the vault")
            copier.folder(f"{part}/{self.stanza}", compare=True)
        if copier.changed:
            raise VaultError(
                f"{', '.join(copier.changed[:5])} differs from what lies in {self.repository}; empty that folder, and run again"
            )
        self.give()
        for part in PARTS:
            for name in (f"{part}.info.copy", f"{part}.info"):
                copier.changing(f"{part}/{self.stanza}/{name}", self.now)
        self.give()
        return tally

    def require_mount(self) -> None:
        """Refuse to begin a repository while nobody can see what the vault holds.

        Raises:
            VaultError: it is not mounted.
        """
        if not self.place.is_dir() or not self.apart(self.repository, self.place):
            raise VaultError(
                f"{self.repository} is empty, and the vault is not mounted at {self.place} (backup_vault_path), so nobody can see whether it holds sets "
                "that would be known no more; mount it there, and run again"
            )

    def require(self) -> None:
        """See that there is room.

        Raises:
            VaultError: there is not.
        """
        needed = sum(
            file.stat().st_size
            for part in PARTS
            for file in (self.place / part / self.stanza).rglob("*")
            if file.is_file()
        )
        there = sum(
            file.stat().st_size
            for part in PARTS
            for file in (self.repository / part / self.stanza).rglob("*")
            if file.is_file()
        )
        free = self.free(self.repository)
        if free < needed - there:
            raise VaultError(
                f"the file system of {self.repository} has {free / GIBIBYTE:.1f} GiB free, and what the vault holds takes {(needed - there) / GIBIBYTE:.1f} GiB; "
                "mount a larger disk there, and run again"
            )

    def give(self) -> None:
        """Give all of it to the repository's user."""
        account = pwd.getpwnam(self.user)
        for part in PARTS:
            self.own(self.repository / part, account.pw_uid, account.pw_gid)
            for folder, folders, files in os.walk(self.repository / part / self.stanza):
                for path in (Path(folder), *(Path(folder, name) for name in (*folders, *files))):
                    self.own(path, account.pw_uid, account.pw_gid)


def return_of(settings: Mapping[str, Any], now: datetime) -> Return:
    """Return the way back that settings describe, which role backup has written.

    Raises:
        OpsError: one is missing.
    """
    try:
        places = Path(settings["vault_path"]), Path(settings["repository_path"])
        return Return(settings["stanza"], *places, settings["user"], now)
    except KeyError as error:
        raise OpsError(f"the settings of the vault are incomplete: {error}; run traumalink.ops.site") from None
