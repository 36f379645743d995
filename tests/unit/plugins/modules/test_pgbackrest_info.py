"""The Ansible module `pgbackrest_info`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.command import NotInstalled
from ansible_collections.traumalink.ops.plugins.modules import pgbackrest_info

Run = Callable[..., dict[str, Any]]
SITE = {"stanza": "lab", "user": "pgbackrest"}


@pytest.fixture
def module(on_runner: Callable[[ModuleType], Run]) -> Run:
    """Give the module."""
    return on_runner(pgbackrest_info)


def repository(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "repository" / "backup" / "lab").mkdir(parents=True)
    return {"repository_path": str(tmp_path / "repository"), "cipher_passphrase": "geheim-passphrase"}


@pytest.mark.parametrize("check", [False, True])
def test_returns_what_the_repository_holds(
    module: Run, runner: Any, repository_text: Callable[..., str], check: bool
) -> None:
    runner.on("info", out=repository_text(2))
    result = module(check, **SITE)
    assert (result["changed"], result["installed"], result["exists"]) == (False, True, True)
    assert [backup["label"] for backup in result["backups"]] == ["20261123-013701F", "20261123-013702F"]
    assert result["newest"] == result["backups"][1]
    assert (result["wal_min"], result["wal_max"]) == ("01", "09")
    assert runner.options == [{"user": "pgbackrest"}]


def test_an_empty_stanza_has_no_newest_set(module: Run, runner: Any, repository_text: Callable[..., str]) -> None:
    runner.on("info", out=repository_text(0, 2, "no valid backups"))
    result = module(**SITE)
    assert (result["exists"], result["newest"], result["backups"]) == (True, None, [])


def test_tries_a_passphrase_by_environment_and_shows_it_nowhere(
    module: Run, runner: Any, repository_text: Callable[..., str], tmp_path: Path
) -> None:
    runner.on("info", out=repository_text())
    given = repository(tmp_path)
    result = module(**SITE, **given)
    assert result["exists"] is True
    assert runner.options[0]["environment"] == {
        "PGBACKREST_REPO1_PATH": given["repository_path"],
        "PGBACKREST_REPO1_CIPHER_TYPE": "aes-256-cbc",
        "PGBACKREST_REPO1_CIPHER_PASS": "geheim-passphrase",
    }
    assert "--no-config" in runner.calls[0]
    assert "geheim-passphrase" not in str(runner.calls) + str(result)


def test_a_repository_that_is_not_there_is_not_tried(module: Run, runner: Any, tmp_path: Path) -> None:
    given = {**repository(tmp_path), "repository_path": str(tmp_path / "elsewhere")}
    result = module(**SITE, **given)
    assert (result["installed"], result["exists"], result["backups"], runner.calls) == (True, False, [], [])


def test_a_stanza_of_which_only_the_archive_is_there_is_looked_at(
    module: Run, runner: Any, repository_text: Callable[..., str], tmp_path: Path
) -> None:
    runner.on("info", out=repository_text(0, 2, "no valid backups"))
    given = {**repository(tmp_path), "repository_path": str(tmp_path / "archived")}
    (tmp_path / "archived" / "archive" / "lab").mkdir(parents=True)
    result = module(**SITE, **given)
    assert (result["exists"], result["newest"], result["wal_max"]) == (True, None, "09")


def test_says_that_the_engine_is_not_installed(module: Run, runner: Any, tmp_path: Path) -> None:
    runner.on("info", error=NotInstalled("pgbackrest cannot be run: pgbackrest does not exist"))
    result = module(**SITE, **repository(tmp_path))
    assert (result["changed"], result["installed"], result["exists"], result["newest"]) == (False, False, False, None)


def test_fails_with_the_domain_s_message(module: Run, runner: Any) -> None:
    runner.on("info", err="ERROR: [124]: HostConnectError: unable to connect to ops1\n", status=124)
    result = module(**SITE)
    assert result["failed"]
    assert result["msg"] == "reading the repository failed: [124]: HostConnectError: unable to connect to ops1"


@pytest.mark.parametrize(
    "arguments",
    [{"stanza": "lab"}, {"user": "x"}, {**SITE, "repository_path": "/x"}, {**SITE, "cipher_passphrase": "x"}],
)
def test_refuses_half_of_its_arguments(module: Run, runner: Any, arguments: dict[str, str]) -> None:
    assert module(**arguments)["failed"]
    assert runner.calls == []
