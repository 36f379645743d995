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
