"""The vault: a whole second repository that outlives what happens to the first."""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest import BackupError
from ansible_collections.traumalink.ops.plugins.module_utils.vault import (
    Vault,
    VaultError,
    vault_of,
)
from ansible_collections.traumalink.ops.plugins.module_utils.vault_copy import on_two_file_systems
from backup_samples import NOW, SYSTEM, full, stanza
from vault_engine import TWO, Engine, info_text, lay_infos, lay_set, lay_wal

SEGMENT = "archive/lab/15-1/0000000100000000/000000010000000000000005-aa.zst"
FULL, INCREMENT, NEXT = "20261101-010000F", "20261101-010000F_20261102-010000I", "20261108-010000F"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """Give a vault for a repository with one set that is listed, one that is not, and a segment."""
    repository = tmp_path / "repository"
    lay_set(repository, FULL, 5)
    lay_infos(repository, sets={FULL: 5})
    lay_wal(repository, 5)
    half = repository / "backup/lab/20991231-000000F/bundle/1"
    half.parent.mkdir(parents=True)
    half.write_text("half")
    for name in ("vault", "state"):
        (tmp_path / name).mkdir()
    engine: Any = Engine(repository)
    own: Any = Engine(tmp_path / "vault")
    return Vault(
        engine, own, repository, tmp_path / "vault", 30, NOW, state=tmp_path / "state" / "vault.json", apart=lambda _one, _other: True,
        since=lambda _path: NOW,
    )  # fmt: skip


def listed(vault: Vault) -> list[str]:
    """Return the sets that the vault lists."""
    return [backup.label for backup in vault.own.info().backups]


def files(vault: Vault) -> set[str]:
    """Return the files of the vault."""
    return {str(path.relative_to(vault.place)) for path in vault.place.rglob("*") if path.is_file()}


def test_sets_that_are_listed_come_with_their_wal_and_others_do_not(vault: Vault) -> None:
    kept = vault.keep(wal_only=False)
    assert kept.sets == (FULL,)
    assert files(vault) == {
        "archive/lab/archive.info", "archive/lab/archive.info.copy", SEGMENT,
        "backup/lab/backup.info", "backup/lab/backup.info.copy", f"backup/lab/{FULL}/backup.manifest",
        f"backup/lab/{FULL}/backup.manifest.copy", f"backup/lab/{FULL}/bundle/1",
    }  # fmt: skip
    again = vault.keep(wal_only=False)
    assert (again.files, again.sets) == (0, ())


def test_every_minute_only_wal_comes(vault: Vault) -> None:
    vault.keep(wal_only=True)
    assert {name.split("/")[0] for name in files(vault)} == {"archive"}


def test_what_the_repository_loses_stays_in_the_vault(vault: Vault) -> None:
    vault.keep(wal_only=False)
    before = files(vault)
    shutil.rmtree(vault.repository / "backup" / "lab" / FULL)
    lay_infos(vault.repository)
    vault.keep(wal_only=False)
    assert files(vault) >= before
    assert listed(vault) == [FULL]


def test_a_new_set_joins_those_that_the_vault_alone_still_has(vault: Vault) -> None:
    vault.keep(wal_only=False)
    shutil.rmtree(vault.repository / "backup" / "lab" / FULL)
    lay_set(vault.repository, NEXT, 9)
    lay_infos(vault.repository, sets={NEXT: 9})
    assert vault.keep(wal_only=False).sets == (NEXT,)
    assert listed(vault) == [FULL, NEXT]


@pytest.mark.parametrize("wal_only", [True, False])
@pytest.mark.parametrize(
    ("databases", "key", "said"),
    [
        ({1: 999}, "key", r"it does not name database 1 \(system identifier 77"),
        ({1: SYSTEM}, "other", "its key is another"),
    ],
)
def test_another_repository_in_its_place_takes_nothing_from_the_vault(
    vault: Vault, wal_only: bool, databases: dict[int, int], key: str, said: str
) -> None:
    vault.keep(wal_only=False)
    before = files(vault)
    lay_infos(vault.repository, databases, key=key)
    lay_wal(vault.repository, 6)
    for _minute in range(40):
        with pytest.raises(
            VaultError, match=f"archive.info.copy is not of the repository that .* is a copy of: {said}"
        ):
            vault.keep(wal_only=wal_only)
    assert files(vault) == before, "neither the files that open the vault nor a set went, and foreign WAL did not come"
    assert (vault.place / "archive/lab/archive.info").read_text() == info_text()
    assert listed(vault) == [FULL]


