# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups of files in the vault: restic's repositories, whose files never change once they have their name.

The vault holds all that a repository has held in the last days. Each such state was a whole repository, and so is all of them together.
"""

from __future__ import annotations

import json
import os
import pwd
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from .files import TextFile, write_text
from .progress import say
from .vault_copy import Copied, Copier, VaultError, content, on_two_file_systems, require_apart

__all__ = ["FOLDER", "FileVault", "damaged_names", "file_vault_of"]

FOLDER = "files"  # of the vault
# restic documentation, "Repository layout". In this order one is listed while a backup may run, so that nothing is listed whose parts are not;
# backwards it is copied. Locks are left out.
PARTS = ("snapshots", "index", "data", "keys")
CONFIG = "config"


@dataclass(frozen=True)
class FileVault:
    """The repositories of a site's hosts, and their copies.

    Attributes:
        repositories: folder with one of each host's name; place: the vault; days: how long the vault keeps what the repository has no more.
        owner: system user who owns what the vault itself writes down.
    """

    repositories: Path
    place: Path
    days: int
    now: datetime
    apart: Callable[[Path, Path], bool] = on_two_file_systems
    own: Callable[[Path, int, int], None] = os.chown
    owner: str = "root"
    tally: Copied = field(default_factory=Copied)

    @property
    def copies(self) -> Path:
        """Where the copies lie."""
        return self.place / FOLDER

    def keep(self) -> Copied:
        """Copy what is new in each repository, compare what is there, and remove what no repository has had for too long.

        Raises:
            VaultError: the vault is not mounted, or a file is not what it was; nothing is removed then.
        """
        require_apart(self.repositories, self.place, self.apart)
        copier = Copier(self.repositories, self.copies, self.place / "versions", None, self.tally)
        hosts = hosts_in(self.repositories)
        for host in hosts:
            say(f"copies the files of {host}")
            for name in reversed(listed(copier, host)):
                if (self.copies / name).exists() or sound(self.repositories / name):
                    copier.file(name, compare=True)
                else:
                    copier.changed.append(str(self.repositories / name))
        if copier.changed:
            raise VaultError(
                f"{', '.join(copier.changed[:5])}{' and more' if len(copier.changed) > 5 else ''} is damaged, or changed since copied into {self.place}. The vault "
                "keeps what it has, and nothing is removed there. Where the repository was made anew, move its host's folder in the vault aside by hand"
            )
        self.remove_old(hosts)
        return self.tally

    def remove_old(self, hosts: list[str]) -> None:
        """Remove what no repository has had for too long, and keep in mind since when it has not. One without any snapshot tells nothing."""
        told = self.copies.parent / f"{FOLDER}-gone.json"
        before = read_times(told)
        gone: dict[str, datetime] = {}
        for host in hosts:
            if any((self.repositories / host / "snapshots").glob("*")):
                names = listed(Copier(self.copies, self.copies, self.copies), host)
                gone |= {name: before.get(name, self.now) for name in names if not (self.repositories / name).exists()}
        # In the order of the list: a snapshot goes before what it needs.
        old = [name for name, since in gone.items() if self.now - since >= timedelta(days=self.days)]
        for name in old:
            (self.copies / name).unlink()
            del gone[name]
        if gone or before:
            text = json.dumps(
                {name: since.astimezone(UTC).isoformat(timespec="seconds") for name, since in gone.items()}, indent=1
            )
            write_text(TextFile(told, text + "\n", self.owner, 0o640))

    @property
    def due(self) -> list[str]:
        """The hosts whose repository is not there, while the vault has it."""
        return [host for host in hosts_in(self.copies) if not (self.repositories / host / CONFIG).exists()]

    def give_back(self, user: str) -> Copied:
        """Begin repositories that are not there with what the vault holds of them. What a run that was cut off has copied is compared and stays.

        Raises:
            VaultError: a file cannot be copied, or another lies in its place.
        """
        account = pwd.getpwnam(user)
        copier = Copier(self.copies, self.repositories, self.repositories / "versions", None, self.tally)
        for host in self.due:
            say(f"copies the files of {host} from the vault")
            names = listed(
                copier, host
            )  # the configuration comes first there, and is copied last: with it a repository is one
            for name in reversed(names[1:]):
                copier.file(name, compare=True)
            if copier.changed:
                raise VaultError(
                    f"{', '.join(copier.changed[:5])} differs from what lies in {self.repositories}; empty the folder {host} there, and run again"
                )
            copier.file(names[0], compare=True)
            for folder, folders, files in os.walk(self.repositories / host):
                for path in (Path(folder), *(Path(folder, name) for name in (*folders, *files))):
                    self.own(path, account.pw_uid, account.pw_gid)
        return self.tally


def hosts_in(folder: Path) -> list[str]:
    """Return the hosts that have a repository in a folder."""
    return sorted(path.parent.name for path in folder.glob(f"*/{CONFIG}"))


def listed(copier: Copier, host: str) -> list[str]:
    """Return the files of a host's repository by their path below the copier's source."""
    return [f"{host}/{CONFIG}", *(name for part in PARTS for name in copier.names(f"{host}/{part}"))]


def sound(path: Path) -> bool:
    """Tell whether a file is what its name says: restic names all but the configuration by the SHA-256 of what is in it."""
    try:
        return path.name == CONFIG or content(path).hex() == path.name
    except FileNotFoundError:
        return True  # removed meanwhile: it was too old


def damaged_names(place: Path) -> Iterator[str]:
    """Yield the files of the vault's copies that are not what their name says; all of it is read for it."""
    copies = place / FOLDER
    for host in hosts_in(copies):
        yield from (
            f"{FOLDER}/{name} (invalid checksum)"
            for name in listed(Copier(copies, copies, copies), host)
            if not sound(copies / name)
        )


def read_times(path: Path) -> dict[str, datetime]:
    """Return times by name. What cannot be read is begun anew: it only keeps things longer."""
    try:
        return {
            name: datetime.fromisoformat(at).astimezone(UTC)
            for name, at in json.loads(path.read_text(encoding="utf-8")).items()
        }
    except (AttributeError, OSError, TypeError, ValueError):
        return {}


def file_vault_of(settings: Mapping[str, Any], repositories: Path, now: datetime) -> FileVault:
    """Return what the settings of the vault describe, which role backup has written.

    Raises:
        VaultError: one is missing.
    """
    try:
        return FileVault(repositories, Path(settings["vault_path"]), int(settings["retention_days"]), now)
    except (KeyError, TypeError, ValueError) as error:
        raise VaultError(f"the settings of the vault are incomplete: {error}; run traumalink.ops.site") from None
