# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vault: a second copy of the repository that root alone writes and in which nothing is written over.

Whoever holds the database and application hosts can spoil the repository through the engine, but not this. It is a whole repository of the same
passphrase, with its own and longer retention, so that everything can be brought back from it when the ops host is gone.
"""

from __future__ import annotations

import json
import math
import pwd
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from .command import Runner
from .errors import OpsError
from .files import TextFile, locked, write_text
from .pgbackrest import PgBackRest
from .pgbackrest_sets import Stanza
from .progress import say
from .repository_damage import repository_damage
from .vault_age import VaultAge, arrived
from .vault_copy import Copier, VaultError, on_two_file_systems, require_apart
from .vault_files import damaged_names
from .vault_list import VaultList

__all__ = ["STATE", "Kept", "Vault", "VaultError", "vault_of"]

SHOWN = 10
STATE = Path("/var/lib/traumalink-backup/vault.json")


@dataclass(frozen=True)
class Kept:
    """What one run brought into the vault: files, bytes, labels of sets."""

    files: int
    bytes: int
    sets: tuple[str, ...]

    def facts(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


@dataclass(frozen=True)
class Vault:
    """The two repositories of a stanza.

    Attributes:
        engine: on the first repository; own: on the vault, with a configuration of its own.
        repository, place: where they lie.
        retention_days: how long the vault keeps sets.
        group: number of the group that may read the vault.
        state: where a run leaves word of how it ended; its folder is there.
        wait_seconds: how long to wait for another run.
        apart: tells whether two paths lie on different file systems; since: since when a file lies where it is.
    """

    engine: PgBackRest
    own: PgBackRest
    repository: Path
    place: Path
    retention_days: int
    now: datetime
    group: int | None = None
    state: Path = STATE
    wait_seconds: float = 0.0
    apart: Callable[[Path, Path], bool] = on_two_file_systems
    since: Callable[[Path], datetime] = arrived
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def keep(self, *, wal_only: bool) -> Kept:
        """Copy what is new: WAL, and unless `wal_only` the sets that the repository lists; remove what is too old in the vault.

        Raises:
            VaultError: it is not mounted, a file was changed, or another run is under way.
        """
        try:
            require_apart(self.repository, self.place, self.apart)
            kept = self.copy_alone(wal_only=wal_only)
        except OpsError as error:
            self.note(str(error))
            raise
        self.note("")
        return kept

    def copy_alone(self, *, wal_only: bool) -> Kept:
        """Copy while no other run does; wait for one that is under way. The lock lies on a local file system, since those of a NAS may have none."""
        busy = VaultError(f"another run copies into {self.place}; it goes on. Run again when it has ended")
        deadline = self.clock() + self.wait_seconds
        while True:
            try:
                with locked(self.state.parent, busy):
                    return self.copy(wal_only=wal_only)
            except VaultError as error:
                if error is not busy or self.clock() >= deadline:
                    raise
            say(f"waiting for the run that copies into {self.place}")
            self.sleep(1.0)

    def copy(self, *, wal_only: bool) -> Kept:
        """Copy, first WAL and then the sets that were listed before it, so that a set never comes without its WAL."""
        stanza = None if wal_only else self.engine.info()
        days = self.days(stanza) if stanza else self.retention_days
        copier = Copier(self.repository, self.place, self.place / "versions", self.group, versions_days=days)
        lists = VaultList(self.own, copier, self.now)
        lists.require_same("archive")
        grown = bool(stanza) and lists.require_same("backup")
        for path in lists.paths("archive"):
            copier.changing(path, self.now)
        copier.folder(f"archive/{self.engine.stanza}", compare=not wal_only)
        sets = self.copy_sets(copier, stanza) if stanza else ()
        due = bool(stanza) and (grown or self.whole() != {each.label for each in lists.held()})
        unlisted = lists.renew(self.whole(), grown=grown) if due else []
        if copier.changed:
            raise VaultError(
                f"{', '.join(copier.changed[:5])}{' and more' if len(copier.changed) > 5 else ''} in the repository changed since copied into {self.place}: "
                "somebody or a failing disk has done it. The vault keeps what it has, and nothing is removed there. Find out what happened, and restore "
                "from the vault until then"
            )
        if unlisted:
            raise VaultError(
                f"{', '.join(unlisted[:5])} came into {self.place} and cannot be listed there: the manifest is damaged, or of another database. Nothing is "
                f"removed in the vault. Take a full backup; then remove that folder below {self.place}/backup by hand"
            )
        if stanza:
            self.remove_old(VaultAge(self.place, self.engine.stanza, self.now, days, self.since), lists)
        return Kept(copier.tally.files, copier.tally.bytes, sets)

    def copy_sets(self, copier: Copier, stanza: Stanza) -> tuple[str, ...]:
        """Copy the sets that the repository lists, compare those that are there, and return the new ones."""
        there = self.whole()
        for entry in stanza.backups:
            # The manifest comes last: the engine takes a folder with it for a whole set.
            names = sorted(
                copier.names(f"backup/{stanza.name}/{entry.label}"), key=lambda name: "/backup.manifest" in name
            )
            for name in names:
                copier.file(name, compare=True)
        return tuple(entry.label for entry in stanza.backups if entry.label not in there)

    def damage(self) -> tuple[str, ...]:
        """Return which of its files are not what they were, or why nobody can tell; all of the vault is read for it."""
        try:
            require_apart(self.repository, self.place, self.apart)
            files = [*repository_damage(self.own, sorted(self.whole())), *damaged_names(self.place)]
            return (*files[:SHOWN], f"+ {len(files) - SHOWN}") if len(files) > SHOWN else tuple(files)
        except OpsError as error:
            return (str(error),)

    def whole(self) -> set[str]:
        """Return the labels of the sets that lie whole in the vault."""
        return {path.parent.name for path in (self.place / "backup" / self.engine.stanza).glob("*/backup.manifest")}

    def remove_old(self, age: VaultAge, lists: VaultList) -> None:
        """Remove what is too old: first from the list, then what it named."""
        held = lists.held()
        labels = age.old_sets(held)
        if labels:
            lists.renew(self.whole(), leave=labels)
        age.remove(labels, [backup for backup in held if backup.label not in labels])

    def days(self, stanza: Stanza) -> int:
        """Return for how many days the vault must keep sets: longer than the repository in any case, or what was removed would come again."""
        begun = [datetime.fromisoformat(entry.started_at) for entry in stanza.backups if entry.type == "full"]
        oldest = min(begun, default=self.now)
        return max(self.retention_days, math.ceil((self.now - oldest) / timedelta(days=1)) + 1)

    def note(self, problem: str) -> None:
        """Leave word of how the last run ended, for whoever watches."""
        text = json.dumps({"at": self.now.astimezone(UTC).isoformat(timespec="seconds"), "problem": problem}) + "\n"
        write_text(TextFile(self.state, text, owner=self.own.user, mode=0o644))


def vault_of(settings: Mapping[str, Any], runner: Runner, now: datetime, wait_seconds: float = 0.0) -> Vault:
    """Return the vault that settings describe: stanza, user, repository_path, vault_path, config, retention_days.

    Raises:
        VaultError: the system user does not exist, or a setting is missing.
    """
    try:
        group = pwd.getpwnam(settings["user"]).pw_gid
        repository, place = Path(settings["repository_path"]), Path(settings["vault_path"])
        engine = PgBackRest(runner, settings["stanza"], settings["user"], repository)
        own = PgBackRest(runner, settings["stanza"], "root", place, options=(f"--config={settings['config']}",))
        days = int(settings["retention_days"])
    except (KeyError, ValueError) as error:
        raise VaultError(f"the settings of the vault are incomplete: {error}; run traumalink.ops.site") from None
    return Vault(engine, own, repository, place, days, now, group, wait_seconds=wait_seconds)
