"""The Ansible module `restore_plan_info`: from what a person typed to a plan, or a refusal with the possible range."""

from __future__ import annotations

import json
import os
import pwd
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import restore_request, wal_reader
from ansible_collections.traumalink.ops.plugins.modules import restore_plan_info

Run = Callable[..., dict[str, Any]]
MANIFEST = '[backup:target]\npg_data={"path":"/data","type":"path"}\npg_tblspc/16400={"path":"/srv/other","tablespace-id":"16400","type":"link"}\n'
ME = pwd.getpwuid(os.geteuid()).pw_name


def listing(*numbers: int) -> str:
    """Return what the repository lists of its archive."""
    names = [f"00000001000000000000000{number}" for number in numbers]
    return json.dumps(
        {f"15-1/{name[:16]}/{name}-{'a' * 40}.zst": {"type": "file", "size": 9, "time": 1795397900} for name in names}
    )


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
    return runner.on("info", out=repository_text(2)).on("repo-ls", out=listing(1, 2, 3, 4)).on("repo-get", out=MANIFEST)


@pytest.mark.parametrize("check", [False, True])
def test_plans_in_any_mode_and_changes_nothing(module: Run, repository: Any, check: bool) -> None:
    result = module(check)
    assert result["changed"] is False
    assert result["plan"]["backup"]["label"] == "20261123-013702F"
    assert (result["plan"]["type"], result["plan"]["last_segment"]) == ("default", "000000010000000000000004")
    assert result["plan"]["tablespaces"] == ["/srv/other"]
    assert "traumalink.ops.site installs it" in result["plan"]["notes"][0]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"target_time": "2026-11-23 03:00"}, "has no time zone"),
        ({"target_time": "2026-11-23 03:00Z", "target_xid": "7"}, "a restore has one target"),
        ({"timeline": "latest"}, "restore_timeline 'latest' is no timeline's number"),
        ({"timeline": "0"}, "is no timeline's number"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_possible_range(
    module: Run, repository: Any, given: dict[str, str], why: str
) -> None:
    said = module(**given)["msg"]
    assert why in said
    assert said.endswith(
        "Possible is any time from 2026-11-23 01:37:04 UTC to the end of the archive. Nothing was changed"
    )


def test_a_segment_that_comes_late_is_waited_for_once(module: Run, repository: Any) -> None:
    repository.on("repo-ls", out=[listing(1, 2, 4), listing(1, 2, 3, 4)])
    assert module()["plan"]["missing"] == ""
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


def test_a_repository_without_backups_is_refused(module: Run, runner: Any, repository_text: Callable[..., str]) -> None:
    runner.on("info", out=repository_text(0))
    assert module()["msg"] == "The repository holds no backup of lab. Nothing was changed"


def test_asks_for_its_arguments(run_module: Run) -> None:
    assert run_module(restore_plan_info.main)["msg"] == "missing required arguments: stanza, user"
