"""The folder of a release: disk full, leftovers, and files that somebody changed."""

from __future__ import annotations

import errno
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import packing, release_folder
from ansible_collections.traumalink.ops.plugins.module_utils.archive import inspect
from ansible_collections.traumalink.ops.plugins.module_utils.release_folder import (
    ReleaseError,
    digest_of,
    is_whole,
    lay_down,
)

Lay = Callable[[], Path]
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def lay(signed_archive: packing.Packed, tmp_path: Path) -> Lay:
    """Give a function that lays the release down; a slot points to it where the test made that link."""

    def now() -> Path:
        with signed_archive.archive.open("rb") as data:
            lay_down(tmp_path / "releases", [tmp_path / "slot"], data, "it.tar.gz", inspect(data, "it"))
        return tmp_path / "releases/1.2.0"

    return now


def test_says_that_the_disk_lacks_room_before_it_unpacks(
    lay: Lay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release_folder.shutil, "disk_usage", lambda _path: Usage(10**12, 10**12, 5 * 1024**2))
    with pytest.raises(ReleaseError, match=r"where 5 MiB are free. Make room and run again"):
        lay()
    assert list((tmp_path / "releases").iterdir()) == []


@pytest.mark.parametrize(("number", "said"), [(errno.ENOSPC, "the disk is full"), (errno.EIO, "Input/output error")])
def test_a_failing_disk_leaves_nothing_behind(
    lay: Lay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, said: str
) -> None:
    def fail(_data: object, _what: str, directory: Path, _limits: object) -> None:
        (directory / "half").write_bytes(b"x")
        (directory / "inner").mkdir(mode=0o555)
        raise OSError(number, "Input/output error")

    monkeypatch.setattr(release_folder, "unpack", fail)
    with pytest.raises(ReleaseError, match=f"{said}. What was written is removed"):
        lay()
    assert list((tmp_path / "releases").iterdir()) == []


def test_keeps_what_a_killed_run_had_unpacked_whole(lay: Lay) -> None:
    node = lay().stat().st_ino
    assert lay().stat().st_ino == node


def spoil(folder: Path) -> None:
    (folder / "app/main.py").chmod(0o644)
    (folder / "app/main.py").write_bytes(b"spoilt")


def add(folder: Path) -> None:
    folder.chmod(0o755)
    (folder / "more").write_bytes(b"x")


def link(folder: Path) -> None:
    (folder / "app").chmod(0o755)
    (folder / "app/main.py").rename(folder.parent / "moved")
    (folder / "app/main.py").symlink_to(folder.parent / "moved")


@pytest.mark.parametrize("change", [spoil, add, link])
def test_replaces_what_nobody_uses_and_refuses_what_a_slot_uses(
    lay: Lay, tmp_path: Path, signed_archive: packing.Packed, change: Callable[[Path], None]
) -> None:
    with signed_archive.archive.open("rb") as data:
        manifest = inspect(data, "it")
    change(lay())
    assert not is_whole(tmp_path / "releases/1.2.0", manifest)
    assert is_whole(lay(), manifest)
    change(lay())
    (tmp_path / "slot").symlink_to("releases/1.2.0")
    with pytest.raises(ReleaseError, match=r"is in a slot and its files are not those of it.tar.gz"):
        lay()


def test_digest_reads_from_the_start(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"hello")
    with path.open("rb") as data:
        data.read(3)
        assert digest_of(data) == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
