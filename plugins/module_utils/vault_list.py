# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vault's own information files: which repository it is a copy of, and which sets it holds.

Without them nothing in the vault can be read, and the engine removes each set that they cannot name. So nothing from outside takes their place before it
was looked at, and the engine writes a list only beside the vault.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from .pgbackrest import PgBackRest
from .pgbackrest_failure import BackupError
from .pgbackrest_sets import Backup
from .vault_copy import Copier, VaultError, content

__all__ = ["Identity", "VaultList", "parse_identity"]

ARCHIVE, BACKUP = "archive", "backup"


@dataclass(frozen=True)
class Identity:
    """What an information file says: the key of what lies beside it, and the databases (system identifier, version) by their number."""

    key: str
    databases: Mapping[int, tuple[int, str]]

    def lost_in(self, other: Identity) -> str:
        """Return what of this one another does not go on with, in words; "" where it goes on with all of it."""
        if self.key != other.key:
            return "its key is another, with which nothing in the vault can be read"
        lost = sorted(number for number, database in self.databases.items() if other.databases.get(number) != database)
        return f"it does not name database {lost[0]} (system identifier {self.databases[lost[0]][0]})" if lost else ""


def parse_identity(text: str) -> Identity:
    """Return what the text of an archive.info or backup.info says (pgBackRest, src/info/infoPg.c).

    Raises:
        VaultError: it is no such text.
    """
    section, key, databases = "", "", {}
    try:
        for line in text.splitlines():
            name, _equals, said = line.partition("=")
            if line.startswith("["):
                section = line
            elif section == "[cipher]" and name == "cipher-pass":
                key = str(json.loads(said))
            elif section == "[db:history]" and said:
                entry = json.loads(said)
                # In archive.info `db-id` is the system identifier, in backup.info it stands under its own name.
                system = entry["db-system-id"] if "db-system-id" in entry else entry["db-id"]
                databases[int(name)] = (int(system), str(entry["db-version"]))
    except (KeyError, TypeError, ValueError) as error:
        raise VaultError(f"an information file cannot be understood ({error!r})") from None
    if not databases:
        raise VaultError("an information file names no database")
    return Identity(key, databases)


@dataclass(frozen=True)
class VaultList:
    """The information files of a vault.

    Attributes:
        own: the engine on the vault; copier: from the repository into it.
    """

    own: PgBackRest
    copier: Copier
    now: datetime

    def paths(self, part: str) -> Iterator[str]:
        """Yield the paths of a part's two files, the one that counts last."""
        for name in (f"{part}.info.copy", f"{part}.info"):
            yield f"{part}/{self.own.stanza}/{name}"

    def require_same(self, part: str) -> bool:
        """Refuse a repository that is not the one that the vault is a copy of, or whose information file was spoilt.

        Return whether it names a database that the vault's does not.

        Raises:
            VaultError: it is another; nothing was copied.
            BackupError: an information file cannot be read.
        """
        grown = False
        for path in self.paths(part):
            source, target = self.copier.source / path, self.copier.target / path
            if not source.exists() or not target.exists() or content(source) == content(target):
                continue
            with self.beside() as folder:
                shutil.copyfile(source, made(folder / path))
                ours, theirs = self.identity(self.own, path), self.identity(self.own.at(folder), path)
            grown = grown or ours != theirs
            if lost := ours.lost_in(theirs):
                raise VaultError(
                    f"{source} is not of the repository that {self.copier.target} is a copy of: {lost}. Nothing was copied, and the vault keeps what it has. "
                    "Somebody has rewritten it, or the repository was made anew. In the first case restore from the vault until it is clear what happened; in "
                    "the second give the new repository an empty folder (backup_vault_path), and keep the old one"
                )
        return grown

    def identity(self, engine: PgBackRest, path: str) -> Identity:
        """Return what an information file says."""
        return parse_identity(engine.call("repo-get", path, what=f"reading {path}").stdout)

    def held(self) -> tuple[Backup, ...]:
        """Return the sets that the vault lists."""
        return (
            self.own.info().backups if (self.copier.target / BACKUP / self.own.stanza / "backup.info").exists() else ()
        )

    def renew(self, labels: Collection[str], leave: Collection[str] = (), *, grown: bool = False) -> list[str]:
        """Let the vault list the sets that it holds; return those that cannot be listed.

        The engine writes the list in a folder beside the vault, from the manifests. It begins with the vault's own list, and only where there is none, or a
        database came later, with the repository's, which `require_same` has let in. Whatever it comes to, a set that was listed stays so.

        Args:
            labels: of the sets whose manifest lies in the vault; leave: those of them that are not to be listed any more; grown: as `require_same` says.

        Raises:
            VaultError, BackupError: no list can be made; the vault keeps its own.
        """
        known = {backup.label: essence(backup) for backup in self.held() if backup.label not in leave}
        wanted = set(labels) - set(leave)
        own = all((self.copier.target / path).exists() for path in self.paths(BACKUP))
        with self.beside() as folder:
            listed = self.listed(folder, self.copier.target if own and not grown else self.copier.source, wanted)
            if lost := [label for label in known if listed.get(label) != known[label]]:
                raise VaultError(
                    f"the vault keeps the list of sets that it has: in a new one {', '.join(lost[:3])} would be missing, or another set. Somebody has rewritten "
                    "backup.info of the repository; restore from the vault until it is clear what happened"
                )
            self.install(folder)
        return sorted(wanted - set(listed))

    def listed(self, folder: Path, source: Path, labels: Collection[str]) -> dict[str, tuple[str | None, ...]]:
        """Let the engine write a list of these sets in a folder, beginning with that of `source`; return what it lists."""
        for path in self.paths(BACKUP):
            shutil.copyfile(source / path, made(folder / path))
        for path in self.paths(ARCHIVE):
            shutil.copyfile(self.copier.target / path, made(folder / path))
        for label in labels:
            manifest = f"{BACKUP}/{self.own.stanza}/{label}/backup.manifest"
            made(folder / manifest).symlink_to(self.copier.target / manifest)
        engine = self.own.at(folder)
        try:
            engine.renew_list()
            return {backup.label: essence(backup) for backup in engine.info().backups}
        except BackupError as error:
            raise VaultError(
                f"the vault keeps the list of sets that it has, since a new one cannot be made: {error}. Find out who has spoilt that set or list; then remove "
                f"the folder of a set that cannot be read below {self.copier.target}/backup/{self.own.stanza} by hand, and run again"
            ) from None

    def install(self, folder: Path) -> None:
        """Put the list of a folder into the vault; the one before is kept as a version."""
        for path in self.paths(BACKUP):
            replace(self.copier, source=folder).changing(path, self.now)

    @contextmanager
    def beside(self) -> Iterator[Path]:
        """Give a folder that root alone sees and that is gone afterwards."""
        with tempfile.TemporaryDirectory(prefix="traumalink-vault-") as folder:
            yield Path(folder)


def essence(backup: Backup) -> tuple[str | None, ...]:
    """Return what of a set decides what it needs, and for how long it is kept."""
    return (backup.type, backup.prior, backup.stopped_at, backup.wal_start, backup.wal_stop, backup.database_id)


def made(path: Path) -> Path:
    """Return a path whose folder is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
