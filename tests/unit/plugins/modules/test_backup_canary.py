"""The Ansible module `backup_canary`."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.backup_canary import Observed
from ansible_collections.traumalink.ops.plugins.module_utils.backup_proof import Canary
from ansible_collections.traumalink.ops.plugins.modules import backup_canary

Run = Callable[..., dict[str, Any]]
OBSERVED = Observed(7, 1, 9, (Canary(1, "0/1"),), Canary(2, "0/2"), (), (), "000000010000000000000001", {}, {})


@pytest.fixture
def module(on_runner: Callable[[ModuleType], Run]) -> Run:
    """Give the module."""
    return on_runner(backup_canary)


def test_tells_what_was_observed_on_the_port(module: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(backup_canary.Watch, "observe", lambda self: seen.append(self) or OBSERVED)
    result = module(port=5433, start_seconds=3, proof_bytes=10, quiet_seconds=4)
    assert result["changed"] is True
    assert result["observed"]["during"] == [{"id": 1, "lsn": "0/1"}]
    watch = seen[0]
    assert (watch.server.port, watch.start_seconds, watch.budget_bytes, watch.quiet_seconds) == (5433, 3, 10, 4)


def test_check_mode_asks_nobody(module: Run, runner: Any) -> None:
    assert module(True)["changed"] is True
    assert runner.calls == []


def test_a_server_that_is_away_is_told(module: Run, runner: Any) -> None:
    runner.on("psql", err="could not connect", status=2)
    result = module()
    assert result["failed"]
    assert result["msg"] == "PostgreSQL on port 5432: could not connect"
