"""Health: what counts as healthy, how long is waited, and what the message names."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.errors import RELEASE_FAULT, code_of
from ansible_collections.traumalink.ops.plugins.module_utils.health import (
    INTERVAL_SECONDS,
    Answer,
    HealthError,
    ModuleHealth,
    NoAnswerError,
    Question,
    ask,
    require,
    wait_until_healthy,
)

TRIAGE = Question("triage", "/health/triage")
VERSION = Question("version", "/version", "1.0.0")
BASE = "https://192.0.2.1:8001"


class Clock:
    """A clock that sleeping and answers move."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def answering(status: int, body: object, clock: Clock, seconds: float = 0.25) -> Callable[[str, float], Answer]:
    def get(_url: str, _timeout_seconds: float) -> Answer:
        clock.now += seconds
        return Answer(status, body if isinstance(body, bytes) else json.dumps(body).encode())

    return get


@pytest.mark.parametrize(
    ("question", "status", "body", "found", "reason"),
    [
        (TRIAGE, 200, {"status": "healthy"}, "healthy", ""),
        (TRIAGE, 200, {"status": "ok"}, "healthy", ""),
        (TRIAGE, 200, b"fine", "healthy", ""),
        (TRIAGE, 200, [], "healthy", ""),
        (TRIAGE, 200, {"status": "unhealthy", "reason": "no table"}, "unhealthy", "it says unhealthy, no table"),
        (TRIAGE, 503, {"status": "unhealthy", "reason": "database away"}, "unhealthy", "HTTP 503, database away"),
        (TRIAGE, 500, b"<html>", "unhealthy", "HTTP 500"),
        (TRIAGE, 301, b"", "unhealthy", "HTTP 301"),
        (VERSION, 200, {"version": "1.0.0"}, "healthy", ""),
        (VERSION, 200, {"version": "0.9.0"}, "unhealthy", "version 0.9.0 answers instead of 1.0.0"),
        (VERSION, 200, b"nonsense", "unhealthy", "version None answers instead of 1.0.0"),
    ],
)
def test_judges_an_answer(question: Question, status: int, body: object, found: str, reason: str) -> None:
    clock = Clock()
    health = ask(question, BASE + "/", answering(status, body, clock), 5, clock)
    assert (health.status, health.reason, health.latency_seconds) == (found, reason, 0.25)
    assert health.url == BASE + question.path


def test_no_answer_is_unreachable_with_its_reason() -> None:
    def get(_url: str, _timeout_seconds: float) -> Answer:
        raise NoAnswerError("connection refused")

    health = ask(TRIAGE, BASE, get, 5, Clock())
    assert (health.status, health.reason) == ("unreachable", "connection refused")


def wait(get: Callable[[str, float], Answer], clock: Clock, retry_seconds: float, *bases: str) -> list[ModuleHealth]:
    return wait_until_healthy(
        [VERSION, TRIAGE],
        bases or (BASE,),
        get,
        timeout_seconds=5,
        retry_seconds=retry_seconds,
        clock=clock,
        sleep=clock.sleep,
    )


def test_waits_until_all_are_healthy_in_one_round() -> None:
    clock = Clock()
    rounds: list[str] = []

    def get(url: str, _timeout_seconds: float) -> Answer:
        rounds.append(url)
        # Each is healthy alone before both are.
        bad = {1: "/version", 2: "/health/triage"}.get((len(rounds) + 1) // 2, "")
        return Answer(503 if bad and url.endswith(bad) else 200, b'{"version": "1.0.0"}')

    assert [health.status for health in wait(get, clock, 60)] == ["healthy", "healthy"]
    assert (len(rounds), clock.now) == (6, pytest.approx(100.0 + 2 * INTERVAL_SECONDS))


def test_gives_up_when_the_time_is_over_and_returns_what_it_saw() -> None:
    clock = Clock()
    found = wait(answering(503, {}, clock, seconds=2), clock, 10)
    assert [health.status for health in found] == ["unhealthy", "unhealthy"]
    assert 110 <= clock.now <= 115


def test_asks_once_without_time_to_retry() -> None:
    clock = Clock()
    calls: list[str] = []

    def get(url: str, _timeout_seconds: float) -> Answer:
        calls.append(url)
        return Answer(503, b"")

    wait(get, clock, 0, BASE, "https://192.0.2.2:8001")
    assert calls == [
        base + path for base in (BASE, "https://192.0.2.2:8001") for path in ("/version", "/health/triage")
    ]
    assert clock.now == 100.0


def test_the_failure_names_module_address_reason_and_what_to_do() -> None:
    good = ModuleHealth("version", BASE, BASE + "/version", "healthy", 0.1)
    bad = ModuleHealth("triage", BASE, BASE + "/health/triage", "unhealthy", 0.1, "HTTP 503, no table")
    require([good], 60)
    with pytest.raises(HealthError) as caught:
        require([good, bad], 60)
    assert code_of(caught.value) == RELEASE_FAULT
    assert "1 of 2 checks" in str(caught.value)
    assert f"triage at {BASE}/health/triage is unhealthy: HTTP 503, no table" in str(caught.value)
    assert "tried for 60 s" in str(caught.value)
    assert "journalctl" in str(caught.value)
