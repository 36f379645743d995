"""The Ansible module `module_health`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.health import Answer
from ansible_collections.traumalink.ops.plugins.modules import module_health

Run = Callable[..., dict[str, Any]]
MODULES = [
    {"name": "triage", "title": {"zh": "预检分诊", "en": "Triage"}, "health": "/health/triage"},
    {"name": "registry", "health": "/health/registry"},
]
ARGUMENTS: dict[str, Any] = {
    "base_urls": ["https://192.0.2.1"],
    "modules": MODULES,
    "version": "1.0.0",
    "retry_seconds": 0,
}


@pytest.fixture
def sick(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Give the set of paths that answer 503."""
    paths: set[str] = set()

    def get(url: str, _timeout_seconds: float) -> Answer:
        path = url.removeprefix("https://192.0.2.1")
        return Answer(503 if path in paths else 200, b'{"version": "1.0.0"}')

    monkeypatch.setattr(module_health, "HttpsGetter", lambda *_arguments: get)
    return paths


def test_returns_each_module_with_its_latency(run_module: Run, sick: set[str]) -> None:
    result = run_module(module_health.main, **ARGUMENTS)
    assert (result["changed"], result["healthy"]) == (False, True)
    assert [entry["name"] for entry in result["modules"]] == ["version", "triage", "registry"]
    assert all(entry["latency_seconds"] >= 0 and entry["status"] == "healthy" for entry in result["modules"])


def test_fails_naming_what_is_not_healthy_and_still_returns_everything(run_module: Run, sick: set[str]) -> None:
    sick.add("/health/registry")
    result = run_module(module_health.main, **ARGUMENTS)
    assert result["failed"]
    assert "registry at https://192.0.2.1/health/registry is unhealthy: HTTP 503" in result["msg"]
    assert [entry["status"] for entry in result["modules"]] == ["healthy", "healthy", "unhealthy"]


def test_only_tells_where_asked_to(run_module: Run, sick: set[str]) -> None:
    sick.add("/health/triage")
    result = run_module(module_health.main, must_be_healthy=False, **ARGUMENTS)
    assert "failed" not in result
    assert result["healthy"] is False


def test_a_certificate_needs_its_key(run_module: Run) -> None:
    assert run_module(module_health.main, client_certificate="/x", **ARGUMENTS)["failed"]
