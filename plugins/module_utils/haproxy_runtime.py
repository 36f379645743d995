# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy while it runs: which servers of a backend take traffic, and how many requests each still works on.

Asked and told over its runtime socket (HAProxy's management guide, 9.3 "Unix Socket commands"), seen on 2.6 (Debian 12) and 3.0 (Debian 13).

- A request in flight counts in `scur` (it is a stream, not a connection): 0 while browsers keep their connections open without asking, and
  while idle connections to the application are kept for reuse. `qcur` are requests that wait for a server.
- `maint` stops the health check and cuts nothing that is in flight. A server that leaves `maint` counts as running at once, before any check
  ("start OK but check immediately" in src/server.c); its health is then `rise`, and goes to `rise + fall - 1` with the first check that passes.
- `srv_admin_state` keeps the bit 0x04 of a `disabled` in the configuration for ever, also when the server was made ready since.
- After a reload the old process works on what it has in flight, and with `option idle-close-on-response` leads one more request of each connection
  that browsers hold to the servers that it knows to be ready. It takes no orders ("Proxy is disabled"), and only the master's socket reaches it.
"""

from __future__ import annotations

import csv
import io
import re
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .errors import OpsError
from .haproxy_figures import Figures, figures_of

__all__ = ["MODES", "Backend", "Haproxy", "HaproxyError", "RuntimeSocket", "Server", "UnreachableError"]

ADMIN_SOCKET = Path("/run/haproxy/admin.sock")
MASTER_SOCKET = Path("/run/haproxy-master.sock")
MODES = ("ready", "drain", "maint")
# SRV_ADMF_* of `show servers state`: forced, inherited and unresolved maintenance; forced and inherited drain.
MAINTENANCE_BITS, DRAIN_BITS = 0x01 | 0x02 | 0x20, 0x08 | 0x10
RUNNING_STATES = ("1", "2")  # SRV_ST_STARTING (warming up), SRV_ST_RUNNING
BACKENDS_AND_SERVERS = 6  # bits of `show stat`: 2 backends, 4 servers
WHOLE_BACKEND = "BACKEND"
LOOK_SECONDS = 0.2


class HaproxyError(OpsError):
    """HAProxy refuses a command, or does not have what is asked for."""


class UnreachableError(HaproxyError):
    """Nobody answers on the runtime socket: HAProxy does not run, or starts just now."""


@dataclass(frozen=True)
class RuntimeSocket:
    """One of HAProxy's runtime sockets; each command is a connection of its own.

    Attributes:
        patience_seconds: how long nobody may answer, as while HAProxy is restarted. Every command that is used here may be given twice.
    """

    path: Path
    timeout_seconds: float = 10.0
    patience_seconds: float = 15.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def ask(self, command: str) -> str:
        """Return the whole answer to one command.

        Raises:
            UnreachableError: nobody answers, or not to the end.
        """
        deadline = self.clock() + self.patience_seconds
        while True:
            try:
                return self._ask_once(command)
            except UnreachableError:
                if self.clock() >= deadline:
                    raise
            self.sleep(LOOK_SECONDS)

    def _ask_once(self, command: str) -> str:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(self.timeout_seconds)
                connection.connect(str(self.path))
                connection.sendall(f"{command}\n".encode())
                # The master's socket waits for more commands until it sees that none come.
                connection.shutdown(socket.SHUT_WR)
                said = b"".join(iter(lambda: connection.recv(65536), b""))
        except OSError as error:
            raise UnreachableError(
                f"HAProxy does not answer on {self.path} ({error.strerror or error}). See whether it runs: systemctl status haproxy"
            ) from None
        if not said.endswith(b"\n"):  # an answer ends in an empty line, an error in a line break
            raise UnreachableError(
                f"HAProxy ended in the middle of its answer to '{command}' on {self.path}; run again"
            )
        return said.decode(errors="replace")


@dataclass(frozen=True)
class Server:
    """A server of a backend as it is now.

    Attributes:
        mode: what it was told: `ready`, `drain` (nothing new) or `maint` (nothing new, and no health checks).
        status: HAProxy's word for it (`UP`, `DRAIN 1/3`, `DOWN`, `MAINT` …).
        running: by its health check, or taken to be so until its first one.
        checked: it has passed its health check since it was last in maintenance.
        check: the last check in words.
        in_flight: requests that it works on or that wait for it, old processes' included.
        held: connections that browsers hold to old processes, which would lead one more request of each here.
    """

    name: str
    mode: str
    status: str
    running: bool
    checked: bool
    check: str
    in_flight: int
    held: int = 0
    figures: Figures = field(default_factory=Figures)

    @property
    def healthy(self) -> bool:
        """Whether its health check has said so, not only taken for granted."""
        return self.running and self.checked

    def as_dict(self) -> dict[str, str | bool | int]:
        """Return it as plain data, without its figures."""
        return {
            "mode": self.mode,
            "status": self.status,
            "running": self.running,
            "healthy": self.healthy,
            "check": self.check,
            "in_flight": self.in_flight,
            "held": self.held,
        }


@dataclass(frozen=True)
class Backend:
    """A backend as it is now: the process that answered, its age in seconds, its servers by name, and the figures over all of them."""

    name: str
    process_id: int
    uptime_seconds: int
    servers: Mapping[str, Server]
    figures: Figures = field(default_factory=Figures)

    def named(self, names: Sequence[str]) -> list[Server]:
        """Return servers in the order of their names.

        Raises:
            HaproxyError: the running HAProxy has none of that name.
        """
        if unknown := [name for name in names if name not in self.servers]:
            raise HaproxyError(
                f"The running HAProxy has no server {', '.join(unknown)} in its backend {self.name}; it has {', '.join(self.servers) or 'none'}. Run "
                "traumalink.ops.site, which lets it read its configuration again"
            )
        return [self.servers[name] for name in names]


@dataclass(frozen=True)
class Haproxy:
    """HAProxy on this host. Without the master's socket nothing is known of old processes, and none is assumed."""

    admin: RuntimeSocket = field(default_factory=lambda: RuntimeSocket(ADMIN_SOCKET))
    master: RuntimeSocket = field(default_factory=lambda: RuntimeSocket(MASTER_SOCKET))

    def backend(self, name: str) -> Backend:
        """Return the backend as it is now.

        Raises:
            HaproxyError: there is none of that name. UnreachableError.
        """
        states, rows = (
            read(self.admin.ask(question), name)
            for read, question in zip((_states, _rows), _questions(name), strict=True)
        )
        info = _facts(self.admin.ask("show info"))
        lingering = self._lingering(name)
        servers = {
            server: _server(state, rows[server], *lingering.get(server, (0, 0)))
            for server, state in states.items()
            if server in rows
        }
        return Backend(
            name, int(info["Pid"]), int(info["Uptime_sec"]), servers, figures_of(rows.get(WHOLE_BACKEND, {}))
        )

    def tell(self, backend: str, server: str, mode: str) -> None:
        """Put a server into `ready`, `drain` or `maint`.

        Raises:
            HaproxyError: HAProxy refuses. UnreachableError.
        """
        self._order(self.admin, f"set server {backend}/{server} state {mode}")

    def cut(self, backend: str, server: str) -> None:
        """End every request that a server works on, in old processes too; whoever waits for an answer gets an error."""
        order = f"shutdown sessions server {backend}/{server}"
        self._order(self.admin, order)
        for process in self._old_processes():
            self.master.ask(f"@!{process} {order}")

    def _order(self, runtime: RuntimeSocket, order: str) -> None:
        if said := runtime.ask(order).strip():
            raise HaproxyError(f"HAProxy refused '{order}': {said}")

    def _old_processes(self) -> list[int]:
        """Return the processes that end what they had in flight when HAProxy was last reloaded."""
        if not self.master.path.exists():
            return []
        _current, _, old = self.master.ask("show proc").partition("# old workers")
        return [int(found[1]) for found in re.finditer(r"^(\d+)\s+worker\b", old, re.MULTILINE)]

    def _lingering(self, backend: str) -> dict[str, tuple[int, int]]:
        """Return by server the requests that old processes work on, and the connections over which they may lead one more there."""
        found: dict[str, tuple[int, int]] = {}
        for process in self._old_processes():
            states, figures, info = (
                self.master.ask(f"@!{process} {command}") for command in (*_questions(backend), "show info")
            )
            if not ("\n# " in states and figures.startswith("#") and "CurrConns: " in info):
                continue  # it has ended since, or does not know the backend
            rows = _rows(figures, backend)
            # A connection whose request is in flight is closed with that one's answer.
            idle = max(0, int(_facts(info)["CurrConns"]) - _in_flight(rows[WHOLE_BACKEND]))
            for server, state in _states(states, backend).items():
                running, held = found.get(server, (0, 0))
                held += idle if _mode(state) == "ready" else 0
                found[server] = running + _in_flight(rows[server]), held
        return found


def _questions(backend: str) -> tuple[str, str]:
    """Return what is asked of a backend: the state of its servers, and its figures with theirs."""
    return f"show servers state {backend}", f"show stat {backend} {BACKENDS_AND_SERVERS} -1"


def _facts(said: str) -> dict[str, str]:
    """Read `show info`."""
    return dict(line.split(": ", 1) for line in said.splitlines() if ": " in line)


def _states(said: str, backend: str) -> dict[str, dict[str, str]]:
    """Read `show servers state`: by server its fields, named by the line that begins with a sharp."""
    lines = said.splitlines()
    header = next((line[1:].split() for line in lines if line.startswith("# ")), None)
    if header is None:
        raise HaproxyError(f"HAProxy has no backend {backend} ({said.strip()}); see /etc/haproxy/haproxy.cfg")
    fields = (dict(zip(header, line.split(), strict=False)) for line in lines if len(line.split()) >= len(header))
    return {each["srv_name"]: each for each in fields if each["be_name"] == backend}


def _rows(said: str, backend: str) -> dict[str, dict[str, str]]:
    """Read `show stat` as CSV, by server; columns are found by name, since their order is only partly promised."""
    if not said.startswith("#"):
        raise HaproxyError(f"HAProxy has no figures of backend {backend}: {said.strip()}")
    rows = csv.DictReader(io.StringIO(said.removeprefix("# ")))
    return {row["svname"]: row for row in rows if row["pxname"] == backend}


def _server(state: Mapping[str, str], row: Mapping[str, str], lingering: int, held: int) -> Server:
    health, rise, fall = (int(row[f"check_{name}"] or 0) for name in ("health", "rise", "fall"))
    words = (row["check_status"].removeprefix("* "), row["check_code"], row["last_chk"] or row["check_desc"])
    return Server(
        name=state["srv_name"],
        mode=_mode(state),
        status=row["status"],
        running=state["srv_op_state"] in RUNNING_STATES,
        # With fall 1 a server that was never checked looks like one that passed.
        checked=fall > 1 and health == rise + fall - 1,
        check=", ".join(word for word in words if word),
        in_flight=_in_flight(row) + lingering,
        held=held,
        figures=figures_of(row),
    )


def _mode(state: Mapping[str, str]) -> str:
    admin = int(state["srv_admin_state"])
    return "maint" if admin & MAINTENANCE_BITS else "drain" if admin & DRAIN_BITS else "ready"


def _in_flight(row: Mapping[str, str]) -> int:
    return int(row["scur"] or 0) + int(row["qcur"] or 0)
