"""The Ansible module `traffic_soak`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.traumalink.ops.plugins.module_utils.haproxy_figures import Figures
from ansible_collections.traumalink.ops.plugins.module_utils.haproxy_runtime import Backend, Server
from ansible_collections.traumalink.ops.plugins.module_utils.health import Answer
from ansible_collections.traumalink.ops.plugins.modules import traffic_soak

FOUND = {"process_id": 7, "figures": asdict(Figures()), "servers": {"app1-blue": {"figures": asdict(Figures())}}}
GIVEN = {
    "server": "app1-green",
    "seconds": 2,
    "before": FOUND,
    "before_end": FOUND,
    "before_server": "app1-blue",
    "base_url": "https://192.0.2.11:8002",
    "modules": [{"name": "triage", "health": "/health/triage"}],
}


def call(capsys: pytest.CaptureFixture[str], *, check_mode: bool = False, **changes: Any) -> dict[str, Any]:
    """Run the module."""
    with (
        patch_module_args({**GIVEN, **changes, "_ansible_check_mode": check_mode}),
        pytest.raises(SystemExit),
    ):
        traffic_soak.main()
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Give the status that the functional module answers with, over a HAProxy that has one server."""
    status = [200]
    server = Server("app1-green", "ready", "UP", True, True, "", 0)
    monkeypatch.setattr(
        traffic_soak.Haproxy, "backend", lambda _self, name: Backend(name, 7, 60, {"app1-green": server})
    )
    monkeypatch.setattr(
        traffic_soak, "HttpsGetter", lambda *_files: lambda _url, _timeout: Answer(status[0], b'{"status": "healthy"}')
    )
    monkeypatch.setattr("ansible_collections.traumalink.ops.plugins.module_utils.traffic_soak.LOOK_SECONDS", 0.01)
    return status


def test_it_tells_how_the_release_fared(capsys: pytest.CaptureFixture[str], answers: list[int]) -> None:
    found = call(capsys, seconds=0.05)
    assert found["looks"] >= 2
    assert found["traffic"] == {
        "requests": 0,
        "failed": 0,
        "response_seconds": None,
        "began_anew": False,
        "downtime_seconds": 0,
    }


def test_a_sick_module_is_named(capsys: pytest.CaptureFixture[str], answers: list[int]) -> None:
    answers[0] = 503
    assert "triage is unhealthy: HTTP 503" in call(capsys)["msg"]


def test_figures_of_another_server_are_refused(capsys: pytest.CaptureFixture[str], answers: list[int]) -> None:
    assert "no figures of app9-blue" in call(capsys, before_server="app9-blue")["msg"]


def test_check_mode_watches_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, check_mode=True)["looks"] == 0
