"""The Ansible module `backup_vault_return`: what a vault holds comes into an empty repository, and into no other."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.vault_return import return_of
from ansible_collections.traumalink.ops.plugins.modules import backup_vault_return
from vault_samples import SETTINGS

Run = Callable[..., dict[str, Any]]
HELD = {
    "archive/lab/15-1/0000/seg": "wal", "archive/lab/archive.info": "a", "archive/lab/archive.info.copy": "a",
    "backup/lab/SET/backup.manifest": "manifest", "backup/lab/backup.info": "b", "backup/lab/backup.info.copy": "b",
}  # fmt: skip


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Give an empty repository."""
    (tmp_path / "repository").mkdir()
    return tmp_path / "repository"


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a vault that holds a stanza, and counts as a file system of its own."""
    for name, text in HELD.items():
        (tmp_path / "vault" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "vault" / name).write_text(text)
    mounted = {"apart": lambda _one, _other: True}
    monkeypatch.setattr(
        backup_vault_return, "return_of", lambda settings, now: replace(return_of(settings, now), **mounted)
    )
    return tmp_path / "vault"


@pytest.fixture
def module(run_module: Run, vault: Path, repository: Path, tmp_path: Path) -> Run:
    """Give the module, with settings that name these places."""
    path = tmp_path / "vault.json"
    path.write_text(json.dumps({**SETTINGS, "vault_path": str(vault), "repository_path": str(repository)}))
    return lambda check=False: run_module(backup_vault_return.main, check, settings=str(path))


def held(root: Path) -> dict[str, str]:
    """Return all files below a folder."""
    return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}


def test_an_empty_repository_is_filled_once(module: Run, repository: Path) -> None:
    result = module()
    assert (result["changed"], result["files"], result["bytes"]) == (True, 6, 15)
    assert held(repository) == HELD
    result = module()
    assert (result["changed"], result["files"], result["bytes"]) == (False, 0, 0)


def test_check_mode_tells_whether_it_would_and_copies_nothing(module: Run, repository: Path) -> None:
    result = module(check=True)
    assert (result["changed"], "files" in result) == (True, False)
    assert held(repository) == {}
    module()
    assert module(check=True)["changed"] is False


@pytest.mark.parametrize("check", [False, True])
def test_a_repository_of_its_own_is_left_alone(module: Run, repository: Path, check: bool) -> None:
    (repository / "backup" / "lab").mkdir(parents=True)
    (repository / "backup" / "lab" / "backup.info").write_text("its own")
    assert module(check)["changed"] is False
    assert held(repository) == {"backup/lab/backup.info": "its own"}


def test_a_vault_that_is_not_mounted_is_refused_with_its_path(
    module: Run, monkeypatch: pytest.MonkeyPatch, vault: Path, repository: Path
) -> None:
    monkeypatch.setattr(backup_vault_return, "return_of", return_of)  # both lie on the test's one file system
    result = module()
    assert result["failed"]
    assert result["msg"].startswith(f"the repository was not filled from the vault: {repository} is empty, and")
    assert f"is not mounted at {vault}" in result["msg"]
    assert held(repository) == {}


@pytest.mark.parametrize("text", [None, "{", "\xff"])
def test_settings_that_cannot_be_read_say_who_writes_them(run_module: Run, tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "vault.json"
    if text is not None:
        path.write_bytes(text.encode("latin-1"))
    result = run_module(backup_vault_return.main, settings=str(path))
    assert result["failed"]
    assert result["msg"].startswith(f"{path} cannot be read: ")
    assert result["msg"].endswith("; run traumalink.ops.site")


@pytest.mark.parametrize("missing", ["stanza", "user", "vault_path", "repository_path"])
@pytest.mark.parametrize("check", [False, True])
def test_settings_without_something_name_it(run_module: Run, tmp_path: Path, missing: str, check: bool) -> None:
    path = tmp_path / "vault.json"
    path.write_text(json.dumps({key: value for key, value in SETTINGS.items() if key != missing}))
    said = run_module(backup_vault_return.main, check, settings=str(path))["msg"]
    assert f"the settings of the vault are incomplete: '{missing}'; run traumalink.ops.site" in said


def test_check_mode_gets_along_with_a_host_whose_vault_nobody_has_named_yet(run_module: Run, tmp_path: Path) -> None:
    result = run_module(backup_vault_return.main, True, settings=str(tmp_path / "none.json"))
    assert (result["changed"], "failed" in result) == (False, False)
