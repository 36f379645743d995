"""The Ansible module `pgbackrest_restore`."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import restore
from ansible_collections.traumalink.ops.plugins.module_utils.command import NotInstalled
from ansible_collections.traumalink.ops.plugins.modules import pgbackrest_restore

Run = Callable[..., dict[str, Any]]
LABEL = "20261123-013701F"
UNIT = "postgresql@15-main.service"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a data directory with old data, on a host with room."""
    monkeypatch.setattr(restore, "SYSTEM_USER", pwd.getpwuid(os.geteuid()).pw_name)
    (tmp_path / "main").mkdir()
    (tmp_path / "main" / "PG_VERSION").write_text("15\n")
    return tmp_path / "main"


@pytest.fixture
def module(on_runner: Callable[[ModuleType], Run], data: Path) -> Run:
    """Give the module for that data directory."""
    call = on_runner(pgbackrest_restore)
    return lambda check=False, **more: call(check, stanza="lab", set=LABEL, data_directory=str(data), unit=UNIT, **more)


@pytest.fixture
def host(runner: Any, data: Path, repository_text: Callable[..., str]) -> Any:
    """Give a runner that stops the unit and restores."""

    def finish() -> None:
        (data / "PG_VERSION").touch()
        (data / "recovery.signal").touch()

    return runner.on("info", out=repository_text()).on("systemctl").on("restore", then=finish)


def test_stops_the_unit_then_restores_and_names_what_it_kept(module: Run, host: Any, data: Path) -> None:
    result = module()
    assert result["changed"] is True
    assert host.calls[1] == ["systemctl", "stop", UNIT]
    assert host.calls[2][-1] == "restore"
    assert result["steps"][1] == "start the restore of 20261123-013701F"
    assert result["backup"]["label"] == "20261123-013701F"
    aside = Path(result["kept_aside"])
    assert aside.name.startswith("main.before-restore-")
    assert (aside / "PG_VERSION").read_text() == "15\n"
    assert host.options[0]["user"] == "postgres"


def test_check_mode_tells_and_touches_nothing(module: Run, host: Any, data: Path) -> None:
    result = module(check=True)
    assert (result["changed"], len(result["steps"])) == (True, 2)
    assert [argv[-2] for argv in host.calls] == ["info"]
    assert [path.name for path in data.parent.iterdir()] == ["main"]


def test_a_server_that_does_not_stop_keeps_its_data(module: Run, host: Any, data: Path) -> None:
    host.on("systemctl", err="Job timed out\n", status=1)
    result = module()
    assert result["failed"]
    assert result["msg"] == f"stopping {UNIT} failed: systemctl ended with status 1: Job timed out"
    assert [path.name for path in data.parent.iterdir()] == ["main"]
    assert host.asked("restore") == []


def test_tablespaces_are_kept_aside_too(module: Run, host: Any, tmp_path: Path) -> None:
    old = tmp_path / "other" / "PG_15_202209061" / "5"
    old.mkdir(parents=True)
    result = module(tablespaces={str(tmp_path / "other"): 1000, str(tmp_path / "new"): 0})
    assert f"keep the old tablespace {old.parent} aside" in result["steps"]
    assert [path.name.partition("-")[0] for path in (tmp_path / "other").iterdir()] == ["PG_15_202209061.before"]
    assert (tmp_path / "new").is_dir()


def test_a_tablespace_without_room_is_refused_before_anything_stops(module: Run, host: Any, tmp_path: Path) -> None:
    result = module(tablespaces={str(tmp_path / "other"): 1024**6})
    assert result["failed"]
    assert f" and tablespace {tmp_path / 'other'}; free " in result["msg"]
    assert result["msg"].endswith("Nothing was changed")
    assert host.asked("systemctl") == []


def test_asks_for_its_arguments(run_module: Run) -> None:
    said = run_module(pgbackrest_restore.main)["msg"]
    assert said == "missing required arguments: data_directory, set, stanza, unit"


def test_check_mode_gets_along_with_a_host_without_pgbackrest(module: Run, runner: Any) -> None:
    runner.on("info", error=NotInstalled("pgbackrest cannot be run: it does not exist"))
    result = module(check=True)
    assert (result["changed"], result["steps"]) == (True, [f"start the restore of {LABEL}"])
    assert module()["msg"] == "pgbackrest cannot be run: it does not exist"
