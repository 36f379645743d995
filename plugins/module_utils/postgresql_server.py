# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Talking to a PostgreSQL server on its own host: through psql as the server's system user, over the Unix socket."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .command import CommandError, Runner
from .errors import OpsError

__all__ = ["SESSION", "SYSTEM_USER", "Server", "ServerError", "session_options", "startup_process", "wait_for"]

SYSTEM_USER = "postgres"
FIELD_SEPARATOR = "\x1f"
# Stands above whatever somebody has set for the role, the database or both (PostgreSQL documentation, 20.1.3): a time-out that suits the application,
# or a search path with functions of its own, must not decide what a backup sees. The callers bound the time themselves.
SESSION: Mapping[str, str] = {
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    "default_transaction_read_only": "off",
    "default_transaction_isolation": "read committed",
    "search_path": "pg_catalog",
    "standard_conforming_strings": "on",
}


class ServerError(OpsError):
    """The server did not answer, or answered with an error."""


def session_options(settings: Mapping[str, str]) -> str:
    """Return settings as the variable PGOPTIONS has them (libpq, 34.1.2): blanks in a value behind a backslash."""
    return " ".join("-c " + f"{name}={value}".replace(" ", "\\ ") for name, value in settings.items())


@dataclass(frozen=True)
class Server:
    """A server on this host: how to reach it, what runs the commands, and the settings of its sessions, as PGOPTIONS has them."""

    runner: Runner
    port: int = 5432
    socket_directory: str = "/var/run/postgresql"
    options: str = session_options(SESSION)

    def query(self, sql: str, database: str = "postgres", timeout_seconds: float = 30.0) -> list[list[str]]:
        """Run one statement and return its rows as text.

        Raises:
            ServerError: the server is away, or refused the statement.
        """
        return self.session([sql], database, timeout_seconds)

    def session(
        self, statements: Sequence[str], database: str = "postgres", timeout_seconds: float | None = 30.0
    ) -> list[list[str]]:
        """Run statements in one session, each in a transaction of its own, and return the rows of all of them as text.

        Raises:
            ServerError: the server is away, or refused a statement; those after it were not run.
        """
        argv = [
            "psql", "-XAtq", "--no-password", "-v", "ON_ERROR_STOP=1", "-F", FIELD_SEPARATOR,
            "-h", self.socket_directory, "-p", str(self.port), "-d", database,
            *(word for statement in statements for word in ("-c", statement)),
        ]  # fmt: skip
        try:
            environment = {"PGOPTIONS": self.options, "PGCLIENTENCODING": "UTF8"}
            done = self.runner(argv, user=SYSTEM_USER, environment=environment, timeout_seconds=timeout_seconds)
        except CommandError as error:
            raise ServerError(f"PostgreSQL on port {self.port} cannot be asked: {error}") from error
        if done.status != 0:
            raise ServerError(f"PostgreSQL on port {self.port}: {done.said}")
        return [line.split(FIELD_SEPARATOR) for line in done.stdout.splitlines()]

    def value(self, sql: str) -> str:
        """Return the first field of the first row."""
        return self.query(sql)[0][0]

    def answers(self) -> bool:
        """Tell whether the server admits connections now."""
        try:
            self.query("SELECT 1", timeout_seconds=5.0)
        except ServerError:
            return False
        return True

    def in_recovery(self) -> bool:
        """Tell whether the server replays WAL (a standby, or a restore that goes on) instead of taking writes."""
        return self.value("SELECT pg_is_in_recovery()") == "t"

    def replay_paused(self) -> bool:
        """Tell whether the server is in recovery and has paused it: by itself, or because a person said so."""
        state = "CASE WHEN pg_is_in_recovery() THEN pg_get_wal_replay_pause_state() END"
        return self.value(f"SELECT coalesce({state}, '')") == "paused"

    def prepared_transactions(self) -> int:
        """Return how many transactions are prepared and wait for their second phase."""
        return int(self.value("SELECT count(*) FROM pg_prepared_xacts"))

    def role_and_timeline(self) -> tuple[str, int]:
        """Return `primary` with the timeline on which it writes (the first eight digits of a segment's name), or `standby` or `down` with 0.

        A server that does not answer is down.
        """
        writing = "CASE WHEN NOT pg_is_in_recovery() THEN substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END"
        try:
            digits = self.value(f"SELECT coalesce({writing}, '')")
        except ServerError:
            return "down", 0
        return ("primary", int(digits, 16)) if digits else ("standby", 0)

    def restart_pending(self) -> list[str]:
        """Return the settings whose new value waits for a restart."""
        return [row[0] for row in self.query("SELECT name FROM pg_settings WHERE pending_restart ORDER BY name")]

    def heed_archive_timeout(self) -> None:
        """See that a quiet server's WAL goes to the archive in time from now on.

        The checkpointer falls asleep while the server still starts, for checkpoint_timeout, and looks at archive_timeout only once it has been
        woken (src/backend/postmaster/checkpointer.c, CheckpointerMain; seen on 15.18). A reload wakes it.
        """
        self.query("SELECT pg_reload_conf()")

    def started_at(self) -> float:
        """Return when the server was started, in seconds since the epoch."""
        return float(self.value("SELECT extract(epoch FROM pg_postmaster_start_time())"))

    def loaded_at(self) -> float:
        """Return when the configuration was last read, in seconds since the epoch."""
        return float(self.value("SELECT extract(epoch FROM pg_conf_load_time())"))


def startup_process(data_directory: Path, processes: Path = Path("/proc")) -> int | None:
    """Return the id of the process that replays WAL for the server on this data, or None where none does.

    It is the same one from the server's start until the last WAL is replayed. A server that crashes again and again says all the time that
    it is starting, but with another process each time.
    """
    try:
        server = (data_directory / "postmaster.pid").read_text(encoding="ascii").split()[0]
    except (OSError, IndexError):
        return None
    for folder in processes.glob("[0-9]*"):
        try:
            title = (folder / "cmdline").read_bytes()
            parent = (folder / "stat").read_text(encoding="utf-8", errors="replace").rsplit(")", 1)[1].split()[1]
        except OSError:
            continue  # it has ended meanwhile
        # Behind the cluster's name; a client's process says `startup` too, behind the client's.
        if parent == server and re.match(rb"postgres: (\S+: )?startup\b", title):
            return int(folder.name)
    return None


def wait_for(
    condition: Callable[[], bool],
    timeout_seconds: float,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    interval_seconds: float = 0.2,
) -> bool:
    """Ask until `condition` holds; return False when `timeout_seconds` have passed without it."""
    deadline = clock() + timeout_seconds
    while not condition():
        if clock() >= deadline:
            return False
        sleep(interval_seconds)
    return True
