# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a service of this host did not answer while its packages were replaced: asked ten times a second, beside the work."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

__all__ = ["WATCH_OPTIONS", "Watch", "answers", "watching"]

# What a module that watches takes as its option `watch`.
WATCH_OPTIONS: dict[str, Any] = {
    "type": "dict",
    "options": {
        "kind": {"type": "str", "choices": ["tcp", "postgresql"], "required": True},
        "address": {"type": "str", "default": "127.0.0.1"},
        "port": {"type": "int", "required": True},
    },
}
EVERY_SECONDS = 0.1
ANSWER_SECONDS = 2.0
# A start-up message (PostgreSQL documentation, "Message Formats", protocol 3.0): the server answers it with a refusal once it serves, and with CANNOT_CONNECT_NOW
# while it starts or stops; the way of pg_isready, which the packages replace meanwhile.
PARAMETERS = b"user\0traumalink_watch\0database\0postgres\0\0"
STARTUP = struct.pack("!ii", 8 + len(PARAMETERS), 196608) + PARAMETERS
CANNOT_CONNECT_NOW = b"57P03"


def answers(kind: str, place: str | tuple[str, int]) -> bool:
    """Tell whether a service answers: at a socket's path, or at an address and port."""
    family = socket.AF_UNIX if isinstance(place, str) else socket.AF_INET6 if ":" in place[0] else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as connection:
            connection.settimeout(ANSWER_SECONDS)
            connection.connect(place)
            if kind == "tcp":
                return True
            connection.sendall(STARTUP)
            said = connection.recv(1024)
    except OSError:
        return False
    return bool(said) and CANNOT_CONNECT_NOW not in said


@dataclass
class Watch:
    """Watches while it is entered; `down_seconds` is how long the service did not answer, `longest_seconds` the longest time in one piece."""

    kind: str = ""
    place: str | tuple[str, int] = ""
    down_seconds: float = 0.0
    longest_seconds: float = 0.0

    def __enter__(self) -> Watch:
        """Begin; where nothing is to be watched, nothing does."""
        if not self.kind:
            return self
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End: once more after the work, so that a service that is still down counts up to here."""
        if self.kind:
            self._over.set()
            self._thread.join()

    def figures(self) -> dict[str, float]:
        """Return what was measured, nothing where nothing was watched."""
        return {"down_seconds": round(self.down_seconds, 1)} if self.kind else {}

    def _look(self) -> None:
        since: float | None = None
        while True:
            asked = time.monotonic()
            last = self._over.is_set()
            if answers(self.kind, self.place):
                self._count(since, asked)
                since = None
            elif since is None:
                since = asked
            if last:
                self._count(since, time.monotonic())
                return
            self._over.wait(EVERY_SECONDS)

    def _count(self, since: float | None, until: float) -> None:
        if since is not None:
            self.down_seconds += until - since
            self.longest_seconds = max(self.longest_seconds, until - since)


def watching(option: Mapping[str, Any] | None) -> Watch:
    """Return the watch that a module's option asks for."""
    return Watch(option["kind"], (option["address"], option["port"])) if option else Watch()
