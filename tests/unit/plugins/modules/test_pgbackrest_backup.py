"""The Ansible module `pgbackrest_backup`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.modules import pgbackrest_backup

Run = Callable[..., dict[str, Any]]
SITE = {"stanza": "lab", "user": "pgbackrest"}


@pytest.fixture
def module(on_runner: Callable[[ModuleType], Run]) -> Run:
    """Give the module."""
    return on_runner(pgbackrest_backup)


@pytest.mark.parametrize("kind", ["full", "diff", "incr"])
def test_takes_a_backup_and_returns_the_new_set(
    module: Run, runner: Any, repository_text: Callable[..., str], kind: str
) -> None:
    runner.on("info", out=[repository_text(1), repository_text(2)]).on("backup")
    result = module(**SITE, type=kind)
    assert result["changed"] is True
    assert result["backup"]["label"] == "20261123-013702F"
    assert result["backup"]["database_bytes"] == 30575473
    assert result["second"] is None
    assert len(runner.asked("backup", f"--type={kind}")) == 1


def test_a_second_repository_gets_one_too(module: Run, runner: Any, repository_text: Callable[..., str]) -> None:
    runner.on("info", out=[repository_text(1), repository_text(2)]).on("backup")
    there = [
        repository_text(number).replace('"key": 1', '"key": 2').replace('"repo-key": 1', '"repo-key": 2')
        for number in (2, 3)
    ]
    runner.on("--repo=2", "info", out=there).on("--repo=2", "backup")
    result = module(**SITE, type="full", repositories=2)
    assert result["backup"]["label"] == "20261123-013702F"
    assert result["second"]["label"] == "20261123-013703F"
    assert result["second_problem"] == ""


def test_a_second_repository_that_is_away_takes_nothing_from_the_first(
    module: Run, runner: Any, repository_text: Callable[..., str]
) -> None:
    runner.on("info", out=[repository_text(1), repository_text(2)]).on("backup")
    runner.on("--repo=2", "info", err="ERROR: [124]: unable to connect\n", status=124)
    result = module(**SITE, type="full", repositories=2)
    assert (result.get("failed"), result["backup"]["label"], result["second"]) == (None, "20261123-013702F", None)
    assert result["second_problem"] == "reading repository 2 failed: [124]: unable to connect"


def test_check_mode_takes_none(module: Run, runner: Any) -> None:
    result = module(True, **SITE, type="full")
    assert result["changed"] is True
    assert "backup" not in result
    assert runner.calls == []


def test_fails_with_the_domain_s_message(module: Run, runner: Any, repository_text: Callable[..., str]) -> None:
    runner.on("info", out=repository_text(1)).on("backup")
    result = module(**SITE, type="full")
    assert result["failed"]
    assert result["msg"] == "the backup of lab ended without an error, but the repository holds no new set"


@pytest.mark.parametrize("arguments", [SITE, {**SITE, "type": "logical"}])
def test_refuses_another_kind(module: Run, runner: Any, arguments: dict[str, str]) -> None:
    result = module(**arguments)
    assert result["failed"]
    assert "type" in result["msg"]
    assert runner.calls == []


def test_a_backup_whose_wal_does_not_arrive_says_so_by_number_and_tells_the_room(
    module: Run, runner: Any, repository_text: Callable[..., str], tmp_path: Path
) -> None:
    timeout = "P00  ERROR: [082]: WAL segment 0D was not archived before the 60000ms timeout\n"
    runner.on("info", out=repository_text(1)).on("backup", out=timeout, status=82)
    result = module(**SITE, type="full", repository_path=str(tmp_path))
    assert (result["failed"], result["code"]) == (True, 82)
    assert f"The repository's file system ({tmp_path}) has " in result["msg"]
