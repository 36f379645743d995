"""The action `host_clock`: refuses a host whose clock is off, in either direction, and lets the answer's way count for nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.action import host_clock

NOW = 1795575600.0  # the controller's, in seconds since the epoch


@pytest.fixture(autouse=True)
def base(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_clock.ActionBase, "run", lambda *_arguments: {})


def asked(monkeypatch: pytest.MonkeyPatch, host: float, takes: float = 0.0, **arguments: Any) -> dict[str, Any]:
    """Return what comes of a host whose clock says `host` seconds more than the controller's when its answer starts to travel."""
    clock = iter([NOW, NOW + takes])
    monkeypatch.setattr(host_clock, "time", SimpleNamespace(time=lambda: next(clock)))
    action = host_clock.ActionModule.__new__(host_clock.ActionModule)
    action._task = SimpleNamespace(args=arguments)
    action._execute_module = lambda **_options: {"changed": False, "epoch_seconds": NOW + host}
    result: dict[str, Any] = action.run(task_vars={"inventory_hostname": "db1"})
    return result


@pytest.mark.parametrize(
    ("host", "words"),
    [
        (5.5, "the clock of db1 is 6 s ahead of the controller's, more than 5 s; set both by NTP and run again. Nothing was changed"),
        (-3600.0, "the clock of db1 is 3600 s behind the controller's, more than 5 s; set both by NTP and run again. Nothing was changed"),
    ],
)  # fmt: skip
def test_a_host_whose_clock_is_off_is_refused(monkeypatch: pytest.MonkeyPatch, host: float, words: str) -> None:
    result = asked(monkeypatch, host)
    assert (result["failed"], result["msg"]) == (True, words)
    assert result["skew_seconds"] == host


@pytest.mark.parametrize("host", [5.0, -5.0, 0.0])
def test_what_is_within_the_limit_passes(monkeypatch: pytest.MonkeyPatch, host: float) -> None:
    result = asked(monkeypatch, host)
    assert "failed" not in result
    assert result["skew_seconds"] == host


@pytest.mark.parametrize(("limit", "refused"), [("0.5", True), (2.0, False)])
def test_the_limit_is_the_caller_s(monkeypatch: pytest.MonkeyPatch, limit: object, refused: bool) -> None:
    assert asked(monkeypatch, 1.0, limit_seconds=limit).get("failed", False) is refused


def test_a_slow_connection_is_no_skew(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(monkeypatch, 20.0, takes=30.0)["skew_seconds"] == 0.0


def test_a_host_that_cannot_tell_is_told_as_it_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    action = host_clock.ActionModule.__new__(host_clock.ActionModule)
    action._task = SimpleNamespace(args={})
    action._execute_module = lambda **_options: {"failed": True, "msg": "no Python"}
    assert action.run() == {"failed": True, "msg": "no Python"}
