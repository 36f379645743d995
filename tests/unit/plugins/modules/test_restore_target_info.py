"""The Ansible module `restore_target_info`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.modules import restore_target_info

Run = Callable[..., dict[str, Any]]
GIB = 1024**3


@pytest.fixture
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the configuration file of the cluster, on a host that has none yet."""
    cluster = partial(restore_target_info.Cluster, configuration_root=tmp_path / "etc")
    monkeypatch.setattr(restore_target_info, "Cluster", cluster)
    return tmp_path / "etc" / "15" / "main" / "postgresql.conf"


@pytest.fixture
def module(run_module: Run, monkeypatch: pytest.MonkeyPatch, configuration: Path, tmp_path: Path) -> Run:
    """Give the module on a host with 12 GiB of free space."""
    room = partial(restore_target_info.RestoreRoom, free=lambda _path: 12 * GIB)
    monkeypatch.setattr(restore_target_info, "RestoreRoom", room)
    path = str(tmp_path / "main")
    return lambda size, check=False: run_module(
        restore_target_info.main,
        check,
        data_directory=path,
        version="15",
        set="x",
        database_bytes=size,
        memory_bytes=4 * GIB,
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


@pytest.mark.parametrize("check", [False, True])
def test_fails_where_the_server_would_look_elsewhere_after_the_restore(
    module: Run, configuration: Path, tmp_path: Path, check: bool
) -> None:
    configuration.parent.mkdir(parents=True)
    configuration.write_text("data_directory = '/data/pg'\n")
    said = f"keeps its data in /data/pg, not in {tmp_path / 'main'}; set postgresql_data_directory to /data/pg."
    assert said in module(10 * GIB, check)["msg"]
    assert module(10 * GIB, check)["msg"].endswith("Nothing was changed")
    configuration.write_text(f"data_directory = '{tmp_path / 'main'}'\n")
    assert "failed" not in module(10 * GIB, check)


def test_asks_for_its_arguments(run_module: Run) -> None:
    assert "data_directory, database_bytes, set, version" in run_module(restore_target_info.main)["msg"]


def test_wal_counts_as_far_as_the_servers_memory_lets_it_grow(
    run_module: Run, configuration: Path, tmp_path: Path
) -> None:
    small, large = (
        run_module(
            restore_target_info.main,
            data_directory=str(tmp_path),
            version="15",
            set="x",
            database_bytes=0,
            memory_bytes=size * GIB,
        )
        for size in (2, 32)
    )
    assert (small["required_bytes"], large["required_bytes"]) == (1 * GIB, 8 * GIB)
