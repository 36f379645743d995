"""Copies in which nothing is written over."""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import vault_copy
from ansible_collections.traumalink.ops.plugins.module_utils.vault_copy import Copier, VaultError

NOW = datetime(2026, 11, 25, 22, tzinfo=UTC)


@pytest.fixture
def copier(tmp_path: Path) -> Copier:
    """Give two trees, the first with a segment of WAL and things that must not be copied."""
    folder = tmp_path / "repository" / "archive" / "lab" / "15-1" / "0000000100000000"
    folder.mkdir(parents=True)
    (folder / "000000010000000000000001-aa.zst").write_bytes(b"segment one")
    (folder / "000000010000000000000002-bb.zst.pgbackrest.tmp").write_bytes(b"half a seg")
    (folder / "latest").symlink_to("nowhere")
    (tmp_path / "repository" / "archive" / "lab" / "archive.info").write_bytes(b"changes")
    return Copier(tmp_path / "repository", tmp_path / "vault", tmp_path / "vault" / "versions")


def segment(root: Path) -> Path:
    return root / "archive" / "lab" / "15-1" / "0000000100000000" / "000000010000000000000001-aa.zst"


def test_finished_files_are_copied_with_their_time_and_others_are_not(copier: Copier) -> None:
    copier.folder("archive/lab", compare=True)
    copied = [path for path in copier.target.rglob("*") if not path.is_dir()]
    assert copied == [segment(copier.target)]
    assert copied[0].read_bytes() == b"segment one"
    assert copied[0].stat().st_mtime_ns == segment(copier.source).stat().st_mtime_ns
    assert copied[0].stat().st_mode & 0o777 == 0o640
    assert copied[0].parent.stat().st_mode & 0o7777 == 0o2750
    assert (copier.tally.files, copier.tally.bytes) == (1, 11)


def test_what_is_there_is_not_copied_again(copier: Copier) -> None:
    copier.folder("archive/lab", compare=True)
    before = segment(copier.target).stat().st_ino
    os.utime(segment(copier.source))  # touched, with the same content
    copier.folder("archive/lab", compare=True)
    assert (copier.tally.files, copier.changed) == (1, [])
    assert segment(copier.target).stat().st_ino == before


@pytest.mark.parametrize("text", [b"segment onE", b"segment one and more", b""])
def test_a_changed_file_is_an_alarm_and_its_copy_stays(copier: Copier, text: bytes) -> None:
    copier.folder("archive/lab", compare=True)
    segment(copier.source).write_bytes(text)
    os.utime(segment(copier.source), (1, 1))
    other = segment(copier.source).with_name("000000010000000000000009-cc.zst")
    other.write_bytes(b"segment nine")
    copier.folder("archive/lab", compare=True)
    assert copier.changed == [str(segment(copier.source))]
    assert segment(copier.target).read_bytes() == b"segment one"
    assert segment(copier.target).with_name(other.name).exists(), (
        "one changed file does not keep others from being copied"
    )


def test_without_comparison_a_name_that_is_there_is_enough(copier: Copier) -> None:
    copier.folder("archive/lab", compare=True)
    segment(copier.source).write_bytes(b"other")
    copier.folder("archive/lab", compare=False)
    assert copier.changed == []


def test_a_file_that_is_removed_meanwhile_is_no_error(copier: Copier) -> None:
    copier.file("archive/lab/gone", compare=True)
    assert copier.tally.files == 0


def test_a_full_vault_is_told_with_both_paths(copier: Copier, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_given: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(vault_copy.shutil, "copyfileobj", full)
    with pytest.raises(VaultError, match=f"{segment(copier.source)} cannot be copied to .*: No space left on device"):
        copier.folder("archive/lab", compare=True)
    assert not segment(copier.target).exists(), "half a file never has its name"


def test_half_a_copy_of_a_killed_run_is_made_anew(copier: Copier) -> None:
    left = segment(copier.target).with_name(f".{segment(copier.target).name}.pgbackrest.tmp")
    left.parent.mkdir(parents=True)
    left.write_bytes(b"seg")
    copier.folder("archive/lab", compare=True)
    assert segment(copier.target).read_bytes() == b"segment one"
    assert not left.exists()


def test_a_file_system_without_links_will_do(copier: Copier, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_given: Any) -> None:
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr(vault_copy.os, "link", link)
    copier.folder("archive/lab", compare=True)
    assert segment(copier.target).read_bytes() == b"segment one"


def test_a_name_that_somebody_else_gives_meanwhile_is_not_taken(
    copier: Copier, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(*_given: Any) -> None:
        raise OSError(errno.EEXIST, "File exists")

    monkeypatch.setattr(vault_copy.os, "link", link)
    with pytest.raises(VaultError, match="another copy runs"):
        copier.folder("archive/lab", compare=True)


def test_earlier_versions_of_a_changing_file_stay_for_their_days_however_many_there_are(copier: Copier) -> None:
    info = copier.source / "archive" / "lab" / "archive.info"
    for number in range(90):
        info.write_text(f"version {number}")
        assert copier.changing("archive/lab/archive.info", NOW + timedelta(minutes=number))
        assert not copier.changing("archive/lab/archive.info", NOW + timedelta(hours=9)), "nothing is new"
    assert (copier.target / "archive" / "lab" / "archive.info").read_text() == "version 89"
    assert {path.read_text() for path in copier.versions.iterdir()} == {f"version {number}" for number in range(89)}
    info.write_text("much later")
    copier.changing("archive/lab/archive.info", NOW + timedelta(days=30, minutes=60))
    assert {path.read_text() for path in copier.versions.iterdir()} == {f"version {number}" for number in range(59, 90)}
    assert not copier.changing("archive/lab/backup.info", NOW), "what is not there is not copied"


def test_a_second_content_of_a_segment_does_not_come_beside_the_first(copier: Copier) -> None:
    copier.folder("archive/lab", compare=False)
    other = segment(copier.source).with_name("000000010000000000000001-ff.zst")
    other.write_bytes(b"forged")
    copier.folder("archive/lab", compare=False)
    assert copier.changed == [str(other)]
    assert not segment(copier.target).with_name(other.name).exists()


def test_a_folder_that_cannot_be_read_is_an_error_and_no_empty_folder(
    copier: Copier, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.scandir

    def scandir(path: Any) -> Any:
        if str(path).endswith("0000000100000000"):
            raise OSError(errno.EIO, "Input/output error", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(VaultError, match=r"0000000100000000 cannot be read: Input/output error"):
        copier.folder("archive/lab", compare=False)
