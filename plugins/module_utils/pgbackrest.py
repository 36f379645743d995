# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pgBackRest: its commands, and what its `info` says as typed values. The only file that knows the backup engine's words."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from .command import Completed, Runner
from .pgbackrest_failure import (
    DATABASE_MISMATCH,
    LOCKED,
    BackupError,
    RunningEngine,
    explain,
    failure,
    mismatch,
    running_engines,
)
from .wal_archive import WalArchive, parse_history, parse_listing

__all__ = ["Backup", "BackupError", "PgBackRest", "Stanza", "parse_info"]

CREATE, UPGRADE = "create", "upgrade"
NOT_FOUND = 56  # src/build/error/error.yaml, db-connect: no database that takes writes answered
# How long an error may pass by itself, before each further attempt.
PAUSES_SECONDS = {NOT_FOUND: (1.0, 2.0, 4.0, 8.0), LOCKED: (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)}

# pgBackRest's source, src/command/info/info.c: INFO_STANZA_STATUS_CODE_*
STATUS_OK, STATUS_MISSING_PATH, STATUS_NO_BACKUP, STATUS_MISSING_DATA = 0, 1, 2, 3


@dataclass(frozen=True)
class Backup:
    """One backup set, as the repository describes it.

    Attributes:
        label: its name in the repository; type: full, diff or incr; prior: label of the backup it builds on.
        started_at, stopped_at: ISO 8601, UTC.
        database_bytes: size of the database cluster; backup_bytes: of it, what this set copied;
        repository_bytes: what this set takes in the repository, compressed and encrypted.
        checksum_errors: whether page checksum errors were seen; None where the server has no checksums.
    """

    label: str
    type: str
    prior: str | None
    started_at: str
    stopped_at: str
    seconds: int
    lsn_start: str
    lsn_stop: str
    wal_start: str
    wal_stop: str
    database_bytes: int
    backup_bytes: int
    repository_bytes: int
    checksum_errors: bool | None

    def facts(self) -> dict[str, Any]:
        """Return the set as plain data for an Ansible result."""
        return asdict(self)


@dataclass(frozen=True)
class Stanza:
    """One stanza of the repository: its sets, oldest first, and the WAL that is archived for its newest database.

    Attributes:
        database_id: the engine's name of that database, such as `15-1`: its WAL lies in a folder of that name.
    """

    name: str
    status: int
    message: str
    system_id: int | None
    wal_min: str | None
    wal_max: str | None
    backups: tuple[Backup, ...]
    database_id: str | None = None

    @property
    def exists(self) -> bool:
        """Whether the stanza has been created."""
        return self.status not in (STATUS_MISSING_PATH, STATUS_MISSING_DATA)

    @property
    def newest(self) -> Backup | None:
        """The newest set."""
        return self.backups[-1] if self.backups else None


