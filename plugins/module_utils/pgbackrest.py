# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pgBackRest: its commands, and what its `info` says as typed values. The only file that knows the backup engine's words."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

from .command import Completed, Runner
from .pgbackrest_failure import (
    DATABASE_MISMATCH,
    LOCKED,
    BackupError,
    RunningEngine,
    failure,
    mismatch,
    running_engines,
)
from .pgbackrest_sets import Backup, DamagedFile, Stanza, parse_damage, parse_databases, parse_info, parse_tablespaces
from .wal_archive import WalArchive, parse_history, parse_listing

__all__ = [
    "INTO_FILE",
    "Backup",
    "BackupError",
    "DamageError",
    "DamagedFile",
    "PgBackRest",
    "Stanza",
    "engine_version",
    "parse_info",
    "repository_at",
]

# A program for /bin/sh: $1 is a file, the rest is the command whose output goes there, whatever bytes it is.
INTO_FILE = 'to=$1; shift; exec "$@" >"$to"'
CREATE, UPGRADE = "create", "upgrade"
NOT_FOUND = 56  # src/build/error/error.yaml, db-connect: no database that takes writes answered
# How long an error may pass by itself, before each further attempt.
PAUSES_SECONDS = {NOT_FOUND: (1.0, 2.0, 4.0, 8.0), LOCKED: (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)}


class DamageError(BackupError):
    """A set holds pages that do not have their checksum, as the database on disk has them.

    Attributes:
        files: where they lie.
    """

    def __init__(self, label: str, files: Sequence[DamagedFile]) -> None:
        listed = ", ".join(file.path for file in files) or "its manifest names no file"
        super().__init__(f"backup {label} holds pages with wrong checksums ({listed}): the database on disk is damaged")
        self.files = tuple(files)


