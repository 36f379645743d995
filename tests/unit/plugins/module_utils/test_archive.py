"""Hostile and damaged archives: each kind is refused by name, before anything is written."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.archive import (
    ArchiveError,
    Limits,
    inspect,
    is_cut_short,
    unpack,
)

Build = Callable[..., io.BytesIO]


def refusal(archive: io.BytesIO, limits: Limits | None = None) -> str:
    """Return why an archive is refused; the test fails when it is not."""
    with pytest.raises(ArchiveError) as caught:
        inspect(archive, "it.tar.gz", limits)
    assert "Nothing of it was unpacked" in str(caught.value)
    return str(caught.value)


def test_passes_and_unpacks_what_packing_writes(build: Build, member: Any, tmp_path: Path) -> None:
    archive = build(member("a/b.txt", b"hello"), member("run", b"#!", mode=0o755), member("文档/" + "长" * 60, b"x"))
    assert inspect(archive, "it").archive_name == "trauma-1.2.0"
    folder = tmp_path / "out"
    folder.mkdir()
    unpack(archive, "it", folder)
    assert (folder / "a/b.txt").read_bytes() == b"hello"
    modes = {name: (folder / name).stat().st_mode & 0o7777 for name in ("release.yml", "a/b.txt", "run", "a")}
    assert modes == {"release.yml": 0o444, "a/b.txt": 0o444, "run": 0o555, "a": 0o555}
    assert (folder / "文档" / ("长" * 60)).exists()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/etc/cron.d/evil", "is absolute"),
        ("raw:../evil", "`..` component"),
        ("x/../../evil", "`..` component"),
        ("raw:trauma-1.2.0/./a", "`.`"),
        ("raw:trauma-1.2.0/a\nb", "control character"),
        ("raw:trauma-1.2.0/a\\b", "backslash"),
        ("raw:elsewhere/a", "not named in the manifest"),
    ],
)
def test_refuses_paths_out_of_the_release(build: Build, member: Any, name: str, reason: str) -> None:
    good = {"path": "a", "sha256": "0" * 64, "size_bytes": 1}
    assert reason in refusal(build(member(name, b"x"), files=[good]))


@pytest.mark.parametrize("path", ["/etc/passwd", "../a", "a//b"])
def test_refuses_such_paths_in_the_manifest_as_well(build: Build, member: Any, path: str) -> None:
    entry = {"path": path, "sha256": "0" * 64, "size_bytes": 1}
    assert "files[0].path" in refusal(build(member("a", b"x"), files=[entry]))


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (tarfile.SYMTYPE, "a symbolic link"),
        (tarfile.LNKTYPE, "a hard link"),
        (tarfile.CHRTYPE, "a character device"),
        (tarfile.BLKTYPE, "a block device"),
        (tarfile.FIFOTYPE, "a named pipe"),
        (tarfile.DIRTYPE, "a folder entry"),
        (tarfile.CONTTYPE, "not a plain file"),
        (tarfile.GNUTYPE_SPARSE, ""),
    ],
)
def test_refuses_everything_but_plain_files(build: Build, member: Any, kind: bytes, reason: str) -> None:
    good = {"path": "a", "sha256": "0" * 64, "size_bytes": 1}
    assert reason in refusal(build(member("a", kind=kind, link="/etc/shadow"), files=[good]))


@pytest.mark.parametrize("mode", [0o4755, 0o2755, 0o1644])
def test_refuses_special_mode_bits(build: Build, member: Any, mode: int) -> None:
    assert "set-uid, set-gid or sticky" in refusal(build(member("a", b"x", mode=mode)))


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ("a", "a", "twice"),
        ("README", "readme", "differ only in case"),
        ("Docs/a", "docs/b", "differ only in case"),
        ("caf\u00e9", "cafe\u0301", "Unicode normalization"),
        ("straße", "STRASSE", "differ only in case"),
        ("\ufb01le", "file", "Unicode normalization"),
        ("a", "a/b", "both a file and a folder"),
        ("a/b", "a", "both a file and a folder"),
        ("RELEASE.yml", "b", "differ only in case"),
        ("release.yml", "b", "twice"),
    ],
)
def test_refuses_paths_that_collide(build: Build, member: Any, one: str, other: str, reason: str) -> None:
    assert reason in refusal(build(member(one, b"x"), member(other, b"x")))


def test_refuses_a_file_that_stands_twice_in_the_archive_only(build: Build, member: Any) -> None:
    twin = member("a", b"x")
    archive = build(twin, twin, files=[{"path": "a", "sha256": hashlib.sha256(b"x").hexdigest(), "size_bytes": 1}])
    assert "trauma-1.2.0/a is in it twice" in refusal(archive)


def test_refuses_what_does_not_fit_the_manifest(build: Build, member: Any) -> None:
    entry = {"path": "a", "sha256": "0" * 64, "size_bytes": 1}
    assert "SHA-256 of trauma-1.2.0/a" in refusal(build(member("a", b"x"), files=[entry]))
    assert "has 2 bytes, the manifest says 1" in refusal(build(member("a", b"xy"), files=[entry]))
    assert "1 files of the manifest are missing, the first is trauma-1.2.0/a" in refusal(build(files=[entry]))
    assert "b is not named in the manifest" in refusal(build(member("b", b"x"), files=[entry]))
    documents = [{"kind": "interface", "language": "zh", "path": "docs/none.md"}]
    assert "documents are missing: docs/none.md" in refusal(build(member("a", b"x"), documents=documents))


def test_refuses_an_archive_without_its_manifest_first(build: Build, member: Any) -> None:
    assert "begins with trauma-1.2.0/a instead of" in refusal(build(member("a", b"x"), first=False))
    assert "is not JSON" in refusal(build(member("release.yml", b"name: trauma"), first=False))
    assert "its folder is trauma-1.2.0, but its manifest says trauma-9.9.9" in refusal(
        build(member("a", b"x"), version="9.9.9")
    )
    assert "it is empty" in refusal(build(first=False))


def test_refuses_a_release_over_the_limits(build: Build, member: Any) -> None:
    archive = build(member("a", b"x" * 100), member("b", b"x" * 100))
    assert inspect(archive, "it", Limits(size_bytes=200, files=2)).files
    assert "more than the limit of 199" in refusal(archive, Limits(size_bytes=199, files=2))
    assert "more than the limit of 1" in refusal(archive, Limits(size_bytes=200, files=1))


def test_a_bomb_ends_at_the_limit(build: Build, member: Any) -> None:
    limits = Limits(size_bytes=1024 * 1024, files=1)
    zeros = bytes(64 * 1024 * 1024)
    lie = {"path": "a", "sha256": "0" * 64, "size_bytes": 10}
    assert "the manifest says 10" in refusal(build(member("a", zeros), files=[lie]), limits)
    assert "has 67108864 bytes" in refusal(build(member("release.yml", zeros), first=False), limits)
    # A long-name header as large as the bomb, which tarfile would read into memory at once.
    assert "unpacks to more than the limit" in refusal(
        build(member("a", zeros, kind=tarfile.GNUTYPE_LONGNAME), files=[lie]), limits
    )


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.6, 0.99])
def test_tells_an_archive_that_is_cut_short(build: Build, member: Any, kept: float) -> None:
    whole = build(member("a", bytes(range(256)) * 4000)).getvalue()
    cut = io.BytesIO(whole[: int(len(whole) * kept)])
    assert is_cut_short(cut)
    assert not is_cut_short(io.BytesIO(whole))
    assert refusal(cut)


@pytest.mark.parametrize("data", [b"no archive at all", b"\x1f\x8b\x08" + b"\xff" * 50, b"\0" * 2000])
def test_refuses_what_is_no_archive(data: bytes) -> None:
    assert refusal(io.BytesIO(data))
    assert not is_cut_short(io.BytesIO(b"no archive at all"))


@pytest.mark.parametrize("place", range(20, 400, 37))
def test_a_flipped_byte_never_passes_as_another_release(build: Build, member: Any, place: int) -> None:
    data = bytearray(build(member("a", b"hello" * 50)).getvalue())
    data[place % len(data)] ^= 0x55
    refusal(io.BytesIO(bytes(data)))


def test_unpacking_looks_again(build: Build, member: Any, tmp_path: Path) -> None:
    entry = {"path": "a", "sha256": "0" * 64, "size_bytes": 1}
    with pytest.raises(ArchiveError, match="changed while it was unpacked"):
        unpack(build(member("a", b"x"), files=[entry]), "it", tmp_path)
