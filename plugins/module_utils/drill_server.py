# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scratch server of a drill: replays restored data to a position and pauses there, or to the end and opens."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .command import Completed, Runner, run_checked
from .drill_fetch import Fetching
from .drill_scratch import Scratch
from .drill_settings import HBA, control_values, preloads, scratch_settings, settings_text
from .errors import OpsError
from .files import TextFile, write_text
from .postgresql_server import SESSION, Server, ServerError, session_options, startup_process
from .progress import say

__all__ = ["ReplayError", "ScratchServer"]

PORT = 5432  # only the socket's name: it listens to no network
SUPERUSER = "postgres"  # Debian's initdb
LOOK_SECONDS = 0.3
STALL_SECONDS = 1800.0  # one segment of 16 MiB takes moments
STOP_SECONDS = 600
STARTING_SECONDS = 3.0  # until its first process has said who it is
# xlogrecovery.c: at the target; and a primary that was given more connections while the WAL was written.
STOPPED = "recovery stopping "
TOO_SMALL = "insufficient parameter settings"
ATTEMPTS = 5
# Beside what holds for our sessions anyway: a drill starts nobody's triggers.
OPTIONS = {**SESSION, "session_replication_role": "replica"}
# But not that it tells us, who ask all the time, to wait.
SAID = re.compile(
    r"^(?:FATAL|PANIC|ERROR):(?!  the database system is ).*|^.*ERROR: \[\d+\]:.*|^LOG:.*(?:record|pageaddr|magic number|checksum).*",
    re.M,
)


class ReplayError(OpsError):
    """The scratch server did not come up, or did not get where it should."""


