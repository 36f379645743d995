"""The Ansible module `work_unit`."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.modules import work_unit

Run = Callable[..., dict[str, Any]]
RUN_ID = "20261125-033000-3f9a2c"
START = {
    "action": "start", "run_id": RUN_ID, "module": "a.b.slow", "title": "slow thing", "fingerprint": "f1",
    "payload": json.dumps({"program": "print(1)", "environment": {"TOKEN": 7}}),
}  # fmt: skip


@pytest.fixture
def module(on_runner: Callable[[ModuleType], Run], runner: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Give the module with its folders in the test's folder, on a host where nothing runs yet."""
    units = partial(work_unit.WorkUnits, works=tmp_path / "traumalink" / "work", sleep=lambda _seconds: None)
    monkeypatch.setattr(work_unit, "WorkUnits", units)
    runner.on("UserspaceTimestamp", out="UserspaceTimestamp=@1795397820\n").on("ActiveState", out="inactive\n")
    runner.on("list-units", out="")
    return on_runner(work_unit)


@pytest.fixture
def started(module: Run, runner: Any, tmp_path: Path) -> Path:
    """Give the folder of a work that runs."""
    runner.on("systemd-run", then=lambda: runner.on("ActiveState", out="active\n"))
    assert module(**START)["changed"] is True
    return tmp_path / "traumalink" / "work" / RUN_ID


def end(folder: Path, runner: Any, words: str, output: str = "") -> None:
    runner.on("ActiveState", out="inactive\n")
    (folder / "output").write_text(output)
    (folder / "ended").write_text(f"{words} 9999999\n")


def test_starts_with_the_payload_s_program_and_variables(module: Run, started: Path) -> None:
    assert (started / "program").read_text() == "print(1)"
    assert "export TOKEN=7\n" in (started / "run").read_text()
    result = module(**START)
    assert (result["changed"], result["work"]["state"], result["booted_at"]) == (
        False,
        "running",
        "2026-11-23T01:37:00+00:00",
    )


def test_returns_what_the_work_said_and_then_forgets_it(module: Run, runner: Any, started: Path) -> None:
    end(started, runner, "success exited 0", output='{"changed": true}')
    (started / "errors").write_text("done\n")
    result = module(run_id=RUN_ID, wait_seconds=30)
    assert (result["changed"], result["work"]["state"]) == (False, "succeeded")
    assert (result["output"], result["errors"]) == ('{"changed": true}', "done\n")
    assert [work["run_id"] for work in module()["works"]] == [RUN_ID]
    assert module(action="tidy", run_id=RUN_ID)["changed"] is True
    assert not started.exists()
    assert module()["works"] == []


def test_ends_with_a_reason(module: Run, runner: Any, started: Path) -> None:
    runner.on("stop", then=lambda: end(started, runner, "success killed TERM"))
    result = module(action="end", run_id=RUN_ID, reason="recovery")
    assert (result["changed"], result["work"]["how"]) == (True, "was ended on request: recovery")
    assert module(action="end", run_id=RUN_ID, reason="recovery")["changed"] is False


@pytest.mark.parametrize(("action", "running", "ended"), [("look", False, False), ("start", False, True),
                                                          ("end", True, False), ("tidy", False, True)])  # fmt: skip
def test_check_mode_tells_and_does_nothing(
    module: Run, runner: Any, started: Path, action: str, running: bool, ended: bool
) -> None:
    calls = len(runner.asked("systemd-run"))
    assert module(True, **{**START, "action": action, "reason": "x"})["changed"] is running
    end(started, runner, "success exited 0")
    assert module(True, **{**START, "action": action, "reason": "x"})["changed"] is ended
    assert (len(runner.asked("systemd-run")), runner.asked("stop"), started.exists()) == (calls, [], True)


@pytest.mark.parametrize("payload", ["", "[]", "{}", '{"program": "x"}', '{"program": "x", "environment": 1}'])
def test_refuses_a_damaged_payload(module: Run, runner: Any, payload: str) -> None:
    assert module(**{**START, "payload": payload})["msg"] == "`payload` is no JSON object with program and environment"
    assert runner.asked("systemd-run") == []


@pytest.mark.parametrize(
    "arguments",
    [
        {"action": "start", "run_id": RUN_ID},
        {"action": "end", "run_id": RUN_ID},
        {"action": "tidy"},
        {"action": "kill"},
    ],
)
def test_refuses_other_arguments(module: Run, runner: Any, arguments: dict[str, str]) -> None:
    assert module(**arguments)["failed"]
    assert runner.calls == []


def test_fails_with_the_domain_s_message(module: Run) -> None:
    assert "'../x' is no run id" in module(run_id="../x")["msg"]
