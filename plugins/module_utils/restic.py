# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""restic: backups of files beside the database, encrypted before they leave their host. The only file that knows its words."""

from __future__ import annotations

import json
import os
import pwd
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .command import Completed, Runner
from .errors import OpsError

__all__ = ["FilesError", "Restic", "Secrets", "Snapshot", "client_certificate", "secrets_of"]

RUNTIME = Path("/run/traumalink")
SECRETS = Path("/etc/traumalink/file_backup")
# restic documentation, "Exit status codes" of backup: 3 where a source file could not be read.
UNREADABLE = 3
# What restic 0.14 and 0.18 say of a place without a repository; a server that cannot be reached, or refuses, gives other words.
NO_REPOSITORY = "<config/> does not exist"
NOT_LET_IN = ("401 Unauthorized", "403 Forbidden")


class FilesError(OpsError):
    """A backup of files failed, or does not hold what it should."""


@dataclass(frozen=True)
class Snapshot:
    """One backup of a host's files: its id, when, the paths; and what was read and added (bytes), where it was just taken."""

    id: str
    at: datetime
    host: str
    paths: tuple[str, ...]
    files: int = 0
    bytes: int = 0
    added_bytes: int = 0

    def facts(self) -> dict[str, Any]:
        """Return it as plain data for an Ansible result."""
        return {**asdict(self), "at": self.at.isoformat(timespec="seconds"), "paths": list(self.paths)}


@dataclass(frozen=True)
class Restic:
    """One repository, and how it is reached.

    Attributes:
        repository: a path, or `rest:https://…`.
        passphrase: goes in through the environment, never through arguments.
        user: who runs it, None for whoever this process is.
        options: such as those of TLS.
        login: `<name>:<password>` at the server, in the environment too; "" where none is reached.
    """

    runner: Runner
    repository: str
    passphrase: str = field(repr=False)
    user: str | None = None
    options: tuple[str, ...] = ()
    login: str = field(default="", repr=False)

    def call(self, *argv: str) -> Completed:
        """Run one command and return what it left. restic itself writes `***` for a login in what it says."""
        place = self.repository.replace("://", f"://{self.login}@", 1) if self.login else self.repository
        variables = {"RESTIC_REPOSITORY": place, "RESTIC_PASSWORD": self.passphrase}
        return self.runner(["restic", "--no-cache", *self.options, *argv], user=self.user, environment=variables)

    def must(self, what: str, *argv: str) -> Completed:
        """Run one command. Raises FilesError where it fails."""
        done = self.call(*argv)
        if done.status != 0:
            raise FilesError(f"{what} failed (restic ended with status {done.status}): {told(done)}")
        return done

    def exists(self) -> bool:
        """Tell whether the repository has been created. Raises FilesError where it cannot be reached, or the passphrase does not open it."""
        done = self.call("cat", "config", "--no-lock")
        if done.status == 0:
            return True
        if NO_REPOSITORY in done.stderr:
            return False
        if "wrong password" in done.stderr:
            raise FilesError(
                f"the passphrase does not open {self.repository}; give the vault password with which the site's secrets were made"
            )
        if any(words in done.stderr for words in NOT_LET_IN):
            raise FilesError(
                f"the server does not let this host into {self.repository}; run traumalink.ops.site, for all hosts"
            )
        raise FilesError(f"{self.repository} cannot be reached: {told(done)}")

    def create(self) -> None:
        """Create the repository."""
        self.must(f"creating {self.repository}", "init")

    def unlock(self) -> None:
        """Remove the locks of processes that were killed, which nothing else ever removes.

        It removes those of living ones too: only for whoever holds the lease of a backup of files, beside whom nobody else takes a lock.
        """
        self.must(f"removing the locks of {self.repository}", "unlock", "--remove-all")

    def backup(self, paths: Sequence[str], host: str) -> Snapshot:
        """Back these paths up, each on its own file system alone, and return the snapshot. See `file_paths.see_paths` first.

        Raises:
            FilesError: a file could not be read, or nothing was read at all.
        """
        argv = ("--json", "--one-file-system", f"--host={host}", "--", *paths)
        done = self.call("backup", *argv)
        if done.status == UNREADABLE:
            # What it cannot read may be the snapshot before, in a repository that is damaged. Without that one every file is read, and the check that
            # follows finds the damage.
            done = self.call("backup", "--force", *argv)
        messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        if done.status == UNREADABLE:
            raise FilesError(f"some files of {host} could not be read, and are not in the backup: {told(done)}")
        summary = next((each for each in messages if each.get("message_type") == "summary"), None)
        if done.status != 0 or summary is None:
            raise FilesError(
                f"the backup of files of {host} failed (restic ended with status {done.status}): {told(done)}"
            )
        if not summary["total_files_processed"]:
            raise FilesError(
                f"{', '.join(paths)} of {host} holds no file, so there is nothing to back up; see file_backup_paths"
            )
        return Snapshot(
            id=str(summary["snapshot_id"])[:8],
            at=datetime.now(UTC),
            host=host,
            paths=tuple(paths),
            files=int(summary["total_files_processed"]),
            bytes=int(summary["total_bytes_processed"]),
            added_bytes=int(summary["data_added"]),
        )

    def snapshots(self) -> list[Snapshot]:
        """Return the snapshots, oldest first."""
        done = self.must(f"listing the snapshots of {self.repository}", "snapshots", "--json", "--no-lock")
        found = [
            Snapshot(str(each["short_id"]), moment(each["time"]), str(each["hostname"]), tuple(each["paths"]))
            for each in json.loads(done.stdout) or []
        ]
        return sorted(found, key=lambda each: each.at)

    def check(self) -> None:
        """Read everything and compare it with its checksums. Raises FilesError where something is damaged or gone."""
        done = self.call("check", "--read-data")
        if done.status != 0 or "no errors were found" not in done.stdout:
            raise FilesError(
                f"{self.repository} is damaged: {told(done)}. What it held of older backups may be lost; take a new one now"
            )

    def bytes_of(self, snapshot: str) -> int:
        """Return what the files of a snapshot take where they come back."""
        done = self.must(
            f"asking for the size of {snapshot}", "stats", snapshot, "--json", "--no-lock", "--mode=restore-size"
        )
        return int(json.loads(done.stdout)["total_size"])

    def restore(self, snapshot: str, target: Path, path: str = "") -> None:
        """Bring a snapshot, or one path of it, back below a folder; each file is read again and compared with its checksums.

        Raises:
            FilesError: it is not there, or a file did not come back as it was. A path that is not in the snapshot brings nothing, without a word.
        """
        literal = re.sub(r"([*?[\\])", r"\\\1", path)  # restic takes it for a pattern
        only = [f"--include={literal}"] if path else []
        self.must(
            f"bringing {snapshot} of {self.repository} back",
            "restore",
            snapshot,
            "--no-lock",
            "--verify",
            *only,
            f"--target={target}",
        )

    def expire(self, days: int) -> None:
        """Remove snapshots older than so many days, and what they alone need; the newest stays whatever its age."""
        self.must(
            f"removing what is older than {days} days from {self.repository}",
            "forget",
            f"--keep-within={days}d",
            "--keep-last=1",
            "--prune",
        )


