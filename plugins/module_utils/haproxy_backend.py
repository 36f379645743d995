# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Leading traffic to other servers of a backend while HAProxy runs: no reload, so browsers keep their connections, and no request is cut.

The order makes a restart of HAProxy, or the end of this program, harmless at any moment:

1. Servers that shall come into service pass a health check while they drain (nothing is sent to them). The configuration still says what was.
2. The configuration says what shall be. Old and new servers both run; a HAProxy that starts now leads traffic to the new ones.
3. The new servers become ready, then the others drain until nothing is in flight, then they go into maintenance.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .command import Runner, run_checked
from .errors import OpsError
from .files import TextFile, diff_of, fingerprint, rewrite
from .haproxy_configuration import servers_in_service, with_service
from .haproxy_runtime import LOOK_SECONDS, Backend, Haproxy, HaproxyError, Server
from .service import Service, has_read, properties, remember

__all__ = ["WHEN_STILL_RUNNING", "Edge", "Outcome", "StillRunningError", "Wanted", "bring"]

# A request that goes from one server to another (a retry) counts at neither for a moment.
QUIET_LOOKS = 2
WHEN_STILL_RUNNING = ("fail", "leave", "cut")


class StillRunningError(HaproxyError):
    """Requests did not end in time. They run on, nothing new is led there; the outcome says how many."""


@dataclass(frozen=True)
class Wanted:
    """What shall be.

    Attributes:
        in_service: servers that shall take traffic.
        out_of_service: servers that shall not; with `maintenance`, all of the backend's, and browsers see the maintenance page.
        healthy_seconds: how long a server may take to pass its health check.
        drain_seconds: how long requests in flight may take.
        when_still_running: what then: `fail`, `leave` (they run on, no error), or `cut`.
    """

    backend: str
    in_service: Sequence[str] = ()
    out_of_service: Sequence[str] = ()
    maintenance: bool = False
    healthy_seconds: float = 60.0
    drain_seconds: float = 120.0
    when_still_running: str = "fail"


@dataclass(frozen=True)
class Edge:
    """HAProxy on this host: its runtime, its configuration file, its unit (with every file that it reads), and how commands are run."""

    haproxy: Haproxy
    configuration: Path
    service: Service
    runner: Runner
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass
class Outcome:
    """What was done, or would be.

    Attributes:
        steps: in words. diff: what Ansible shows of the configuration and the running state.
        still_running: by server the requests that were still in flight when time was up, or could still come over connections to a HAProxy that was
            reloaded shortly before; cut: by server how many were cut.
    """

    changed: bool = False
    steps: list[str] = field(default_factory=list)
    still_running: dict[str, int] = field(default_factory=dict)
    cut: dict[str, int] = field(default_factory=dict)
    diff: list[dict[str, str]] = field(default_factory=list)
    servers: Mapping[str, Server] = field(default_factory=dict)


def bring(wanted: Wanted, edge: Edge, outcome: Outcome, *, check: bool = False) -> None:
    """Lead traffic as wanted, in the running HAProxy and in its configuration; fill `outcome`, which tells as much when an error is raised.

    Raises:
        StillRunningError: see `when_still_running`.
        OpsError: a server is unknown or not healthy (traffic stays where it was), the configuration does not hold, HAProxy does not answer.
    """
    text = TextFile(edge.configuration, "").current()
    if text is None:
        raise HaproxyError(f"{edge.configuration} does not exist; deploy the site first (traumalink.ops.site)")
    incoming = list(dict.fromkeys(wanted.in_service))
    outgoing = list(servers_in_service(text, wanted.backend) if wanted.maintenance else wanted.out_of_service)
    after = with_service(text, wanted.backend, incoming, outgoing)
    found = edge.haproxy.backend(wanted.backend)
    _see_sense(wanted, found, incoming, outgoing)
    outcome.servers = found.servers
    outcome.diff = diff_of([TextFile(edge.configuration, after)])
    outcome.steps = [f"write {edge.configuration}"] if after != text else []
    _tell_what_comes(found, incoming, outgoing, outcome)
    outcome.changed = bool(outcome.steps)
    if check:
        return
    switch = _Switch(wanted, edge, incoming, outgoing, outcome)
    switch.see_healthy()
    unit_was_current = after != text and _is_current(edge)
    if after != text:
        rewrite(edge.configuration, after, lambda new: _verify(new, edge))
    switch.lead()
    if unit_was_current:
        # What we wrote is what HAProxy does: nothing has to be reloaded for it.
        remember(edge.service, edge.runner, properties(edge.service, edge.runner))
    if outcome.still_running and wanted.when_still_running == "fail":
        raise StillRunningError(_still_running(wanted, outcome.still_running))


def _see_sense(wanted: Wanted, found: Backend, incoming: Sequence[str], outgoing: Sequence[str]) -> None:
    """Raise HaproxyError for what contradicts itself, or would leave browsers without a server."""
    if both := sorted(set(incoming) & set(outgoing)):
        raise HaproxyError(f"{', '.join(both)} cannot be in and out of service at once. Nothing was changed")
    found.named([*incoming, *outgoing])
    # One that is led to and does not run serves nobody.
    staying = [
        name
        for name, server in found.servers.items()
        if server.mode == "ready" and server.running and name not in outgoing
    ]
    if not incoming and not staying and not wanted.maintenance:
        raise HaproxyError(
            f"That would leave no server of {wanted.backend} in service. Name one that shall be, or say maintenance=true for the maintenance "
            "page. Nothing was changed"
        )


