"""The Ansible module `slot`: what it makes of its arguments, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.manifest import Process
from ansible_collections.traumalink.ops.plugins.module_utils.slot_processes import Outcome, SlotError, SlotPlan
from ansible_collections.traumalink.ops.plugins.modules import slot

Run = Callable[..., dict[str, Any]]
ARGUMENTS: dict[str, Any] = {
    "name": "trauma",
    "slot": "green",
    "version": "1.1.0",
    "processes": [{"name": "worker", "command": ["/usr/bin/worker", "-v"], "singleton": True}],
    "singletons": True,
    "user": "trauma",
    "environment": {"LISTEN_PORT": 8002},
    "watch": ["/etc/traumalink/tls/host.crt"],
    "database": {"host": "192.0.2.1", "name": "trauma", "user": "trauma_app", "password": "geheim"},
}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[SlotPlan, str, dict[str, Any]]]:
    """Take the place of the domain and note how it is called."""
    seen: list[tuple[SlotPlan, str, dict[str, Any]]] = []

    def bring(plan: SlotPlan, state: str, _runner: object, **options: Any) -> Outcome:
        seen.append((plan, state, options))
        return Outcome(True, ["start trauma-worker@green.service"], ["trauma-web@green.service"], [])

    monkeypatch.setattr(slot, "bring", bring)
    return seen


def test_hands_over_what_was_given(run_module: Run, calls: list[tuple[SlotPlan, str, dict[str, Any]]]) -> None:
    result = run_module(slot.main, True, restart=False, **ARGUMENTS)
    plan, state, options = calls[0]
    assert (state, options) == ("started", {"restart": False, "check": True})
    assert plan.processes == [Process("worker", ("/usr/bin/worker", "-v"), True)]
    assert (plan.name, plan.slot, plan.release, plan.singletons) == ("trauma", "green", "trauma-1.1.0", True)
    assert plan.environment == {"LISTEN_PORT": "8002"}
    assert plan.watched == [Path("/etc/traumalink/tls/host.crt")]
    assert plan.database.password == ARGUMENTS["database"]["password"]
    assert result["steps"] == ["start trauma-worker@green.service"]
    assert result["restart_pending"] == ["trauma-web@green.service"]
    assert "geheim" not in str(result)


def test_fails_with_the_domain_s_message(run_module: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise SlotError("trauma-web@green.service does not stay up")

    monkeypatch.setattr(slot, "bring", fail)
    result = run_module(slot.main, **ARGUMENTS)
    assert result["failed"]
    assert result["msg"] == "trauma-web@green.service does not stay up"
    assert result["code"] == "release_fault"


def test_knows_two_slots(run_module: Run) -> None:
    assert "value of slot must be one of: blue, green" in run_module(slot.main, **{**ARGUMENTS, "slot": "red"})["msg"]
