# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a host differs from what a role wants of it: packages, accounts, paths and services in one look, which changes nothing."""

from __future__ import annotations

import grp
import hashlib
import pwd
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .command import Runner
from .errors import OpsError
from .packages import EXTENDED_STATES, QUERY, lacking
from .service import Service, ensure

__all__ = ["Account", "HostState", "Place"]


@dataclass(frozen=True)
class Account:
    """A system user: the groups that it must be in among others, its home and its shell where they matter."""

    name: str
    groups: Sequence[str] = ()
    home: str | None = None
    shell: str | None = None

    def amiss(self) -> Iterator[str]:
        """Yield what is not as wanted, in words."""
        try:
            found = pwd.getpwnam(self.name)
        except KeyError:
            yield f"there is no user {self.name}"
            return
        for name in self.groups:
            if not in_group(found, name):
                yield f"{self.name} is not in the group {name}"
        if self.home not in (None, found.pw_dir):
            yield f"the home of {self.name} is {found.pw_dir}"
        if self.shell not in (None, found.pw_shell):
            yield f"the shell of {self.name} is {found.pw_shell}"


def in_group(account: pwd.struct_passwd, name: str) -> bool:
    """Tell whether a user is in a group."""
    try:
        group = grp.getgrnam(name)
    except KeyError:
        return False
    return account.pw_name in group.gr_mem or account.pw_gid == group.gr_gid


@dataclass(frozen=True)
class Place:
    """A folder, a file with content, or nothing at a path.

    Attributes:
        kind: `folder`, `file` or `absent`.
        mode: permissions as octal digits.
        sha256: of a file's content, so that what is secret in it need not come here to be compared.
    """

    path: Path
    kind: str
    owner: str = "root"
    group: str = "root"
    mode: str = "0755"
    sha256: str = ""

    def amiss(self) -> Iterator[str]:
        """Yield what is not as wanted, in words."""
        try:
            found = self.path.lstat()
        except OSError:
            if self.kind != "absent":
                yield f"{self.path} is missing"
            return
        if self.kind == "absent":
            yield f"{self.path} is there"
        elif not (stat.S_ISDIR if self.kind == "folder" else stat.S_ISREG)(found.st_mode):
            yield f"{self.path} is no {self.kind}"
        elif not self.belongs(found.st_uid, found.st_gid):
            yield f"{self.path} does not belong to {self.owner}:{self.group}"
        elif stat.S_IMODE(found.st_mode) != int(self.mode, 8):
            yield f"{self.path} has mode {stat.S_IMODE(found.st_mode):04o}"
        elif self.kind == "file" and hashlib.sha256(self.path.read_bytes()).hexdigest() != self.sha256:
            yield f"{self.path} has another content"

    def belongs(self, user: int, group: int) -> bool:
        """Tell whether numbers are those of the owners."""
        try:
            return (user, group) == (pwd.getpwnam(self.owner).pw_uid, grp.getgrnam(self.group).gr_gid)
        except KeyError:
            return False


@dataclass(frozen=True)
class HostState:
    """What a role wants of a host; services run with their files as they are now."""

    packages: Sequence[str] = ()
    accounts: Sequence[Account] = ()
    places: Sequence[Place] = ()
    services: Sequence[Service] = ()
    states: Path = Path(EXTENDED_STATES)

    def amiss(self, runner: Runner) -> list[str]:
        """Return what is not as wanted, in words; nothing where there is nothing to do."""
        missing = self.missing(runner)
        found = [f"package {name} is not installed" for name in missing]
        for account in self.accounts:
            found += account.amiss()
        for place in self.places:
            found += place.amiss()
        for service in self.services:
            try:
                found += [f"{service.name} waits for: {step}" for step in ensure(service, runner, check=True)]
            except OpsError as error:
                found.append(str(error))
        return found

    def missing(self, runner: Runner) -> list[str]:
        """Return the packages that are not installed whole, or for another's sake alone."""
        if not self.packages:
            return []
        # Another status than zero means that one of them is not known; what dpkg knows is told all the same.
        said = runner([*QUERY, *self.packages]).stdout
        states = self.states.read_text(encoding="utf-8") if self.states.exists() else ""
        return lacking(self.packages, said, states)
