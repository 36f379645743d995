"""The Ansible module `restore_vault_info`: whether there is a vault, and how long WAL can wait."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.command import NotInstalled
from ansible_collections.traumalink.ops.plugins.modules import restore_vault_info
from info_samples import REAL, listing

Run = Callable[..., dict[str, Any]]
MIB = 1024**2
SEGMENT = 16 * MIB
SECRET = "geheim"  # noqa: S105 - of no repository


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """Give a mounted vault with the information files of the stanza `lab`."""
    for part in ("backup", "archive"):
        (tmp_path / "nas" / part / "lab").mkdir(parents=True)
        (tmp_path / "nas" / part / "lab" / f"{part}.info").touch()
    return tmp_path / "nas"


@pytest.fixture
def repository(runner: Any) -> Any:
    """Give a runner with a repository that has got five segments on its last day."""
    return runner.on("info", out=REAL).on("repo-ls", out=listing(1, 2, 3, 4, 5))


@pytest.fixture
def asked() -> list[Path]:
    """Give the list of the paths whose free space was asked for."""
    return []


@pytest.fixture
def module(
    on_runner: Callable[[ModuleType], Run], vault: Path, asked: list[Path], monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Give the module on a host with 800 MiB of free space."""
    monkeypatch.setattr(restore_vault_info, "free_bytes", lambda path: asked.append(path) or 800 * MIB)
    call = on_runner(restore_vault_info)
    arguments = {
        "stanza": "lab",
        "path": str(vault),
        "cipher_passphrase": SECRET,
        "data_directory": "/var/lib/postgresql/15/main",
    }
    return lambda check=False, **more: call(check, **{**arguments, **more})


@pytest.mark.parametrize("check", [False, True])
def test_says_for_how_many_days_wal_fits_at_the_last_days_rate(
    module: Run, repository: Any, asked: list[Path], check: bool
) -> None:
    result = module(check)
    assert (result["changed"], result["installed"]) == (False, True)
    assert (result["free_bytes"], result["wal_bytes_a_day"]) == (800 * MIB, 5 * SEGMENT)
    assert result["days_left"] == 9.0, "a tenth of the disk stays free"
    assert asked == [Path("/var/lib/postgresql/15/main")], "where WAL waits"


def test_more_wal_a_day_leaves_fewer_days(module: Run, repository: Any) -> None:
    repository.on("repo-ls", out=listing(*range(1, 10)))
    result = module()
    assert (result["wal_bytes_a_day"], result["days_left"]) == (9 * SEGMENT, 5.0)


def test_looks_into_the_vault_alone_and_as_root_with_the_passphrase_on_no_command_line(
    module: Run, repository: Any, vault: Path
) -> None:
    result = module()
    assert [argv[-1] for argv in repository.calls] == ["--output=json", "archive/lab"]
    assert all("--no-config" in argv for argv in repository.calls)
    assert {options["user"] for options in repository.options} == {"root"}
    given = [options["environment"] for options in repository.options]
    assert {each["PGBACKREST_REPO1_PATH"] for each in given} == {str(vault)}
    assert {each["PGBACKREST_REPO1_CIPHER_PASS"] for each in given} == {SECRET}
    assert SECRET not in str(repository.calls) + str({key: result[key] for key in result if key != "invocation"})


@pytest.mark.parametrize("part", ["backup", "archive"])
@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_is_no_vault_of_the_site_is_refused_before_it_is_asked(
    module: Run, runner: Any, vault: Path, part: str, what: str
) -> None:
    gone = vault / part / "lab" / f"{part}.info"
    gone.unlink()
    if what == "folder":
        gone.mkdir()
    result = module()
    assert result["failed"]
    assert result["msg"].startswith(f"{vault} holds no repository of lab ({part}/lab/{part}.info is not there); mount")
    assert result["msg"].endswith("restore_vault_path. Nothing was changed")
    assert runner.calls == []


def test_a_vault_that_is_not_mounted_is_no_empty_one(module: Run, vault: Path) -> None:
    shutil.rmtree(vault)
    vault.mkdir()
    assert "mount the vault there" in module()["msg"]


def test_a_vault_of_another_site_is_refused(module: Run) -> None:
    assert "holds no repository of other (backup/other/backup.info" in module(stanza="other")["msg"]


def test_without_pgbackrest_it_says_what_is_known_all_the_same(module: Run, runner: Any) -> None:
    runner.on("info", error=NotInstalled("pgbackrest cannot be run: it does not exist"))
    result = module()
    assert (result["changed"], result["installed"], result["free_bytes"]) == (False, False, 800 * MIB)
    assert not {"days_left", "wal_bytes_a_day"} & set(result)


def test_a_vault_that_cannot_be_read_is_a_failure_in_the_engines_words(module: Run, runner: Any) -> None:
    runner.on("info", err="ERROR: [042]: unable to read\n", status=42)
    result = module()
    assert result["failed"]
    assert result["msg"].startswith("reading the repository failed: [042]: unable to read")


def test_asks_for_its_arguments(run_module: Run) -> None:
    said = run_module(restore_vault_info.main)["msg"]
    assert said == "missing required arguments: cipher_passphrase, data_directory, path, stanza"
