"""The Ansible module `restore_target_info`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.file_system import FileSystem
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
    """Give the module on a host with 12 GiB of free space, and 2 GiB in a place for tablespaces."""
    disks = {True: FileSystem(2, Path("/srv/other"), 2 * GIB), False: FileSystem(1, Path("/"), 12 * GIB)}
    room = partial(restore_target_info.RestoreRoom, file_system=lambda path: disks[path == Path("/srv/other")])
    monkeypatch.setattr(restore_target_info, "RestoreRoom", room)
    path = str(tmp_path / "main")
    return lambda size, check=False, **more: run_module(
        restore_target_info.main,
        check,
        data_directory=path,
        version="15",
        set="x",
        database_bytes=size,
        memory_bytes=4 * GIB,
        **more,
    )


@pytest.mark.parametrize("check", [False, True])
def test_says_what_is_free_and_what_is_needed(module: Run, check: bool, tmp_path: Path) -> None:
    result = module(10 * GIB, check)
    assert result["changed"] is False
    assert result["file_systems"] == [{"mount": "/", "free_bytes": 12 * GIB, "required_bytes": 12 * GIB}]
    assert list(tmp_path.iterdir()) == []


def test_fails_where_there_is_no_room(module: Run) -> None:
    result = module(11 * GIB)
    assert result["failed"]
    assert "mounted at / has 12.0 GiB free, the restore needs 13.1 GiB there for " in result["msg"]
    assert "; free 1.1 GiB more" in result["msg"]


def test_a_tablespace_needs_its_room_where_it_lies(module: Run) -> None:
    result = module(11 * GIB, tablespaces={"/srv/other": GIB})
    assert result["file_systems"] == [
        {"mount": "/", "free_bytes": 12 * GIB, "required_bytes": 12 * GIB},
        {"mount": "/srv/other", "free_bytes": 2 * GIB, "required_bytes": GIB + GIB // 10},
    ]
    result = module(4 * GIB, tablespaces={"/srv/other": 3 * GIB})
    assert result["failed"]
    assert result["msg"].startswith("the file system mounted at /srv/other has 2.0 GiB free, the restore needs 3.3 GiB")
    assert result["msg"].endswith("Nothing was changed")


def test_fails_where_a_tablespaces_place_is_no_folder(module: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = module(GIB, tablespaces={str(tmp_path / "file"): 1})
    assert result["failed"]
    assert "where a tablespace comes back to, is no folder" in result["msg"]


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
    needed = [each["file_systems"][0]["required_bytes"] for each in (small, large)]
    assert needed == [1 * GIB, 8 * GIB]
