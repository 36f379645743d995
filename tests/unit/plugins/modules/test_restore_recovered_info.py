"""The Ansible module `restore_recovered_info`."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.modules import restore_recovered_info

Run = Callable[..., dict[str, Any]]
PLAN = {
    "reach": "0/7000000",
    "beyond": "",
    "goal": "the end",
    "last_commit": "2026-11-29T01:02:03+00:00",
    "wanted_commit": "2026-11-29T01:02:03+00:00",
}


@pytest.fixture
def module(on_runner: Callable[[ModuleType], Run]) -> Run:
    """Give the module for one plan."""
    call = on_runner(restore_recovered_info)
    return lambda: call(plan=PLAN, data_directory="/data/pg")


def test_returns_how_far_it_came_back(module: Run, runner: Any) -> None:
    runner.on("psql", out=["/data/pg\x1ff\x1f2\x1f\n", "1\t0/8000000\tno recovery target specified\n"])
    result = module()
    assert (result["timeline"], result["replayed_to"], result["rpo_seconds"]) == (2, "0/8000000", 0.0)
    assert result["last_commit"] == "2026-11-29T01:02:03+00:00", "by the plan, where the server was restarted since"


def test_fails_where_it_did_not(module: Run, runner: Any) -> None:
    runner.on("psql", out=["/data/pg\x1ff\x1f2\x1f\n", "1\t0/6000000\tno recovery target specified\n"])
    result = module()
    assert result["failed"]
    assert "replayed WAL to 0/6000000 only" in result["msg"]


def test_asks_for_its_arguments(run_module: Run) -> None:
    assert run_module(restore_recovered_info.main)["msg"] == "missing required arguments: data_directory, plan"
