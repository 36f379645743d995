"""Which repository the vault is a copy of, and which sets it lists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest_failure import BackupError
from ansible_collections.traumalink.ops.plugins.module_utils.vault_copy import Copier, VaultError
from ansible_collections.traumalink.ops.plugins.module_utils.vault_list import Identity, VaultList, parse_identity
from backup_samples import NOW, SYSTEM
from vault_engine import TWO, Engine, info_text, lay_infos, lay_set

FULL, NEXT = "20261101-010000F", "20261108-010000F"


@pytest.fixture
def lists(tmp_path: Path) -> VaultList:
    """Give the list of a vault that holds one set."""
    repository, place = tmp_path / "repository", tmp_path / "vault"
    lay_infos(repository, sets={FULL: 5})
    lay_infos(place, sets={FULL: 5})
    lay_set(place, FULL, 5)
    own: Any = Engine(place)
    return VaultList(own, Copier(repository, place, place / "versions"), NOW)


def test_both_kinds_of_information_file_say_which_repository_it_is() -> None:
    wanted = Identity("key", {1: (SYSTEM, "15"), 2: (4711, "15")})
    assert parse_identity(info_text(TWO)) == wanted
    assert parse_identity(info_text(TWO, {FULL: 5})) == wanted


@pytest.mark.parametrize("text", ["", "noise", "[db:history]\n1={}\n", "[db:history]\nx={}\n", "[db:history]\n1=[\n"])
def test_another_text_is_an_error(text: str) -> None:
    with pytest.raises(VaultError, match="an information file"):
        parse_identity(text)


@pytest.mark.parametrize(
    ("other", "lost"),
    [
        (Identity("k", {1: (7, "15"), 2: (8, "17")}), ""),
        (Identity("k", {2: (7, "15")}), "it does not name database 1 (system identifier 7)"),
        (Identity("k", {1: (7, "17")}), "it does not name database 1 (system identifier 7)"),
        (Identity("z", {1: (7, "15")}), "its key is another, with which nothing in the vault can be read"),
    ],
)
def test_a_later_database_may_come_and_nothing_else_may_change(other: Identity, lost: str) -> None:
    assert Identity("k", {1: (7, "15")}).lost_in(other) == lost


def test_a_database_that_came_later_is_noticed(lists: VaultList) -> None:
    assert lists.require_same("backup") is False
    lay_infos(lists.copier.source, TWO)
    assert lists.require_same("backup") is True


def test_a_set_that_was_listed_stays_as_it_was_listed(lists: VaultList) -> None:
    # Whoever rewrote the list says that this set begins later, so that WAL before it would go.
    lay_infos(lists.copier.source, TWO, {FULL: 900})
    with pytest.raises(VaultError, match=f"in a new one {FULL} would be missing, or another set"):
        lists.renew([FULL], grown=True)
    assert [backup.wal_start[-1] for backup in lists.held()] == ["5"]


def test_the_engine_lists_beside_the_vault_and_removes_nothing_in_it(lists: VaultList) -> None:
    lay_set(lists.copier.target, NEXT, 9, system=13)
    assert lists.renew([FULL, NEXT]) == [NEXT]
    assert lists.own.removed == [NEXT], "the engine removes what it cannot list"  # type: ignore[attr-defined]
    assert (lists.copier.target / "backup/lab" / NEXT / "backup.manifest").exists()


def test_a_list_that_the_engine_cannot_make_leaves_the_one_that_is_there(
    lists: VaultList, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_self: Engine) -> None:
        raise BackupError("unable to load backup manifest file")

    monkeypatch.setattr(Engine, "renew_list", fails)
    with pytest.raises(VaultError, match=r"keeps the list .* unable to load backup manifest file\. Find out who"):
        lists.renew([FULL])
    assert [backup.label for backup in lists.held()] == [FULL]


def test_a_set_that_is_to_go_is_not_listed(lists: VaultList) -> None:
    assert lists.renew([FULL], leave=[FULL]) == []
    assert lists.held() == ()
    assert list(lists.copier.versions.glob("backup.info.2*")), "the list before is kept"
