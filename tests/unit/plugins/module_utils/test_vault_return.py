"""A new repository begins with what the vault holds, and only a new one does."""

from __future__ import annotations

import os
import pwd
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.vault_copy import VaultError
from ansible_collections.traumalink.ops.plugins.module_utils.vault_return import Return, return_of

ME = pwd.getpwuid(os.geteuid()).pw_name
FILES = {
    "archive/lab/archive.info": "a", "archive/lab/archive.info.copy": "a", "archive/lab/15-1/0000/seg": "wal",
    "backup/lab/backup.info": "b", "backup/lab/backup.info.copy": "b", "backup/lab/SET/backup.manifest": "m", "backup/lab/SET/bundle/1": "data",
}  # fmt: skip


def lay(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def held(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def way(tmp_path: Path) -> Return:
    """Give the way from a vault, with an older version of a file in it, into an empty repository."""
    lay(tmp_path / "vault", {**FILES, "versions/backup.info.20261101": "old", "archive/other/archive.info": "x"})
    (tmp_path / "repository").mkdir()
    return Return(
        "lab",
        tmp_path / "vault",
        tmp_path / "repository",
        ME,
        datetime(2026, 11, 29, tzinfo=UTC),
        apart=lambda _one, _other: True,
    )


def test_an_empty_repository_gets_all_of_its_stanza(way: Return) -> None:
    owned: list[str] = []
    copied = replace(way, own=lambda path, _user, _group: owned.append(str(path.relative_to(way.repository)))).run()
    assert held(way.repository) == FILES
    assert (copied.files, copied.bytes) == (7, 12)
    assert {"archive", "backup", "backup/lab", *FILES} <= set(owned)
    assert way.run().files == 0, "from then on the repository is the first"


@pytest.mark.parametrize("known", ["archive/lab/archive.info", "backup/lab/backup.info"])
def test_a_repository_that_knows_the_stanza_is_left_alone(way: Return, known: str) -> None:
    lay(way.repository, {known: "own"})
    assert not way.due
    assert way.run().files == 0
    assert held(way.repository) == {known: "own"}


def test_without_its_mount_no_repository_is_begun(way: Return) -> None:
    with pytest.raises(VaultError, match="the vault is not mounted at"):
        replace(way, apart=lambda _one, _other: False).run()
    with pytest.raises(VaultError, match="the vault is not mounted at"):
        replace(way, place=way.place / "none").run()
    lay(way.repository, {"archive/lab/archive.info": "own"})
    assert replace(way, apart=lambda _one, _other: False).run().files == 0, "one that is there needs no vault to go on"


def test_half_a_vault_is_none(way: Return) -> None:
    (way.place / "backup/lab/backup.info").unlink()
    assert way.run().files == 0


def test_a_run_that_was_cut_off_is_completed(way: Return) -> None:
    lay(way.repository, {"backup/lab/SET/bundle/1": "data", "backup/lab/SET/.bundle.traumalink": "ha"})
    assert way.run().files == 6
    assert held(way.repository).items() >= FILES.items()


def test_what_lies_there_and_differs_is_not_mixed_with_it(way: Return) -> None:
    lay(way.repository, {"backup/lab/SET/bundle/1": "other"})
    with pytest.raises(VaultError, match="differs from what lies in"):
        way.run()
    assert not (way.repository / "backup/lab/backup.info").exists()


def test_without_room_nothing_is_copied(way: Return) -> None:
    with pytest.raises(VaultError, match="mount a larger disk"):
        replace(way, free=lambda _path: 5).run()
    assert held(way.repository) == {}


def test_settings_say_where(tmp_path: Path) -> None:
    settings = {"stanza": "lab", "user": ME, "vault_path": str(tmp_path), "repository_path": "/r"}
    assert return_of(settings, datetime(2026, 1, 1, tzinfo=UTC)).place == tmp_path
    with pytest.raises(OpsError, match="incomplete: 'user'"):
        return_of({name: value for name, value in settings.items() if name != "user"}, datetime(2026, 1, 1, tzinfo=UTC))
