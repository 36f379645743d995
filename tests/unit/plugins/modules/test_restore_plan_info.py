"""The Ansible module `restore_plan_info`: from what a person typed to a plan, or a refusal with the possible range."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import restore_request, wal_reader
from ansible_collections.traumalink.ops.plugins.modules import restore_plan_info
from info_samples import MANIFEST_WITH_TABLESPACE, listing

Run = Callable[..., dict[str, Any]]
ME = pwd.getpwuid(os.geteuid()).pw_name


@pytest.fixture
def module(on_runner: Callable[[ModuleType], Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Give the module on a repository's host on which nothing can look into WAL."""
    monkeypatch.setattr(wal_reader, "PLACES", tmp_path / "places")
    monkeypatch.setattr(restore_request, "SETTLE_SECONDS", 0.0)
    call = on_runner(restore_plan_info)
    return lambda check=False, **more: call(
        check, stanza="lab", user=ME, proofs_path=str(tmp_path), programs_path=str(tmp_path), **more
    )


@pytest.fixture
def repository(runner: Any, repository_text: Callable[..., str]) -> Any:
    """Give a runner with a repository of two sets, and WAL to segment 4."""
    return (
        runner.on("info", out=repository_text(2))
        .on("repo-ls", out=listing(1, 2, 3, 4))
        .on("repo-get", out=MANIFEST_WITH_TABLESPACE)
    )


@pytest.mark.parametrize("check", [False, True])
def test_plans_in_any_mode_and_changes_nothing(module: Run, repository: Any, check: bool) -> None:
    result = module(check)
    assert result["changed"] is False
    assert result["plan"]["backup"]["label"] == "20261123-013702F"
    assert (result["plan"]["type"], result["plan"]["last_segment"]) == ("default", "000000010000000000000004")
    assert result["plan"]["tablespaces"] == {"/srv/other": 24576}
    assert "traumalink.ops.site installs it" in result["plan"]["notes"][0]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"target_time": "2026-11-23 03:00"}, "restore_target_time '2026-11-23 03:00' has no time zone"),
        ({"target_name": "x\n"}, "restore_target_name 'x\\n' can be no"),
        ({"target_lsn": "high"}, "restore_target_lsn: 'high' is no WAL position"),
        ({"target_xid": "0"}, "restore_target_xid '0' is no"),
        ({"timeline": "latest"}, "restore_timeline 'latest' is no"),
        ({"set": "20260101-000000F"}, "the repository holds no backup 20260101-000000F of lab; there is"),
    ],
)
def test_every_argument_comes_to_the_plan_and_its_refusal_to_the_caller(
    module: Run, repository: Any, given: dict[str, str], why: str
) -> None:
    result = module(**given)
    assert result["failed"]
    assert why in result["msg"]


def test_a_gap_is_refused_until_its_loss_is_accepted(module: Run, repository: Any) -> None:
    repository.on("repo-ls", out=listing(1, 2, 4))
    assert "WAL segment 000000010000000000000003 is missing in the repository" in module()["msg"]
    plan = module(accept_loss="lose all WAL from 000000010000000000000003 on")["plan"]
    assert plan["missing"] == "WAL segment 000000010000000000000003 is missing"


def test_a_vault_is_looked_into_whatever_the_hosts_own_settings_are(module: Run, repository: Any) -> None:
    known = "geheim"
    assert module(repository_path="/mnt/nas", cipher_passphrase=known)["plan"]["backup"]["label"]
    assert all("--no-config" in argv for argv in repository.calls)
    assert {options["environment"]["PGBACKREST_REPO1_PATH"] for options in repository.options} == {"/mnt/nas"}
    assert known not in str(repository.calls)


def test_asks_for_its_arguments(run_module: Run) -> None:
    assert run_module(restore_plan_info.main)["msg"] == "missing required arguments: stanza, user"