def _tell_what_comes(found: Backend, incoming: Sequence[str], outgoing: Sequence[str], outcome: Outcome) -> None:
    """Note what the running HAProxy will be told."""
    modes = {name: server.mode for name, server in found.servers.items()}
    later = modes | dict.fromkeys(incoming, "ready") | dict.fromkeys(outgoing, "maint")
    if later == modes:
        return
    outcome.steps += [f"{later[name]} {name}" for name in [*incoming, *outgoing] if later[name] != modes[name]]
    header = f"running backend {found.name}"
    before, after = ("".join(f"{name} {mode}\n" for name, mode in each.items()) for each in (modes, later))
    outcome.diff.append({"before_header": header, "after_header": header, "before": before, "after": after})


def _is_current(edge: Edge) -> bool:
    """Tell whether the unit runs with its files as they are: only then our change is the only one."""
    found = properties(edge.service, edge.runner)
    return has_read(edge.service, f"{found.get('InvocationID')} {fingerprint(edge.service.files)}", found)


def _verify(new: Path, edge: Edge) -> None:
    what = f"reading the configuration that would become {edge.configuration} (which is as it was)"
    run_checked(edge.runner, ["haproxy", "-c", "-f", str(new)], what)


def _still_running(wanted: Wanted, running: Mapping[str, int]) -> str:
    each = ", ".join(f"{number} on {name}" for name, number in running.items())
    return (
        f"After {wanted.drain_seconds:.0f} s requests are still running: {each} (each connection counts that browsers hold since before a "
        "reload of HAProxy, as it may bring one more). Nothing was cut, and nothing new is led there. Do not stop these servers; run again to wait on, or with when_still_running=cut to end them"
    )


@dataclass(frozen=True)
class _Switch:
    """One change of the running HAProxy."""

    wanted: Wanted
    edge: Edge
    incoming: Sequence[str]
    outgoing: Sequence[str]
    outcome: Outcome

    def look(self) -> Backend:
        return self.edge.haproxy.backend(self.wanted.backend)

    def tell(self, name: str, mode: str) -> None:
        self.edge.haproxy.tell(self.wanted.backend, name, mode)

    def see_healthy(self) -> None:
        """Wait until HAProxy finds each incoming server healthy; one in maintenance drains meanwhile, as only then it is checked.

        Raises:
            HaproxyError: not in time; what was not in service is in maintenance.
        """
        deadline = self.edge.clock() + self.wanted.healthy_seconds
        try:
            while waiting := [server for server in self.look().named(self.incoming) if not _may_serve(server)]:
                for server in waiting:
                    if server.mode == "maint":
                        self.tell(server.name, "drain")
                if self.edge.clock() >= deadline:
                    raise HaproxyError(_not_healthy(self.wanted, self.look().named([each.name for each in waiting])))
                self.edge.sleep(LOOK_SECONDS)
        except OpsError:
            for server in self.look().named(self.incoming):
                if server.mode == "drain":
                    self.tell(server.name, "maint")
            raise

    def lead(self) -> None:
        """Make ready, drain, wait for requests in flight, put into maintenance."""
        deadline, quiet = self.edge.clock() + self.wanted.drain_seconds, 0
        while True:
            leaving = self.tell_again()
            running = {
                server.name: server.in_flight + server.held for server in leaving if server.in_flight + server.held
            }
            quiet = 0 if running else quiet + 1
            if quiet >= QUIET_LOOKS or (not running and all(server.mode == "maint" for server in leaving)):
                break
            if running and self.edge.clock() >= deadline:
                self.end(running)
                break
            self.edge.sleep(LOOK_SECONDS)
        for server in leaving:
            if server.mode != "maint" and server.name not in self.outcome.still_running:
                self.tell(server.name, "maint")
        self.see_done()

    def tell_again(self) -> list[Server]:
        """Make incoming servers ready first, then let the others drain, also in a HAProxy that was restarted; return the others."""
        found = self.look()
        for server in found.named(self.incoming):
            if server.mode != "ready":
                self.tell(server.name, "ready")
        leaving = found.named(self.outgoing)
        told = [server for server in leaving if server.mode == "ready"]
        for server in told:
            self.tell(server.name, "drain")
        return self.look().named(self.outgoing) if told else leaving

    def end(self, running: Mapping[str, int]) -> None:
        """Time is up for requests in flight: cut them where that was asked for, else say how many there are."""
        if self.wanted.when_still_running != "cut":
            self.outcome.still_running = dict(running)
            promised = {f"maint {name}": f"drain {name}" for name in running}
            self.outcome.steps = [promised.get(step, step) for step in self.outcome.steps]
            return
        for name, number in running.items():
            self.edge.haproxy.cut(self.wanted.backend, name)
            self.outcome.cut[name] = number
            self.outcome.steps.append(f"cut {number} requests of {name}")

    def see_done(self) -> None:
        """Look at the result itself: HAProxy's word for an order that it took is silence."""
        found = self.look()
        self.outcome.servers = found.servers
        wrong = [server for server in found.named(self.incoming) if server.mode != "ready"]
        wrong += [server for server in found.named(self.outgoing) if server.mode == "ready"]
        if wrong:
            each = ", ".join(f"{server.name} is {server.mode}" for server in wrong)
            raise HaproxyError(
                f"HAProxy does not do what it was told: {each}. Somebody else may lead traffic at the same time; run again"
            )


def _may_serve(server: Server) -> bool:
    """Tell whether a server may take traffic. One that is in service when HAProxy starts serves before its first check."""
    return server.running if server.mode == "ready" else server.mode == "drain" and server.healthy


def _not_healthy(wanted: Wanted, waiting: Sequence[Server]) -> str:
    each = "; ".join(f"{server.name} is {server.status} ({server.check or 'not checked yet'})" for server in waiting)
    return (
        f"HAProxy does not find healthy what shall take traffic, tried for {wanted.healthy_seconds:.0f} s: {each}. Traffic stays where it was. Look "
        "at the journal of the application's units on that host, then run again"
    )
