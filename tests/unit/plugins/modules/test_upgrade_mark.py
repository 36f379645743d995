"""The Ansible module `upgrade_mark`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.modules import upgrade_mark

Run = Callable[..., dict[str, Any]]
BEGUN = {"run_id": "20261129-230000-3f9a2c", "name": "trauma", "before": "1.1.0", "to": "1.3.0"}
POINT = {"restore_point": "before_1.3.0", "segment": "0000000100000001000000A7", "backup": "20261129-224500F"}


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the place of the mark."""
    monkeypatch.setattr(upgrade_mark, "PATH", tmp_path / "downtime.json")
    return tmp_path / "downtime.json"


@pytest.fixture
def module(on_runner: Callable[[ModuleType], Run], path: Path) -> Run:
    """Give the module."""
    return on_runner(upgrade_mark)


def test_without_a_mark_nothing_is_to_be_done(module: Run) -> None:
    found = module()
    assert (found["changed"], found["mark"], found["way"], found["words"], found["problem"]) == (
        False,
        None,
        "",
        "",
        "",
    )


def test_it_goes_from_the_closing_to_the_end(module: Run, path: Path) -> None:
    assert module(step="closing", **BEGUN)["changed"] is True
    assert module(step="closing", **BEGUN)["changed"] is False
    assert module()["way"] == "reopen"
    migrating = module(step="migrating", **POINT)["mark"]
    assert (migrating["timeline"], migrating["backup"]) == (1, "20261129-224500F")
    assert module(step="decided")["way"] == "forward"
    found = module()
    assert found["mark"]["step"] == "decided"
    assert "trauma from 1.1.0 to 1.3.0 (20261129-230000-3f9a2c), which is decided" in found["words"]
    ended = module(step="ended")
    assert (ended["changed"], ended["mark"], path.exists()) == (True, None, False)
    assert ended["seconds"] >= 0
    assert module(step="ended")["changed"] is False


def test_while_it_migrates_the_server_is_asked_for_its_timeline(module: Run, runner: Any) -> None:
    module(step="closing", **BEGUN)
    module(step="migrating", **POINT)
    runner.on("psql", out="00000001\n")
    assert module()["way"] == "restore"
    runner.on("psql", out="00000002\n")
    found = module()
    assert found["way"] == ""
    assert "somebody has restored it since" in found["problem"]
    runner.on("psql", status=2, err="no server")
    assert module(port=5433)["way"] == "restore"
    assert "5433" in runner.calls[-1]


def test_check_mode_writes_nothing(module: Run, path: Path) -> None:
    assert module(True, step="closing", **BEGUN)["changed"] is True
    assert not path.exists()
    module(step="closing", **BEGUN)
    assert module(True, step="ended")["changed"] is True
    assert path.exists()


def test_one_upgrade_does_not_begin_over_another(module: Run) -> None:
    module(step="closing", **BEGUN)
    other = module(step="closing", **{**BEGUN, "run_id": "20261129-233000-aaaaaa"})
    assert "20261129-230000-3f9a2c has not come to its end" in other["msg"]


@pytest.mark.parametrize(
    ("step", "said"), [("closing", "needs run_id"), ("decided", "has begun here"), ("restoring", "has begun here")]
)
def test_a_step_without_its_beginning_is_refused(module: Run, step: str, said: str) -> None:
    assert said in module(step=step)["msg"]


def test_a_damaged_mark_is_no_mark_that_is_missing(module: Run, path: Path) -> None:
    path.write_text(json.dumps({"format": 1}))
    assert "nobody knows how far" in module()["msg"]
