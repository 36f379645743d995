"""The Ansible module `pgbackrest_stanza`."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.command import NotInstalled
from ansible_collections.traumalink.ops.plugins.modules import pgbackrest_stanza

Run = Callable[..., dict[str, Any]]
SITE = {"stanza": "lab", "user": "pgbackrest"}


@pytest.fixture
def module(on_runner: Callable[[ModuleType], Run]) -> Run:
    """Give the module."""
    return on_runner(pgbackrest_stanza)


@pytest.mark.parametrize(
    ("exists", "wal", "check", "changed", "commands"),
    [
        (False, False, False, True, ["stanza-create", "check"]),
        (True, False, False, False, ["stanza-create", "check"]),  # a run was killed before it saw WAL arrive
        (True, True, False, False, ["stanza-create"]),
        (False, False, True, True, []),
        (True, True, True, False, []),
    ],
)
def test_creates_what_is_missing_and_sees_wal_arrive(
    module: Run, runner: Any, repository_text: Callable[..., str],
    exists: bool, wal: bool, check: bool, changed: bool, commands: list[str],
) -> None:  # fmt: skip
    code, message = (2, "no valid backups") if exists else (1, "missing stanza path")
    archive = [{"database": {"id": 1}, "min": "01", "max": "02"}] if wal else []
    runner.on("pgbackrest").on("info", out=repository_text(0, code, message, archive=archive))
    assert module(check, **SITE)["changed"] is changed
    assert [argv[-1] for argv in runner.calls[1:]] == commands
    assert {options["user"] for options in runner.options} == {"pgbackrest"}


@pytest.mark.parametrize(
    ("exists", "system_id", "replace", "changed", "commands"),
    [
        (True, 7, False, False, []),  # so a backup that runs, and holds the lock, disturbs nobody
        (True, 7, True, False, []),
        (True, 8, True, True, ["stanza-upgrade", "check"]),
        (False, 7, True, True, ["stanza-create"]),
        (False, 8, False, True, ["stanza-create"]),
    ],
)
@pytest.mark.parametrize("check", [False, True])
def test_the_stanza_of_this_database_is_left_alone_and_another_one_replaced_only_where_that_is_wanted(
    module: Run, runner: Any, repository_text: Callable[..., str],
    exists: bool, system_id: int, replace: bool, changed: bool, commands: list[str], check: bool,
) -> None:  # fmt: skip
    code, message = (0, "ok") if exists else (1, "missing stanza path")
    runner.on("pgbackrest").on("info", out=repository_text(0, code, message))
    assert module(check, **SITE, system_id=system_id, replace=replace)["changed"] is changed
    assert [argv[-1] for argv in runner.calls[1:]] == ([] if check else commands)


@pytest.mark.parametrize("check", [False, True])
def test_a_stanza_of_another_database_is_refused_with_the_ways_out(
    module: Run, runner: Any, repository_text: Callable[..., str], check: bool
) -> None:
    runner.on("info", out=repository_text(1))
    result = module(check, **SITE, system_id=8)
    assert (result["failed"], result["code"]) == (True, 28)
    assert "belongs to another database than the one that runs now (system identifiers 7 and 8)" in result["msg"]
    assert "backup_loss_confirm=" in result["msg"]


@pytest.mark.parametrize("check", [False, True])
def test_where_nobody_knows_the_database_the_engine_compares(
    module: Run, runner: Any, repository_text: Callable[..., str], check: bool
) -> None:
    runner.on("info", out=repository_text(1))
    runner.on("stanza-create", err="ERROR: [028]: backup and archive info files exist but do not match\n", status=28)
    result = module(check, **SITE)
    assert bool(result.get("failed")) is not check
    assert result.get("code", 28) == 28


def test_a_stanza_into_which_no_wal_arrives_is_a_failure(
    module: Run, runner: Any, repository_text: Callable[..., str]
) -> None:
    runner.on("info", out=repository_text(0, 1, "missing stanza path", archive=[])).on("stanza-create")
    runner.on("check", err="ERROR: [082]: WAL segment was not archived before the 60000ms timeout\n", status=82)
    result = module(**SITE)
    assert result["failed"]
    assert result["msg"].startswith("seeing a WAL segment arrive in the repository failed: [082]: WAL segment was not")


def test_asks_for_stanza_and_user(module: Run, runner: Any) -> None:
    assert "missing required arguments: stanza, user" in module()["msg"]
    assert runner.calls == []


@pytest.mark.parametrize(("check", "outcome"), [(True, "changed"), (False, "failed")])
def test_a_host_without_the_engine_is_only_foretold(module: Run, runner: Any, check: bool, outcome: str) -> None:
    runner.on("info", error=NotInstalled("pgbackrest cannot be run: pgbackrest does not exist"))
    assert module(check, **SITE)[outcome] is True
