"""The Ansible module `postgresql_damage_info`."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.modules import postgresql_damage_info

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def module(on_runner: Callable[[ModuleType], Run]) -> Run:
    """Give the module."""
    return on_runner(postgresql_damage_info)


def test_names_relation_and_blocks_on_the_port(module: Run, runner: Any) -> None:
    runner.on("psql", "5433", out=["trauma\n", "trauma.trauma_case\x1fr\n"])
    result = module(port=5433, damaged=[{"path": "base/16384/16397", "pages": [[7, 7], [9, 11]]}])
    assert result["changed"] is False
    assert "blocks 7, 9-11 of table trauma.trauma_case in database trauma (base/16384/16397)" in result["words"]


def test_looks_in_check_mode_too(module: Run, runner: Any) -> None:
    runner.on("psql", err="could not connect", status=2)
    result = module(True, damaged=[{"path": "base/16384/16397", "pages": [[7, 7]]}])
    assert "a relation that the server cannot name (base/16384/16397)" in result["words"]
