# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release that was just given traffic is watched for a while: what its health checks did not show, real requests do."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .errors import RELEASE_FAULT, CodedError
from .haproxy_figures import Look, Traffic, traffic_between
from .haproxy_runtime import Backend
from .progress import say
from .traffic import TrafficLimits, traffic_problems

__all__ = ["Soak", "SoakError", "Soaked"]

LOOK_SECONDS = 2.0
# A functional module counts as sick when it is so in two rounds: one answer may have been the moment in which a connection was renewed.
ROUNDS = 2


class SoakError(CodedError):
    """The release does not fare well, or nobody can tell; the message says what was seen, and after how long. Its code says whether the release is to blame."""


@dataclass(frozen=True)
class Soaked:
    """How a release fared: what it was asked, for how long it was watched, and in how many looks."""

    traffic: Traffic
    seconds: float
    looks: int


@dataclass(frozen=True)
class Soak:
    """One watch over a server.

    Attributes:
        server: HAProxy's name for it.
        look: tells how the backend is now. sick: what is wrong with the functional modules, in sentences; asked of the server itself.
        before: how traffic fared before, and limits: what counts as worse.
        site_start, site_before: the whole backend just before traffic was led to this server, and how browsers fared until then; what HAProxy
            itself answers (503, a queue that ran over) stands at no server.
        seconds: how long to watch.
    """

    server: str
    look: Callable[[], Backend]
    sick: Callable[[], Sequence[str]]
    before: Traffic
    site_start: Look
    site_before: Traffic
    limits: TrafficLimits
    seconds: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def run(self) -> Soaked:
        """Watch it until the time is over.

        Raises:
            SoakError: requests fail or take much longer, of the server or of the whole site, a functional module is sick, HAProxy takes the server
                for down or was itself restarted.
        """
        begun, first, looks, sick_rounds = self.clock(), self.look(), 0, 0
        start = self._at(first)
        while True:
            self.sleep(LOOK_SECONDS)
            looks += 1
            now = self.look()
            traffic = traffic_between(start, self._at(now))
            seconds = self.clock() - begun
            sick = list(self.sick())
            sick_rounds = sick_rounds + 1 if sick else 0
            problems = [
                *self._state_problems(first, now),
                *traffic_problems(self.server, self.before, traffic, self.limits),
                *(sick if sick_rounds >= ROUNDS else ()),
            ]
            # What browsers get is reason enough to go back, but may be another's fault.
            site = self._site_problems(now)
            if problems or site:
                said = f"after {seconds:.0f} s under traffic: {' '.join([*problems, *site])}"
                raise SoakError(said, RELEASE_FAULT if problems and now.process_id == first.process_id else "")
            say(f"{traffic.requests} requests, {traffic.failed} failed, {max(self.seconds - seconds, 0):.0f} s to go")
            if seconds >= self.seconds and not sick:
                return Soaked(traffic, round(seconds, 1), looks)

    def _at(self, backend: Backend) -> Look:
        (server,) = backend.named([self.server])
        return Look(backend.process_id, server.figures)

    def _site_problems(self, now: Backend) -> list[str]:
        whole = traffic_between(self.site_start, Look(now.process_id, now.figures, whole_backend=True))
        return traffic_problems("The whole site", self.site_before, whole, self.limits)

    def _state_problems(self, first: Backend, now: Backend) -> list[str]:
        if now.process_id != first.process_id:
            return [
                "HAProxy was restarted or reloaded meanwhile, so nobody can tell any more how requests fared; see journalctl -u haproxy, then run again."
            ]
        (server,) = now.named([self.server])
        if server.mode != "ready" or not server.running:
            return [f"HAProxy has {self.server} as {server.status} ({server.check})."]
        return []
