"""The Ansible module `postgresql_transactions_info`."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.modules import postgresql_transactions_info

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def module(on_runner: Callable[[ModuleType], Run]) -> Run:
    """Give the module."""
    return on_runner(postgresql_transactions_info)


@pytest.mark.parametrize("check", [False, True])
def test_lists_who_is_in_the_way(module: Run, runner: Any, check: bool) -> None:
    runner.on("psql", "5433", out="4711\x1f95\x1fpg_dump\x1factive\n")
    result = module(check, port=5433, database="trauma")
    assert result["changed"] is False
    assert result["obstacles"] == [{"pid": 4711, "age_seconds": 95, "application": "pg_dump", "state": "active"}]
    assert "pg_dump (process 4711, active) for 95 s" in result["words"]


def test_says_nothing_where_nobody_is(module: Run, runner: Any) -> None:
    runner.on("psql")
    result = module(database="trauma", older_than_seconds=5)
    assert "interval '5.0 seconds'" in runner.calls[-1][-1]
    assert (result["obstacles"], result["words"]) == ([], "")


def test_fails_where_the_server_is_away(module: Run, runner: Any) -> None:
    runner.on("psql", status=2, err="no server")
    assert "no server" in module(database="trauma")["msg"]
