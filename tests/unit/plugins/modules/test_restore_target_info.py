"""The Ansible module `restore_target_info`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.modules import restore_target_info

Run = Callable[..., dict[str, Any]]
GIB = 1024**3


@pytest.fixture
def module(run_module: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Give the module on a host with 12 GiB of free space."""
    target = restore_target_info.RestoreTarget
    monkeypatch.setattr(
        restore_target_info, "RestoreTarget", lambda path, **more: target(path, lambda _path: 12 * GIB, **more)
    )
    path = str(tmp_path / "main")
    return lambda size, check=False: run_module(
        restore_target_info.main, check, data_directory=path, database_bytes=size, memory_bytes=4 * GIB
    )


@pytest.mark.parametrize("check", [False, True])
def test_says_what_is_free_and_what_is_needed(module: Run, check: bool, tmp_path: Path) -> None:
    result = module(10 * GIB, check)
    assert (result["changed"], result["free_bytes"], result["required_bytes"]) == (False, 12 * GIB, 12 * GIB)
    assert list(tmp_path.iterdir()) == []


def test_fails_where_there_is_no_room(module: Run) -> None:
    result = module(11 * GIB)
    assert result["failed"]
    assert "has 12.0 GiB free, the restore needs 13.1 GiB; free 1.1 GiB more" in result["msg"]


def test_asks_for_its_arguments(run_module: Run) -> None:
    assert "data_directory, database_bytes" in run_module(restore_target_info.main)["msg"]


def test_wal_counts_as_far_as_the_servers_memory_lets_it_grow(run_module: Run, tmp_path: Path) -> None:
    small, large = (
        run_module(restore_target_info.main, data_directory=str(tmp_path), database_bytes=0, memory_bytes=size * GIB)
        for size in (2, 32)
    )
    assert (small["required_bytes"], large["required_bytes"]) == (1 * GIB, 8 * GIB)
