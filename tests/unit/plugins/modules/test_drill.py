"""The Ansible module `drill`."""

from __future__ import annotations

import json
import os
import pwd
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.drill import Drill, Drilled
from ansible_collections.traumalink.ops.plugins.modules import drill

Run = Callable[..., dict[str, Any]]
ME = pwd.getpwuid(os.geteuid()).pw_name
LABEL = "20261123-013701F"


@pytest.fixture
def module(on_runner: Callable[[ModuleType], Run], reachable: Path) -> Run:
    """Give the module for a repository of one set, with its configuration written."""
    for name in ("repository", "home", "proofs", "results"):
        (reachable / name).mkdir()
    (reachable / "drill.conf").touch()
    call = on_runner(drill)
    given = {
        "stanza": "lab", "user": ME, "configuration": str(reachable / "drill.conf"), "repository_path": str(reachable / "repository"),
        "home": str(reachable / "home"), "proofs_path": str(reachable / "proofs"), "results_path": str(reachable / "results"), "results_owner": ME,
    }  # fmt: skip
    return lambda check=False, **changes: call(check, **{**given, **changes})


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the drill from ending what runs as the tests' user, and from waiting for a segment that never comes."""
    monkeypatch.setattr("ansible_collections.traumalink.ops.plugins.module_utils.drill_plan.ARCHIVING_SECONDS", 0.0)
    monkeypatch.setattr(
        "ansible_collections.traumalink.ops.plugins.module_utils.drill_scratch.Scratch.end_processes",
        lambda _scratch: None,
    )


@pytest.mark.usefixtures("alone")
def test_a_drill_that_fails_fails_the_module_and_is_kept_all_the_same(
    module: Run, runner: Any, repository_text: Callable[..., str], reachable: Path
) -> None:
    runner.on("info", out=repository_text()).on("repo-ls", out="{}")
    result = module()
    assert result["failed"]
    assert result["msg"].startswith(
        f"the drill of backup {LABEL} failed: wal: WAL segment 000000010000000000000001 is missing"
    )
    assert result["figures"]["checks_failed"] == 1
    kept = json.loads((reachable / "results" / f"{LABEL}.json").read_text())
    assert kept == result["drill"]
    assert kept["outcome"] == "failed"


@pytest.mark.usefixtures("alone")
def test_reads_the_repository_with_the_drills_own_configuration(
    module: Run, runner: Any, repository_text: Callable[..., str], reachable: Path
) -> None:
    runner.on("info", out=repository_text()).on("repo-ls", out="{}")
    module()
    assert {options["environment"]["PGBACKREST_CONFIG"] for options in runner.options} == {
        str(reachable / "drill.conf")
    }
    assert {options["user"] for options in runner.options} == {ME}


def test_a_good_drill_is_reported_and_kept(module: Run, reachable: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def good(acted: Drill, label: str | None) -> Drilled:
        assert label == LABEL
        assert [server.libraries for server in [acted.server("15")]] == [["pg_stat_statements"]]
        return acted.conclude(Backup())

    class Backup:
        label, type, database_bytes = LABEL, "full", 1000

    monkeypatch.setattr(Drill, "run", good)
    result = module(set=LABEL, libraries=["pg_stat_statements"])
    assert result["changed"]
    assert result["drill"]["outcome"] == "success"
    assert json.loads((reachable / "results" / f"{LABEL}.json").read_text()) == result["drill"]


def test_check_mode_looks_for_the_set_and_restores_nothing(
    module: Run, runner: Any, repository_text: Callable[..., str]
) -> None:
    runner.on("info", out=repository_text())
    assert module(check=True)["backup"]["label"] == LABEL
    assert module(check=True, set="X")["msg"] == f"the repository holds no backup X of lab; there is: {LABEL}"
    assert [argv for argv in runner.calls if "info" not in argv] == []


def test_check_mode_on_a_host_without_anything_says_that_it_would_be_drilled(
    module: Run, reachable: Path, runner: Any
) -> None:
    (reachable / "drill.conf").unlink()
    result = module(check=True)
    assert result["changed"]
    assert result["backup"] is None
    assert runner.calls == []