def told(done: Completed) -> str:
    """Return what restic said in few words: its first errors, without the traces of its retries."""
    lines = [
        line
        for line in (done.stderr or done.stdout).splitlines()
        if line.strip() and not line.startswith(("\t", "goroutine", "runtime."))
    ]
    return " ".join(" ".join(lines[:4]).split())[:400]


def moment(text: str) -> datetime:
    """Return a time as Go writes it, with nanoseconds that Python does not read."""
    whole, dot, rest = text.partition(".")
    zone = rest.lstrip("0123456789")
    return datetime.fromisoformat(whole + zone if dot else text).astimezone(UTC)


@dataclass(frozen=True)
class Secrets:
    """What opens one host's repository: its passphrase, and `<host>:<password>` at the server."""

    passphrase: str = field(repr=False)
    login: str = field(repr=False)


def secrets_of(host: str, folder: Path = SECRETS) -> Secrets:
    """Return the secrets of a host, as they lie on it and on ops. Raises FilesError where there are none."""
    try:
        passphrase, login = ((folder / f"{host}.{name}").read_text("utf-8").strip() for name in ("passphrase", "login"))
    except OSError as error:
        raise FilesError(f"{error.filename} cannot be read ({error.strerror}); run traumalink.ops.site") from None
    return Secrets(passphrase, f"{host}:{login}")


@contextmanager
def client_certificate(
    certificate: Path, key: Path, user: str | None = None, processes: Path = Path("/proc")
) -> Iterator[Path]:
    """Give one file with certificate and key, as restic wants them, that `user` (else root) alone reads, and leave nothing of it.

    Nor of those whose process was killed.

    Raises:
        FilesError: one of them cannot be read.
    """
    RUNTIME.mkdir(mode=0o755, parents=True, exist_ok=True)
    for left in RUNTIME.glob("restic-*.pem"):
        if not (processes / left.stem.removeprefix("restic-")).exists():
            left.unlink(missing_ok=True)
    try:
        content = certificate.read_bytes() + key.read_bytes()
    except OSError as error:
        raise FilesError(f"{error.filename} cannot be read ({error.strerror}); run traumalink.ops.site") from None
    path = RUNTIME / f"restic-{os.getpid()}.pem"
    path.unlink(missing_ok=True)  # of a killed process that had this one's number
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(content)
            if user is not None:
                os.fchown(stream.fileno(), pwd.getpwnam(user).pw_uid, -1)
        yield path
    finally:
        path.unlink(missing_ok=True)
