"""The vault: a whole second repository that outlives what happens to the first."""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import shutil
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest import BackupError
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest_sets import Backup
from ansible_collections.traumalink.ops.plugins.module_utils.vault import (
    Vault,
    VaultError,
    on_two_file_systems,
    vault_of,
)
from backup_samples import NOW, full, stanza


@dataclass
class Engine:
    """The engine on one of the repositories."""

    backups: list[Backup] = field(default_factory=list)
    expired: list[int] = field(default_factory=list)
    stanza: str = "lab"
    user: str = field(default_factory=getpass.getuser)

    def info(self) -> Any:
        return stanza(*self.backups)

    def expire(self, days: int) -> None:
        self.expired.append(days)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """Give a vault for a repository with one set that is listed, one that is not, and a segment."""
    repository = tmp_path / "repository"
    for name, text in {
        "archive/lab/archive.info": "a1", "archive/lab/archive.info.copy": "a1", "archive/lab/15-1/0000000100000000/000000010000000000000001-aa.zst": "wal",
        "backup/lab/backup.info": "b1", "backup/lab/backup.info.copy": "b1", f"backup/lab/{full().label}/backup.manifest": "m",
        f"backup/lab/{full().label}/backup.manifest.copy": "m", f"backup/lab/{full().label}/bundle/1": "data", "backup/lab/20991231-000000F/bundle/1": "half",
    }.items():  # fmt: skip
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text(text)
    for name in ("vault", "state"):
        (tmp_path / name).mkdir()
    engine: Any = Engine([full()])
    own: Any = Engine()
    return Vault(
        engine, own, repository, tmp_path / "vault", 30, NOW, state=tmp_path / "state" / "vault.json", apart=lambda _one, _other: True
    )  # fmt: skip


def files(vault: Vault) -> set[str]:
    """Return the files of the vault."""
    return {str(path.relative_to(vault.place)) for path in vault.place.rglob("*") if path.is_file()}


def test_sets_that_are_listed_come_with_their_wal_and_others_do_not(vault: Vault) -> None:
    kept = vault.keep(wal_only=False)
    assert kept.sets == (full().label,)
    assert files(vault) == {
        "archive/lab/archive.info", "archive/lab/archive.info.copy", "archive/lab/15-1/0000000100000000/000000010000000000000001-aa.zst",
        "backup/lab/backup.info", "backup/lab/backup.info.copy", f"backup/lab/{full().label}/backup.manifest",
        f"backup/lab/{full().label}/backup.manifest.copy", f"backup/lab/{full().label}/bundle/1",
    }  # fmt: skip
    assert vault.own.expired == [30]  # type: ignore[attr-defined]
    assert vault.engine.expired == [], "the repository removes its own"  # type: ignore[attr-defined]
    again = vault.keep(wal_only=False)
    assert (again.files, again.sets) == (0, ())


def test_every_minute_only_wal_comes(vault: Vault) -> None:
    vault.keep(wal_only=True)
    assert {name.split("/")[0] for name in files(vault)} == {"archive"}
    assert vault.own.expired == []  # type: ignore[attr-defined]


def test_what_the_repository_loses_stays_in_the_vault(vault: Vault) -> None:
    vault.keep(wal_only=False)
    before = files(vault)
    shutil.rmtree(vault.repository / "backup" / "lab" / full().label)
    vault.engine.backups.clear()  # type: ignore[attr-defined]
    vault.keep(wal_only=False)
    assert files(vault) >= before


def test_the_vaults_own_list_is_replaced_only_where_a_set_is_new(vault: Vault) -> None:
    vault.keep(wal_only=False)
    # The engine has written down there what it found in the vault, more than the repository lists.
    (vault.place / "backup" / "lab" / "backup.info").write_text("all sets of the vault")
    vault.keep(wal_only=False)
    assert (vault.place / "backup" / "lab" / "backup.info").read_text() == "all sets of the vault"


