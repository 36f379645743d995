"""The Ansible module `postgresql_archiving_info`."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.command import NotInstalled
from ansible_collections.traumalink.ops.plugins.modules import postgresql_archiving_info

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def module(on_runner: Callable[[ModuleType], Run]) -> Run:
    """Give the module."""
    return on_runner(postgresql_archiving_info)


@pytest.mark.parametrize("check", [False, True])
def test_tells_which_database_it_is_and_what_waits(module: Run, runner: Any, check: bool) -> None:
    runner.on("psql", "5433", out="7711173079095454119\x1f2\x1ff\x1f\x1f\n")
    result = module(check, stanza="lab", port=5433)
    assert (result["changed"], result["system_id"]) == (False, 7711173079095454119)
    assert "2 WAL segments wait" in result["words"]


@pytest.mark.parametrize("answer", [{"status": 2, "err": "no server"}, {"error": NotInstalled("psql cannot be run")}])
def test_where_nobody_answers_it_is_nobody(module: Run, runner: Any, answer: dict[str, Any]) -> None:
    runner.on("psql", **answer)
    result = module(stanza="lab")
    assert (result["system_id"], result["changed"]) == (None, False)
    assert "PostgreSQL on port 5432" in result["words"]
