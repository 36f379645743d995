"""The Ansible module `pgbackrest_host_info`."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.command import NotInstalled
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest_failure import RunningEngine
from ansible_collections.traumalink.ops.plugins.modules import pgbackrest_host_info

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def module(on_runner: Callable[[ModuleType], Run], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Give the module, on a host with one backup under way."""
    monkeypatch.setattr(
        pgbackrest_host_info, "running_engines", lambda commands: [RunningEngine(77, command) for command in commands]
    )
    return on_runner(pgbackrest_host_info)


def test_tells_version_and_running_backups(module: Run, runner: Any) -> None:
    runner.on("pgbackrest", "version", out="pgBackRest 2.45\n")
    result = module()
    assert (result["changed"], result["version"], result["running"]) == (False, "2.45", [77])


def test_a_host_without_the_engine_has_no_version(module: Run, runner: Any) -> None:
    runner.on("pgbackrest", error=NotInstalled("pgbackrest does not exist"))
    assert module()["version"] == ""


def test_an_engine_that_does_not_tell_is_a_failure(module: Run, runner: Any) -> None:
    runner.on("pgbackrest", err="broken", status=1)
    result = module()
    assert result["failed"]
    assert result["msg"] == "pgbackrest version printed no version: broken"
