# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it means that a command of pgBackRest failed, and what to do next."""

from __future__ import annotations

import re
import shutil
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .command import Completed
from .errors import OpsError

__all__ = [
    "DATABASE_MISMATCH",
    "LOCKED",
    "NO_WAL",
    "BackupError",
    "RunningEngine",
    "failure",
    "mismatch",
    "running_engines",
]

# pgBackRest's source, src/build/error/error.yaml
DATABASE_MISMATCH, LOCKED, NO_WAL = 28, 50, 82
# Commands that take the stanza's lock, on the repository's host (src/build/config/config.yaml, lock-required).
LOCKING = ("backup", "expire", "stanza-create", "stanza-upgrade", "stanza-delete", "archive-push:async")
ERROR = re.compile(r"ERROR: (\[(\d+)\]:.*)")
MEBIBYTE = 1024**2
ROOM_BYTES = 256 * MEBIBYTE  # a handful of WAL segments; with less a repository counts as full


class BackupError(OpsError):
    """The backup engine failed, or what it left is not what it should have left.

    Attributes:
        code: the engine's own number of the error, where it gave one.
    """

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class RunningEngine:
    """A process of pgBackRest, and the command that it carries out."""

    process: int
    command: str


def running_engines(commands: Sequence[str] = LOCKING, processes: Path = Path("/proc")) -> list[RunningEngine]:
    """Return the processes of this host that carry out one of these commands of pgBackRest, oldest id first."""
    found = []
    for path in processes.glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:
            continue  # it has ended meanwhile
        command = next((word for word in commands if word in words[1:]), None)
        if command and words[0].rsplit("/", 1)[-1] == "pgbackrest":
            found.append(RunningEngine(int(path.parent.name), command))
    return sorted(found, key=lambda engine: engine.process)


def failure(done: Completed, what: str, *, running: Sequence[RunningEngine], repository: Path | None) -> BackupError:
    """Return the error that a failed command comes to.

    Args:
        what: the attempt in words.
        running: processes that may hold the engine's lock.
        repository: where the repository lies, on its own host.
    """
    output = done.stdout + done.stderr
    first = ERROR.search(output)
    number = -done.status if done.status < 0 else done.status - 128  # as Python, and as a shell, report a signal
    if first is None and number in set(signal.Signals):
        return BackupError(
            f"{what} was killed by signal {number} ({signal.Signals(number).name}): somebody ended it, or the host ran out of memory "
            "(journalctl -k says so). Run it again"
        )
    said, code = explain(output), int(first[2]) if first else None
    if not said:
        said = f"pgbackrest ended with status {done.status} and said nothing; its logs lie in /var/log/pgbackrest"
    elif code == LOCKED:
        said = who_holds_the_lock(said, running)
    elif code == DATABASE_MISMATCH:
        said = mismatch(said)
    elif code == NO_WAL and repository is not None:
        said += f". The repository's file system ({repository}) has {room(shutil.disk_usage(repository).free)}"
    return BackupError(f"{what} failed: {said}", code)


def mismatch(said: str) -> str:
    """Say that the stanza is another database's, with the ways out."""
    return (
        f"the stanza belongs to another database than the one that runs now ({said}). See that the right disk is mounted and "
        "postgresql_data_directory names its data, or bring the database back with traumalink.ops.restore. Only when the old one is gone "
        "for good and this one takes its place: traumalink.ops.site -e backup_loss_confirm=<site_name>"
    )


def room(free_bytes: int) -> str:
    """Say how much is free, and what to do where that is next to nothing."""
    full = ": it is full. Enlarge it, or make room there; nothing in the repository itself may be removed by hand"
    return f"{free_bytes // MEBIBYTE} MiB free{full if free_bytes < ROOM_BYTES else ''}"


def who_holds_the_lock(said: str, running: Sequence[RunningEngine]) -> str:
    """Say what still runs; on another host (`raised from remote-0 … on 'db1'`) it cannot be seen from here."""
    if running and "raised from remote" not in said:
        name = "another backup" if running[0].command == "backup" else f"another pgbackrest {running[0].command}"
        return f"{name} still runs (process {running[0].process}); wait until it has ended, and run again"
    return f"another pgbackrest still runs ({said}); wait until it has ended, and run again"


def explain(output: str) -> str:
    """Return the engine's first error as one line, with what to do where the cause is known."""
    # A wrong passphrase is no error of its own: the engine decrypts to noise, and then finds no sections in it (FormatError).
    if "unable to load info file" in output and ("CryptoError" in output or "FormatError" in output):
        return (
            "the passphrase does not open this repository; give the vault password and the backup_cipher_passphrase that belong to this "
            "site (an information file that is damaged looks the same: see whether its copy *.info.copy can be read)"
        )
    first = ERROR.search(output)
    return first[1].strip() if first else " ".join(output.split())[-400:]
