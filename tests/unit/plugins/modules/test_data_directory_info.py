"""The Ansible module `data_directory_info`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.modules import data_directory_info

Run = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    ("there", "marked", "exists", "restore", "left"),
    [
        (False, False, False, "none", ""),
        (True, False, True, "none", ""),
        (True, True, True, "served", "takes writes, but nobody has seen"),
        (False, True, False, "stale", ""),
    ],
)
def test_tells_whether_data_is_there_and_how_it_came(
    run_module: Run, tmp_path: Path, there: bool, marked: bool, exists: bool, restore: str, left: str, check: bool
) -> None:
    data = tmp_path / "main"
    if there:
        (data / "global").mkdir(parents=True)
        (data / "global/pg_control").write_text("")
        (data / "PG_VERSION").write_text("15\n")
    if marked:
        (tmp_path / "main.restoring").write_text(str(data.stat().st_ino) if there else "17")
    result = run_module(data_directory_info.main, check, data_directory=str(data))
    assert (result["changed"], result["exists"], result["restore"]) == (False, exists, restore)
    assert left in result["left"]
    assert bool(left) == bool(result["left"])


def test_tells_of_wal_that_is_not_supported(run_module: Run, tmp_path: Path) -> None:
    (tmp_path / "pg_wal").mkdir()
    segment = tmp_path / "pg_wal" / "000000010000000000000001"
    for mebibytes, problem in ((16, False), (64, True)):
        with segment.open("wb") as stream:
            stream.truncate(mebibytes * 1024 * 1024)
        assert bool(run_module(data_directory_info.main, data_directory=str(tmp_path))["wal_problem"]) is problem
