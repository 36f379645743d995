"""The Ansible module `service_current`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.modules import service_current

Run = Callable[..., dict[str, Any]]
UP = "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nInvocationID=1\n"
DOWN = "LoadState=loaded\nActiveState=inactive\nUnitFileState=disabled\nInvocationID=\n"


@pytest.fixture
def module(on_runner: Callable[[ModuleType], Run], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Give the module with its stamps in the test's folder."""
    stamps = tmp_path / "run"
    monkeypatch.setattr(service_current, "Service", partial(service_current.Service, stamps=stamps, settle_seconds=0))
    return on_runner(service_current)


def test_starts_and_then_changes_nothing(module: Run, runner: Any) -> None:
    runner.on("systemctl").on("show", out=[DOWN, UP])
    result = module(name="a.service", files=["/not/there"])
    assert (result["changed"], result["steps"]) == (True, ["enable", "start"])
    again = module(name="a.service", files=["/not/there"])
    assert (again["changed"], again["steps"]) == (False, [])


@pytest.mark.parametrize(("given", "step"), [({}, "restart"), ({"on_change": "reload"}, "reload")])
def test_reads_changed_files_again_in_the_wanted_way(
    module: Run, runner: Any, tmp_path: Path, given: dict[str, str], step: str
) -> None:
    runner.on("systemctl").on("show", out=UP)
    arguments = {"name": "a.service", "files": [str(tmp_path / "a.conf")], **given}
    module(**arguments)
    (tmp_path / "a.conf").write_text("new")
    assert module(**arguments)["steps"] == [step]


def test_check_mode_tells_and_does_nothing(module: Run, runner: Any, tmp_path: Path) -> None:
    runner.on("show", out=DOWN)
    result = module(True, name="a.service")
    assert (result["changed"], result["steps"]) == (True, ["enable", "start"])
    assert [argv[1] for argv in runner.calls] == ["show"]
    assert list(tmp_path.iterdir()) == []


def test_fails_with_the_domain_s_message(module: Run, runner: Any) -> None:
    runner.on("systemctl").on("show", out="LoadState=not-found\nActiveState=inactive\n")
    result = module(name="a.service")
    assert result["failed"]
    assert result["msg"] == "a.service does not exist on this host; install it first"


@pytest.mark.parametrize("arguments", [{}, {"name": "a.service", "on_change": "kill"}])
def test_refuses_other_arguments(module: Run, runner: Any, arguments: dict[str, str]) -> None:
    assert module(**arguments)["failed"]
    assert runner.calls == []
