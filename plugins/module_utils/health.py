# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health of the functional modules of the application, asked over HTTP as a browser or HAProxy would ask.

A module is healthy when its path answers 200 and, where the answer is JSON with a `status`, that says `healthy` or `ok`.
The version is what `/version` answers as JSON.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .errors import RELEASE_FAULT, CodedError

__all__ = [
    "Answer",
    "Getter",
    "HealthError",
    "ModuleHealth",
    "NoAnswerError",
    "Question",
    "ask",
    "require",
    "wait_until_healthy",
]

HEALTHY_WORDS = ("healthy", "ok")
INTERVAL_SECONDS = 0.3
REASON_CHARACTERS = 300


class HealthError(CodedError):
    """A functional module is not healthy; the message names module, address, reason and what to do."""

    code = RELEASE_FAULT


class NoAnswerError(Exception):
    """No HTTP answer came; the text says why."""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes


class Getter(Protocol):
    """How an address is asked; tests pass a function of the same shape."""

    def __call__(self, url: str, timeout_seconds: float) -> Answer:
        """Return the answer. Raises NoAnswerError."""


@dataclass(frozen=True)
class Question:
    """What is asked of a base address: the path of a functional module, or the version that must answer."""

    name: str
    path: str
    version: str | None = None


@dataclass(frozen=True)
class ModuleHealth:
    """What one question found: `healthy`, `unhealthy` or `unreachable`, the seconds until the answer, and why not healthy."""

    name: str
    base_url: str
    url: str
    status: str
    latency_seconds: float
    reason: str = ""


def ask(
    question: Question, base_url: str, get: Getter, timeout_seconds: float, clock: Callable[[], float]
) -> ModuleHealth:
    """Ask one question once."""
    url = base_url.rstrip("/") + question.path
    start = clock()
    try:
        answer = get(url, timeout_seconds)
    except NoAnswerError as error:
        return ModuleHealth(question.name, base_url, url, "unreachable", round(clock() - start, 4), str(error))
    reason = _reason(question, answer)
    status = "unhealthy" if reason else "healthy"
    return ModuleHealth(question.name, base_url, url, status, round(clock() - start, 4), reason)


def _reason(question: Question, answer: Answer) -> str:
    """Return why an answer is not healthy; empty when it is."""
    said = _mapping(answer.body)
    if answer.status != 200:
        return f"HTTP {answer.status}{_words(said)}"
    if question.version is not None:
        found = said.get("version")
        return "" if found == question.version else f"version {found} answers instead of {question.version}"
    status = said.get("status", HEALTHY_WORDS[0])
    return "" if status in HEALTHY_WORDS else f"it says {status}{_words(said)}"


def _mapping(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _words(said: dict[str, Any]) -> str:
    reason = said.get("reason") or said.get("detail")
    return f", {str(reason)[:REASON_CHARACTERS]}" if reason else ""


def wait_until_healthy(
    questions: Sequence[Question],
    base_urls: Sequence[str],
    get: Getter,
    *,
    timeout_seconds: float,
    retry_seconds: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> list[ModuleHealth]:
    """Ask every question of every address until all are healthy in one round, or `retry_seconds` have passed; return the last round."""
    deadline = clock() + retry_seconds
    while True:
        found = [
            ask(question, base_url, get, timeout_seconds, clock) for base_url in base_urls for question in questions
        ]
        if all(health.status == "healthy" for health in found) or clock() + INTERVAL_SECONDS > deadline:
            return found
        sleep(INTERVAL_SECONDS)


def require(found: Sequence[ModuleHealth], retry_seconds: float) -> None:
    """Raise HealthError unless all are healthy."""
    bad = [health for health in found if health.status != "healthy"]
    if not bad:
        return
    each = "; ".join(f"{health.name} at {health.url} is {health.status}: {health.reason}" for health in bad)
    raise HealthError(
        f"{len(bad)} of {len(found)} checks of the application failed, tried for {retry_seconds:.0f} s: {each}. Look at the journal of "
        "the application's units on that host (journalctl -u '<name>-*') and at the database, then run again."
    )