@dataclass
class ScratchServer:
    """The server on the restored data.

    Attributes:
        runner: runs as root.
        version: PostgreSQL's major version, whose programs lie under `programs`.
        fetching: how it gets its WAL.
        libraries: what production loads with its server, as far as it is known.
        not_loaded: what of it is not installed on this host.
        target: settings of another target than a position in the WAL; with them it opens there instead of at the end of the WAL.
    """

    runner: Runner
    scratch: Scratch
    version: str
    fetching: Fetching
    libraries: Sequence[str] = ()
    target: Mapping[str, str] = field(default_factory=dict)
    programs: Path = Path("/usr/lib/postgresql")
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    not_loaded: list[str] = field(default_factory=list)
    starts: int = 0

    @property
    def log(self) -> Path:
        """What the server said since its last start."""
        return self.scratch.server / f"log-{self.starts}"

    @property
    def client(self) -> Server:
        """The way to ask it, as the drill's user."""
        return Server(self.as_user, PORT, str(self.scratch.server), self.options)

    @property
    def options(self) -> str:
        """Settings of every session."""
        return session_options(OPTIONS | ({"event_triggers": "off"} if int(self.version) >= 17 else {}))

    def program(self, name: str) -> str:
        """Return the path of one of PostgreSQL's programs."""
        return str(self.programs / self.version / "bin" / name)

    def as_user(self, argv: Sequence[str], **options: Any) -> Completed:
        """Run a command as the drill's user; by itself it finds this server."""
        environment = {
            "PGHOST": str(self.scratch.server),
            "PGPORT": str(PORT),
            "PGUSER": SUPERUSER,
            "PGOPTIONS": self.options,
            **(options.pop("environment", None) or {}),
        }
        return self.runner(argv, **{**options, "user": self.scratch.user, "environment": environment})

    def control(self) -> dict[str, str]:
        """Return what pg_controldata says of the data."""
        argv = [self.program("pg_controldata"), "-D", str(self.scratch.data)]
        return control_values(run_checked(self.as_user, argv, "reading pg_control of the restored data").stdout)

    def reach(self, target_lsn: str | None, timeline: int) -> None:
        """Start it and wait until it has paused before the target, or has replayed everything and takes writes.

        Raises:
            ReplayError: it ended before, stands still, or opened before the target.
        """
        for _attempt in range(ATTEMPTS):
            self.start(target_lsn, timeline)
            if self.wait(target_lsn):
                return
            self.stop()  # with what pg_control says by now it starts with enough
        raise ReplayError(f"the scratch server's settings did not suffice {ATTEMPTS} times: {self.said()}")

    def start(self, target_lsn: str | None, timeline: int) -> None:
        """Write its configuration and start it, in a network of its own in which nothing answers."""
        place, self.starts = self.scratch.server, self.starts + 1
        auto_conf = self.scratch.data / "postgresql.auto.conf"
        there, self.not_loaded = preloads(self.named(auto_conf), self.libraries, self.library_folder())
        settings = scratch_settings(self.control(), place, self.fetching.command, there, target_lsn, timeline)
        settings |= self.target
        configuration = place / "postgresql.conf"
        for path, text in ((configuration, settings_text(settings)), (self.scratch.data / "pg_hba.conf", HBA)):
            write_text(TextFile(path, text, self.scratch.user, 0o600))
        # Production's own, and the engine's: it would stand above ours.
        write_text(TextFile(auto_conf, "", self.scratch.user, 0o600))
        write_text(TextFile(self.log, "", self.scratch.user, 0o600))
        user, options = self.scratch.user, f"-c config_file={configuration}"
        argv = [
            "unshare", "--net", "--", "setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--",
            self.program("pg_ctl"), "-D", str(self.scratch.data), "-o", options, "-W", "-s", "-l", str(self.log), "start",
        ]  # fmt: skip
        home = {"HOME": str(self.scratch.home)}
        run_checked(self.runner, argv, "starting the scratch server", environment=home)

    def named(self, auto_conf: Path) -> str:
        """Return production's own settings in the data, which the first start puts away."""
        kept = self.scratch.server / "production.conf"
        if self.starts == 1 and auto_conf.exists():
            kept.write_bytes(auto_conf.read_bytes())
        return kept.read_text(encoding="utf-8", errors="replace") if kept.exists() else ""

    def library_folder(self) -> Path:
        """Return where PostgreSQL's libraries lie on this host."""
        return self.programs / self.version / "lib"

    def wait(self, target_lsn: str | None) -> bool:
        """Wait for the target, or for the end; return False where the server must be started anew with larger settings."""
        goal = target_lsn or ", ".join(self.target.values()) or "the end of the WAL"
        stops = target_lsn is not None or bool(self.target)
        wanted = "open" if target_lsn is None else "paused"
        began = since = self.clock()
        segment = ""
        while True:
            state, said = self.state(), self.log_text()  # in this order: it writes why it pauses before it does
            if TOO_SMALL in said:
                return False
            if state == wanted and (not stops or STOPPED in said):
                return True
            if state == "open":
                raise ReplayError(
                    f"the scratch server opened instead of {'pausing' if target_lsn else 'stopping'} at {goal}: {self.said()}"
                )
            now = self.clock()
            if state == "down" and now - began > STARTING_SECONDS and not self.alive():
                if TOO_SMALL in self.log_text():
                    return False
                raise ReplayError(f"the scratch server ended before it reached {goal}: {self.said()}")
            if (replaying := self.replaying()) != segment:
                segment, since = replaying, now
                say(f"replays WAL segment {segment}" if segment else "replays WAL")
            if now - since > STALL_SECONDS:
                raise ReplayError(
                    f"the scratch server stands still {'at ' + segment if segment else 'at its start'} for {STALL_SECONDS:.0f} s: {self.said()}"
                )
            self.sleep(LOOK_SECONDS)

    def state(self) -> str:
        """Return `down` (no answer), `replaying`, `paused` or `open`."""
        asked = "SELECT CASE WHEN pg_is_in_recovery() THEN pg_get_wal_replay_pause_state() ELSE 'open' END"
        try:
            answer = self.client.value(asked)
        except ServerError:
            return "down"
        return answer if answer in ("open", "paused") else "replaying"

    def alive(self) -> bool:
        """Tell whether the server's first process lives: it keeps its id in the data."""
        try:
            process = (self.scratch.data / "postmaster.pid").read_text(encoding="ascii").split()[0]
        except (OSError, IndexError):
            return False
        return (self.scratch.processes / process).exists()

    def replaying(self) -> str:
        """Return the segment that is replayed now, "" where it cannot be told."""
        process = startup_process(self.scratch.data, self.scratch.processes)
        try:
            title = (self.scratch.processes / str(process) / "cmdline").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        found = re.search(r"\b[0-9A-F]{24}\b", title)
        return found[0] if found else ""

    def log_text(self) -> str:
        """Return the log since the last start."""
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def said(self) -> str:
        """Return the last complaints of the log."""
        lines = [" ".join(line.split()) for line in SAID.findall(self.log_text())]
        return "; ".join(lines[-3:]) or "its log holds no complaint"

    def stop(self) -> None:
        """Stop it, where it runs, so that the data is whole.

        Raises:
            CommandError: it does not stop.
        """
        if not self.alive():
            return
        argv = [
            self.program("pg_ctl"),
            "-D",
            str(self.scratch.data),
            "-m",
            "fast",
            "-w",
            "-t",
            str(STOP_SECONDS),
            "-s",
            "stop",
        ]
        run_checked(self.as_user, argv, "stopping the scratch server")

    def tool(self, name: str, *arguments: str, database: str | None = None) -> Completed:
        """Run one of PostgreSQL's programs against the server, or a database of it, and return what it left."""
        environment: Mapping[str, str] = {"PGDATABASE": database} if database is not None else {}
        return self.as_user([self.program(name), *arguments], environment=environment)
