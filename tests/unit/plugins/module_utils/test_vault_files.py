"""Backups of files outlive their host: the vault holds whole repositories, and a new host begins with them."""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.vault_copy import VaultError
from ansible_collections.traumalink.ops.plugins.module_utils.vault_files import (
    FileVault,
    damaged_names,
    file_vault_of,
)
from backup_samples import NOW

ME = pwd.getpwuid(os.geteuid()).pw_name


def lay(root: Path, part: str, text: str, host: str = "app1") -> Path:
    """Write a file of a repository as restic names it; return its path below the root."""
    name = hashlib.sha256(text.encode()).hexdigest()
    path = root / host / part / name[:2] / name if part == "data" else root / host / part / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path.relative_to(root)


@pytest.fixture
def vault(tmp_path: Path) -> FileVault:
    """Give a vault for the repository of one host with one snapshot, and a lock that somebody holds."""
    repositories = tmp_path / "repositories"
    for part in ("keys", "data", "index", "snapshots", "locks"):
        lay(repositories, part, f"{part} one")
    (repositories / "app1" / "config").write_text("which repository it is")
    (tmp_path / "vault").mkdir()
    return FileVault(repositories, tmp_path / "vault", 30, NOW, lambda _one, _other: True, lambda *_given: None, ME)


def held(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): path.read_text()
        for path in root.rglob("*")
        if path.is_file() and "app" in str(path)
    }


def test_a_whole_repository_is_copied_without_its_locks(vault: FileVault) -> None:
    assert vault.keep().files == 5
    expected = {name: text for name, text in held(vault.repositories).items() if "/locks/" not in name}
    assert held(vault.copies) == expected
    assert replace(vault, tally=type(vault.tally)()).keep().files == 0


def test_a_snapshot_comes_after_all_that_it_needs(vault: FileVault, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    real = Path.open

    def spy(self: Path, *given: str) -> object:
        if vault.copies in self.parents and given == ("xb",):
            order.append(str(self.relative_to(vault.copies / "app1")).partition("/")[0])
        return real(self, *given)

    monkeypatch.setattr(Path, "open", spy)
    vault.keep()
    assert [part for part in order if part in ("data", "index", "snapshots")] == ["data", "index", "snapshots"]


def test_what_the_repository_has_removed_stays_for_its_days_and_then_goes(vault: FileVault) -> None:
    vault.keep()
    gone = [
        path
        for path in (vault.repositories / "app1").rglob("*")
        if path.is_file() and path.parent.name in ("snapshots", "index")
    ]
    lay(vault.repositories, "snapshots", "snapshot two")
    lay(vault.repositories, "index", "index two")
    for path in gone:
        path.unlink()

    def there(days: int) -> bool:
        replace(vault, now=NOW + timedelta(days=days)).keep()
        return all((vault.copies / path.relative_to(vault.repositories)).exists() for path in gone)

    assert [there(days) for days in (0, 1, 29, 30)] == [True, True, True, False]
    assert json.loads((vault.place / "files-gone.json").read_text()) == {}


def test_what_came_back_counts_anew(vault: FileVault) -> None:
    path = vault.repositories / lay(vault.repositories, "index", "index two")
    vault.keep()
    text = path.read_text()
    path.unlink()
    vault.keep()
    path.write_text(text)
    replace(vault, now=NOW + timedelta(days=20)).keep()
    path.unlink()
    replace(vault, now=NOW + timedelta(days=40)).keep()
    assert (vault.copies / path.relative_to(vault.repositories)).exists()


@pytest.mark.parametrize("lost", ["app1", "app1/snapshots"])
def test_a_repository_that_was_emptied_takes_nothing_from_the_vault(vault: FileVault, lost: str) -> None:
    vault.keep()
    before = held(vault.copies)
    shutil.rmtree(vault.repositories / lost)
    for days in (0, 60):
        replace(vault, now=NOW + timedelta(days=days)).keep()
    assert held(vault.copies) == before


def test_what_is_not_what_its_name_says_does_not_come_in(vault: FileVault) -> None:
    bad = vault.repositories / lay(vault.repositories, "data", "pack two")
    bad.write_text("half a pa")
    with pytest.raises(VaultError, match=f"^{bad} is damaged, or changed since copied"):
        vault.keep()
    assert len(held(vault.copies)) == 5, "all else still comes"


def test_a_repository_made_anew_is_an_alarm(vault: FileVault) -> None:
    vault.keep()
    (vault.repositories / "app1" / "config").write_text("another")
    with pytest.raises(
        VaultError, match=r"app1/config is damaged, or changed .* move its host's folder in the vault aside"
    ):
        vault.keep()


def test_a_vault_that_is_not_mounted_is_refused(vault: FileVault) -> None:
    with pytest.raises(VaultError, match="the vault is not mounted"):
        replace(vault, apart=lambda _one, _other: False).keep()
    assert not vault.copies.exists()


def test_a_new_host_begins_with_what_the_vault_holds(vault: FileVault) -> None:
    vault.keep()
    before = held(vault.copies)
    shutil.rmtree(vault.repositories)
    owned: list[Path] = []
    new = replace(vault, own=lambda path, _user, _group: owned.append(path))
    assert new.due == ["app1"]
    new.give_back(ME)
    assert held(vault.repositories) == before
    assert {vault.repositories / name for name in before} <= set(owned)
    assert new.due == []


def test_a_repository_that_is_there_is_left_alone_and_a_cut_off_run_is_completed(vault: FileVault) -> None:
    vault.keep()
    lay(vault.repositories, "data", "newer")
    before = held(vault.repositories)
    vault.give_back(ME)
    assert held(vault.repositories) == before
    (vault.repositories / "app1" / "config").unlink()
    vault.give_back(ME)
    assert held(vault.repositories) == before


def test_another_file_in_its_place_is_not_mixed_with_it(vault: FileVault) -> None:
    vault.keep()
    (vault.repositories / "app1" / "config").unlink()
    next((vault.repositories / "app1" / "index").iterdir()).write_text("other")
    with pytest.raises(VaultError, match="empty the folder app1 there"):
        vault.give_back(ME)
    assert vault.due == ["app1"]


def test_files_that_rot_in_the_vault_are_named(vault: FileVault) -> None:
    vault.keep()
    assert list(damaged_names(vault.place)) == []
    (rotten,) = (vault.copies / "app1" / "snapshots").iterdir()
    rotten.write_text("snapshots onE")
    assert list(damaged_names(vault.place)) == [f"files/app1/snapshots/{rotten.name} (invalid checksum)"]


def test_settings_say_where() -> None:
    made = file_vault_of({"vault_path": "/v", "retention_days": "40"}, Path("/r"), NOW)
    assert (made.copies, made.days) == (Path("/v/files"), 40)
    with pytest.raises(VaultError, match="incomplete"):
        file_vault_of({"vault_path": "/v"}, Path("/r"), NOW)
