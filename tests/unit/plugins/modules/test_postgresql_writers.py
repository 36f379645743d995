"""The Ansible module `postgresql_writers`."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.modules import postgresql_writers

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def module(on_runner: Callable[[ModuleType], Run]) -> Run:
    """Give the module."""
    return on_runner(postgresql_writers)


@pytest.mark.parametrize("check", [False, True])
def test_fails_while_somebody_could_write(module: Run, runner: Any, check: bool) -> None:
    runner.on("psql", "5433", out=["trauma\n", "4711\x1fgateway\x1flis\x1fidle\n"] * 2)
    found = module(check, port=5433)
    assert found["failed"] is True
    assert "lis (process 4711, role gateway, database trauma)" in found["msg"]
    assert found["writers"] == [
        {"database": "trauma", "pid": 4711, "role": "gateway", "application": "lis", "state": "idle"}
    ]


def test_is_content_with_those_who_may(module: Run, runner: Any) -> None:
    runner.on("psql", out=["trauma\n", "4711\x1ftrauma_app\x1fweb\x1fidle\n"] * 2)
    found = module(except_roles=["trauma_app"])
    assert (found["changed"], found["writers"]) == (False, [])


def test_fails_where_the_server_is_away(module: Run, runner: Any) -> None:
    runner.on("psql", status=2, err="no server")
    assert "no server" in module()["msg"]