def test_a_changed_file_is_an_alarm_by_its_name_and_nothing_is_removed(vault: Vault) -> None:
    vault.keep(wal_only=False)
    changed = vault.repository / "backup" / "lab" / full().label / "bundle" / "1"
    changed.write_text("spoiled")
    (vault.repository / "archive/lab/15-1/0000000100000000/000000010000000000000002-bb.zst").write_text("new")
    with pytest.raises(VaultError, match=f"^{changed} in the repository changed since copied into"):
        vault.keep(wal_only=False)
    assert (vault.place / "backup" / "lab" / full().label / "bundle" / "1").read_text() == "data"
    assert "archive/lab/15-1/0000000100000000/000000010000000000000002-bb.zst" in files(vault), "the rest still comes"
    assert vault.own.expired == [30], "nothing was removed since"  # type: ignore[attr-defined]
    assert str(changed) in json.loads(vault.state.read_text())["problem"]


def test_how_the_last_run_ended_is_left_for_whoever_watches(vault: Vault) -> None:
    vault.keep(wal_only=True)
    assert json.loads(vault.state.read_text()) == {"at": "2026-11-25T22:10:00+00:00", "problem": ""}


def test_the_vault_keeps_longer_than_the_repository_in_any_case(vault: Vault) -> None:
    vault.engine.backups[:] = [full(50.5), full()]  # type: ignore[attr-defined]
    vault.keep(wal_only=False)
    assert vault.own.expired == [52]  # type: ignore[attr-defined]


def test_a_vault_that_is_not_mounted_is_refused(vault: Vault, tmp_path: Path) -> None:
    with pytest.raises(VaultError, match=r"lies on the same file system as .*: the vault is not mounted"):
        replace(vault, apart=on_two_file_systems).keep(wal_only=True)
    with pytest.raises(VaultError, match="is not there; mount the vault"):
        replace(vault, place=tmp_path / "nowhere").keep(wal_only=True)
    assert files(vault) == set()
    assert "mount the vault" in json.loads(vault.state.read_text())["problem"]


def test_file_systems_are_told_apart() -> None:
    assert on_two_file_systems(Path("/"), Path("/proc"))
    assert not on_two_file_systems(Path("/"), Path("/"))


def test_one_run_at_a_time(vault: Vault) -> None:
    handle = os.open(vault.state.parent, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    seconds = [0.0]

    def sleep(for_seconds: float) -> None:
        seconds[0] += for_seconds
        if seconds[0] >= 3:
            fcntl.flock(handle, fcntl.LOCK_UN)

    waiting = replace(vault, wait_seconds=2.0, clock=lambda: seconds[0], sleep=sleep)
    with pytest.raises(VaultError, match="another run copies into"):
        waiting.keep(wal_only=True)
    assert replace(waiting, wait_seconds=9.0).keep(wal_only=True).files == 3, (
        "it waits, and goes on when the other has ended"
    )
    os.close(handle)


def test_an_engine_that_fails_is_noted(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        vault.engine, "info", lambda: (_ for _ in ()).throw(BackupError("the repository cannot be read"))
    )
    with pytest.raises(BackupError):
        vault.keep(wal_only=False)
    assert json.loads(vault.state.read_text())["problem"] == "the repository cannot be read"


def test_settings_name_both_repositories(runner: Any) -> None:
    settings = {"stanza": "lab", "user": getpass.getuser(), "repository_path": "/srv/one", "vault_path": "/srv/two", "config": "/etc/vault.conf",
                "retention_days": 40}  # fmt: skip
    made = vault_of(settings, runner, datetime.now(NOW.tzinfo))
    assert (made.repository, made.place, made.retention_days) == (Path("/srv/one"), Path("/srv/two"), 40)
    runner.on("pgbackrest", out="")
    made.own.expire(40)
    assert "--config=/etc/vault.conf" in runner.calls[0]
    assert runner.options[0]["user"] == "root"
    for wrong in ({}, {**settings, "user": "nobody-of-this-name"}, {**settings, "retention_days": "long"}):
        with pytest.raises(VaultError, match="the settings of the vault are incomplete"):
            vault_of(wrong, runner, NOW + timedelta())