@dataclass(frozen=True)
class PgBackRest:
    """The engine on one host: who runs it and for which stanza. Its options come from its configuration file.

    Attributes:
        repository: where the repository lies, on its own host; a failure for want of room then says how much there is.
        running: gives the processes that may hold the engine's lock.
    """

    runner: Runner
    stanza: str
    user: str
    repository: Path | None = None
    running: Callable[[], list[RunningEngine]] = running_engines

    def call(self, *argv: str, environment: Mapping[str, str] | None = None, what: str) -> Completed:
        """Run one command; a failure becomes a BackupError with the engine's own first error and what it means."""
        # To the console, so that what went wrong stands in the result and not only in a file on the host.
        full = ["pgbackrest", f"--stanza={self.stanza}", "--log-level-console=warn", *argv]
        done = self.runner(full, user=self.user, environment=environment)
        if done.status != 0:
            raise failure(done, what, running=self.running(), repository=self.repository)
        return done

    def info(self, environment: Mapping[str, str] | None = None) -> Stanza:
        """Return the stanza as the repository describes it.

        Args:
            environment: options that take the place of the configuration file, for a repository that is only looked at.

        Raises:
            BackupError: the repository cannot be read; a wrong passphrase is named as such.
        """
        options = ["--no-config"] if environment else []
        done = self.call(*options, "info", "--output=json", environment=environment, what="reading the repository")
        return parse_info(done.stdout, self.stanza)

    def archive(self, database_id: str, environment: Mapping[str, str] | None = None) -> WalArchive:
        """Return the WAL that the repository holds of one database, by listing its files.

        Args:
            database_id: as Stanza has it.
            environment: as for `info`.

        Raises:
            BackupError: the repository cannot be read.
            ArchiveError: its listing, or the history of a timeline, cannot be understood.
        """
        options, place = ["--no-config"] if environment else [], f"archive/{self.stanza}"
        listing = [*options, "repo-ls", "--recurse", "--output=json", place]
        done = self.call(*listing, environment=environment, what="listing the archived WAL")
        segments, timelines = parse_listing(done.stdout, database_id)
        histories = {}
        for timeline in timelines:
            reading = [*options, "repo-get", f"{place}/{database_id}/{timeline:08X}.history"]
            text = self.call(*reading, environment=environment, what=f"reading the history of timeline {timeline}")
            histories[timeline] = parse_history(timeline, text.stdout)
        return WalArchive(segments, histories)

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
            BackupError: it failed, or it ended well and the repository holds no new set, or one with errors.
        """
        before = self.info().newest
        self.call(f"--type={kind}", "backup", what=f"the {kind} backup of {self.stanza}")
        after = self.info().newest
        if after is None or (before is not None and after.label == before.label):
            raise BackupError(
                f"the backup of {self.stanza} ended without an error, but the repository holds no new set"
            )
        if after.checksum_errors:
            raise BackupError(
                f"backup {after.label} holds pages with wrong checksums: the database on disk is damaged; look at PostgreSQL's log and its disks now"
            )
        return after


def step_to(stanza: Stanza, system_id: int | None, *, replace: bool) -> str | None:
    """Return what brings a stanza to the database of that system identifier: CREATE, UPGRADE, or None where it is there.

    Raises:
        BackupError: it belongs to another database and may not be replaced.
    """
    if not stanza.exists:
        return CREATE
    if system_id in (None, stanza.system_id):
        return None
    if not replace:
        raise BackupError(mismatch(f"system identifiers {stanza.system_id} and {system_id}"), DATABASE_MISMATCH)
    return UPGRADE


def parse_info(text: str, name: str) -> Stanza:
    """Return the stanza `name` out of what `pgbackrest info --output=json` printed.

    Raises:
        BackupError: it is not such a text, or says that the repository cannot be read.
    """
    try:
        stanzas = json.loads(text, strict=False)  # the engine's messages may hold raw bytes
    except json.JSONDecodeError as error:
        raise BackupError(f"pgbackrest info printed no JSON ({error}): {text[:200]}") from None
    for entry in stanzas:
        if entry["name"] == name:
            break
    else:
        return Stanza(name, STATUS_MISSING_PATH, "missing stanza path", None, None, None, ())
    status = entry["status"]
    if status["code"] not in (STATUS_OK, STATUS_MISSING_PATH, STATUS_NO_BACKUP, STATUS_MISSING_DATA):
        details = " ".join(repository["status"]["message"] for repository in entry.get("repo", []))
        raise BackupError(f"the repository of {name} cannot be read: {explain(status['message'] + ' ' + details)}")
    databases = entry.get("db", [])
    newest_database = databases[-1]["id"] if databases else None
    archives = [archive for archive in entry.get("archive", []) if archive["database"]["id"] == newest_database]
    return Stanza(
        name=name,
        status=status["code"],
        message=status["message"],
        system_id=databases[-1]["system-id"] if databases else None,
        wal_min=archives[-1]["min"] if archives else None,
        wal_max=archives[-1]["max"] if archives else None,
        backups=tuple(parse_backup(backup) for backup in entry.get("backup", [])),
        database_id=f"{databases[-1]['version']}-{databases[-1]['id']}" if databases else None,
    )


def parse_backup(entry: Mapping[str, Any]) -> Backup:
    """Return one set out of its description in `info`."""
    started, stopped = entry["timestamp"]["start"], entry["timestamp"]["stop"]
    return Backup(
        label=entry["label"],
        type=entry["type"],
        prior=entry["prior"],
        started_at=datetime.fromtimestamp(started, UTC).isoformat(),
        stopped_at=datetime.fromtimestamp(stopped, UTC).isoformat(),
        seconds=stopped - started,
        lsn_start=entry["lsn"]["start"],
        lsn_stop=entry["lsn"]["stop"],
        wal_start=entry["archive"]["start"],
        wal_stop=entry["archive"]["stop"],
        database_bytes=entry["info"]["size"],
        backup_bytes=entry["info"]["delta"],
        repository_bytes=entry["info"]["repository"]["delta"],
        checksum_errors=entry.get("error"),
    )
