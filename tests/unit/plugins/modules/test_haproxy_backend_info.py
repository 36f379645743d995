"""The Ansible module `haproxy_backend_info`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.modules import haproxy_backend_info
from haproxy import BLUE, GREEN, FakeLab

Run = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("version", ["2.6", "3.0"])
def test_servers_and_figures_are_told(version: str, run_module: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = FakeLab(version)
    monkeypatch.setattr(haproxy_backend_info, "Haproxy", lambda: lab.haproxy)
    result = run_module(haproxy_backend_info.main)
    assert not result["changed"]
    assert result["process_id"] == 1000 + lab.invocation
    assert result["uptime_seconds"] == 5
    assert {name: server["mode"] for name, server in result["servers"].items()} == {BLUE: "ready", GREEN: "maint"}
    # As recorded: two requests at app1-blue were cut before they were answered.
    assert result["figures"]["requests"] == 2
    assert result["servers"][GREEN]["figures"]["requests"] == 0
    assert result["figures"].keys() == result["servers"][BLUE]["figures"].keys()
    missing = run_module(haproxy_backend_info.main, backend="nothing")
    assert missing["failed"]
    assert missing["msg"].startswith("HAProxy has no backend nothing")
    lab.close()