@dataclass(frozen=True)
class PgBackRest:
    """The engine on one host: who runs it and for which stanza. Its options come from its configuration file.

    Attributes:
        repository: where the repository lies, on its own host; a failure for want of room then says how much there is.
        running: gives the processes that may hold the engine's lock.
        options: what stands in front of each command, such as another configuration file.
        key: number of the repository, of those that the configuration names.
    """

    runner: Runner
    stanza: str
    user: str
    repository: Path | None = None
    running: Callable[[], list[RunningEngine]] = running_engines
    options: tuple[str, ...] = ()
    key: int = 1

    @property
    def second(self) -> PgBackRest:
        """The same engine on the second repository, which need not lie on this host."""
        return replace(self, key=2, repository=None)

    @property
    def chosen(self) -> str:
        """The option that says which repository is meant; commands that take one want to know."""
        return f"--repo={self.key}"

    @property
    def place(self) -> str:
        """The repository, for a message."""
        return "the repository" if self.key == 1 else f"repository {self.key}"

    def call(self, *argv: str, what: str) -> Completed:
        """Run one command; a failure becomes a BackupError with the engine's own first error and what it means."""
        # To the console, so that what went wrong stands in the result and not only in a file on the host.
        full = ["pgbackrest", f"--stanza={self.stanza}", "--log-level-console=warn", *self.options, *argv]
        done = self.runner(full, user=self.user)
        if done.status != 0:
            raise failure(done, what, running=self.running(), repository=self.repository)
        return done

    def info(self) -> Stanza:
        """Return the stanza as the repository describes it.

        Raises:
            BackupError: the repository cannot be read; a wrong passphrase is named as such.
        """
        # The first one's tells of the others as well: whether each has the stanza.
        chosen = [] if self.key == 1 else [self.chosen]
        done = self.call(*chosen, "info", "--output=json", what=f"reading {self.place}")
        return parse_info(done.stdout, self.stanza, self.key)

    def archive(self, database_id: str) -> WalArchive:
        """Return the WAL that the repository holds of one database, by listing its files.

        Args:
            database_id: as Stanza has it.

        Raises:
            BackupError: the repository cannot be read.
            ArchiveError: its listing, or the history of a timeline, cannot be understood.
        """
        place = f"archive/{self.stanza}"
        done = self.call(self.chosen, "repo-ls", "--recurse", "--output=json", place, what="listing the archived WAL")
        segments, timelines = parse_listing(done.stdout, database_id)
        histories = {}
        for timeline in timelines:
            file = f"{place}/{database_id}/{timeline:08X}.history"
            text = self.call(self.chosen, "repo-get", file, what=f"reading the history of timeline {timeline}")
            histories[timeline] = parse_history(timeline, text.stdout)
        return WalArchive(segments, histories)

    def copy_out(self, path: str, destination: Path, *, what: str) -> None:
        """Bring a file of the repository, decrypted and as compressed as it is, into a folder of the engine's user.

        Raises:
            BackupError: it cannot be read.
        """
        quiet = ["--log-level-console=off", "--log-level-stderr=error"]
        full = ["pgbackrest", f"--stanza={self.stanza}", *quiet, *self.options, self.chosen, "repo-get", path]
        done = self.runner(["/bin/sh", "-c", INTO_FILE, "sh", str(destination), *full], user=self.user)
        if done.status != 0:
            raise failure(done, what, running=self.running(), repository=self.repository)

    def create_stanza(self, *, sleep: Callable[[float], None] = time.sleep) -> None:
        """Create the stanza; where it exists for the same database nothing happens.

        The server at the database's end may have been restarted just now, with another certificate: systemd counts it as started before it
        listens. So a database that is not found is looked for again. WAL that is being archived holds the lock that this needs for moments.
        """
        self.patiently("stanza-create", what=f"creating the stanza {self.stanza}", sleep=sleep)

    def upgrade_stanza(self, *, sleep: Callable[[float], None] = time.sleep) -> None:
        """Let the stanza go on with the database that runs now; what it holds of the one before stays in it."""
        self.patiently("stanza-upgrade", what=f"giving the stanza {self.stanza} to a new database", sleep=sleep)

    def settle_stanza(self, stanza: Stanza, system_id: int | None, *, replace: bool) -> str | None:
        """Bring the stanza to the database that runs now and see WAL arrive; return what was done, None where all was well.

        Where the stanza is there for this very database the engine is not asked: it would want a lock that a running backup holds.

        Args:
            stanza: as it is now.
            system_id: the running database's; None where it is not known, and the engine must compare.
            replace: whether a stanza of another database may go on with this one.
        """
        step = step_to(stanza, system_id, replace=replace)
        if step == UPGRADE:
            self.upgrade_stanza()
        elif step == CREATE or system_id is None:
            self.create_stanza()
        if step == UPGRADE or stanza.wal_max is None:
            self.check()
        return step

    def patiently(self, command: str, *, what: str, sleep: Callable[[float], None]) -> None:
        """Run one command, again after a pause where its error may pass by itself."""
        for attempt in count():
            try:
                self.call(command, what=what)
            except BackupError as error:
                pauses = PAUSES_SECONDS.get(error.code or 0, ())
                if attempt >= len(pauses):
                    raise
                sleep(pauses[attempt])
            else:
                return

    def check(self) -> None:
        """See one WAL segment travel from the server into the repository."""
        self.call("check", what="seeing a WAL segment arrive in the repository")

    def backup(self, kind: str) -> Backup:
        """Take a backup of `kind` (full, diff, incr) and return the set that is now in the repository.

        Raises:
            BackupError: it failed, or it ended well and the repository holds no new set.
            DamageError: the set holds damaged pages.
        """
        before = self.info().newest
        into = "" if self.key == 1 else f" into {self.place}"
        self.call(self.chosen, f"--type={kind}", "backup", what=f"the {kind} backup of {self.stanza}{into}")
        after = self.info().newest
        if after is None or (before is not None and after.label == before.label):
            raise BackupError(
                f"the backup of {self.stanza}{into} ended without an error, but {self.place} holds no new set"
            )
        if after.checksum_errors:
            raise DamageError(after.label, self.damage(after.label))
        return after

    def damage(self, label: str) -> list[DamagedFile]:
        """Return the damaged files of a set, by its manifest."""
        return list(parse_damage(self.manifest(label)))

    def databases(self, label: str) -> list[str]:
        """Return the names of the databases that there were when a set was taken."""
        return list(parse_databases(self.manifest(label)))

    def tablespaces(self, label: str) -> dict[str, int]:
        """Return where the tablespaces of a set lie, outside the data directory, and the bytes that come back there."""
        return parse_tablespaces(self.manifest(label))

    def manifest(self, label: str) -> str:
        """Return the manifest of a set."""
        place = f"backup/{self.stanza}/{label}/backup.manifest"
        return self.call(self.chosen, "repo-get", place, what=f"reading the manifest of {label}").stdout

    def at(self, folder: Path) -> PgBackRest:
        """Return the same engine on a repository that lies elsewhere."""
        return replace(self, repository=folder, options=(*self.options, f"--repo1-path={folder}"))

    def renew_list(self) -> None:
        """Let the engine list the sets whose manifests it finds. It removes the folder of each set that it cannot list: never where that would be a loss."""
        options = [
            "--repo1-retention-full-type=count",
            "--repo1-retention-full=9999999",
        ]  # the most there can be: none is too old
        self.call(*options, "expire", what="listing the sets")

    def expire(self, days: int) -> None:
        """Remove the sets, and the WAL before them, that are older than `days`; one full set of that age or older stays, so that all of the time is covered."""
        options = ["--repo1-retention-full-type=time", f"--repo1-retention-full={days}"]
        self.call(*options, "expire", what=f"removing what is older than {days} days from the repository")


def engine_version(runner: Runner) -> str:
    """Return the engine's version, such as `2.45`.

    Raises:
        BackupError: it says none.
    """
    done = runner(["pgbackrest", "version"])
    found = re.search(r"pgBackRest (\d+[\d.]*)", done.stdout)
    if not found:
        raise BackupError(f"pgbackrest version printed no version: {done.said[:200]}")
    return found[1]


def step_to(stanza: Stanza, system_id: int | None, *, replace: bool) -> str | None:
    """Return what brings a stanza to the database of that system identifier: CREATE, UPGRADE, or None where it is there, in each repository.

    Raises:
        BackupError: it belongs to another database and may not be replaced.
    """
    if not stanza.exists:
        return CREATE
    if system_id in (None, stanza.system_id):
        return None if stanza.everywhere else CREATE
    if not replace:
        raise BackupError(mismatch(f"system identifiers {stanza.system_id} and {system_id}"), DATABASE_MISMATCH)
    return UPGRADE


def repository_at(runner: Runner, path: Path, passphrase: str, stanza: str, user: str) -> PgBackRest:
    """Return the engine on a repository that lies on this host, whatever the host's own configuration says; to look into it and no more."""
    given = {
        "PGBACKREST_REPO1_PATH": str(path),
        "PGBACKREST_REPO1_CIPHER_TYPE": "aes-256-cbc",
        "PGBACKREST_REPO1_CIPHER_PASS": passphrase,
    }

    def looking(argv: Sequence[str], *, environment: Mapping[str, str] | None = None, **options: Any) -> Completed:
        return runner(argv, environment={**given, **(environment or {})}, **options)

    return PgBackRest(looking, stanza, user, options=("--no-config",))