def test_a_spoilt_list_of_sets_is_an_alarm_and_the_sets_stay(vault: Vault) -> None:
    vault.keep(wal_only=False)
    before = files(vault)
    (vault.repository / "backup/lab/backup.info").write_text(info_text({1: 999}, {}))
    with pytest.raises(VaultError, match=r"backup.info is not of the repository"):
        vault.keep(wal_only=False)
    assert files(vault) == before
    assert listed(vault) == [FULL]


def test_the_sets_of_a_database_that_came_later_are_listed_beside_the_old(vault: Vault) -> None:
    vault.keep(wal_only=False)
    lay_set(vault.repository, NEXT, 2, database=2, system=4711)
    lay_infos(vault.repository, TWO, {NEXT: 2})
    vault.keep(wal_only=False)
    assert listed(vault) == [FULL, NEXT]
    assert info_text(TWO) == (vault.place / "archive/lab/archive.info").read_text()


def test_a_set_that_cannot_be_listed_is_told_and_is_not_removed(vault: Vault) -> None:
    vault.keep(wal_only=False)
    lay_set(vault.repository, NEXT, 9, system=13)
    lay_infos(vault.repository, sets={FULL: 5, NEXT: 9})
    with pytest.raises(VaultError, match=f"^{NEXT} came into .* and cannot be listed there"):
        vault.keep(wal_only=False)
    assert listed(vault) == [FULL]
    assert f"backup/lab/{NEXT}/bundle/1" in files(vault)


def test_what_has_lain_in_the_vault_for_long_enough_goes_and_its_list_says_so(vault: Vault) -> None:
    lay_set(vault.repository, INCREMENT, 6)
    lay_set(vault.repository, NEXT, 9)
    lay_infos(vault.repository, sets={FULL: 5, INCREMENT: 6, NEXT: 9})
    young, old = lay_wal(vault.repository, 8), lay_wal(vault.repository, 7)
    needed = lay_wal(vault.repository, 9)
    vault.keep(wal_only=False)
    lay_infos(vault.repository, sets={NEXT: 9})  # the repository has removed them before

    def since(path: Path) -> datetime:
        return NOW - timedelta(days=3 if str(young) in str(path) else 50)

    replace(vault, since=since).keep(wal_only=False)
    assert listed(vault) == [NEXT]
    assert not (vault.place / "backup/lab" / FULL).exists()
    assert not (vault.place / "backup/lab" / INCREMENT).exists()
    assert [(vault.place / path).exists() for path in (old, young, needed)] == [False, True, True]


def test_a_changed_file_is_an_alarm_by_its_name_and_nothing_is_removed(vault: Vault) -> None:
    vault.keep(wal_only=False)
    changed = vault.repository / "backup" / "lab" / FULL / "bundle" / "1"
    changed.write_text("spoiled")
    (vault.repository / "archive/lab/15-1/0000000100000000/000000010000000000000002-bb.zst").write_text("new")
    with pytest.raises(VaultError, match=f"^{changed} in the repository changed since copied into"):
        vault.keep(wal_only=False)
    assert (vault.place / "backup" / "lab" / FULL / "bundle" / "1").read_text() == "data"
    assert "archive/lab/15-1/0000000100000000/000000010000000000000002-bb.zst" in files(vault), "the rest still comes"
    assert str(changed) in json.loads(vault.state.read_text())["problem"]


def test_how_the_last_run_ended_is_left_for_whoever_watches(vault: Vault) -> None:
    vault.keep(wal_only=True)
    assert json.loads(vault.state.read_text()) == {"at": "2026-11-25T22:10:00+00:00", "problem": ""}


def test_the_vault_keeps_longer_than_the_repository_in_any_case(vault: Vault) -> None:
    assert vault.days(stanza(full(50.5), full())) == 52
    assert vault.days(stanza(full(3), full())) == 30


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
    made.own.renew_list()
    assert "--config=/etc/vault.conf" in runner.calls[0]
    assert runner.options[0]["user"] == "root"
    for wrong in ({}, {**settings, "user": "nobody-of-this-name"}, {**settings, "retention_days": "long"}):
        with pytest.raises(VaultError, match="the settings of the vault are incomplete"):
            vault_of(wrong, runner, NOW + timedelta())
