"""Packing: the same bytes from the same files, and a source directory that does not fit is refused with what to change."""

from __future__ import annotations

import io
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import archive, packing
from ansible_collections.traumalink.ops.plugins.module_utils.manifest import ManifestError
from ansible_collections.traumalink.ops.plugins.module_utils.packing import PackingError, pack, pack_and_sign, scan
from ansible_collections.traumalink.ops.plugins.module_utils.signature import SignatureError

Make = Callable[..., dict[str, Any]]
Keys = Callable[[str], Path]


def packed_bytes(source: Path, data: object) -> bytes:
    output = io.BytesIO()
    pack(source, data, output)
    return output.getvalue()


def test_the_same_files_give_the_same_bytes(source: Path, manifest: Make, tmp_path: Path) -> None:
    first = packed_bytes(source, manifest())
    copy = tmp_path / "elsewhere"
    shutil.copytree(source, copy)
    for path in sorted(copy.rglob("*")):
        os.utime(path, (1, 1))
        path.chmod(0o700 if path.is_dir() or path.name == "web" else 0o600)
    (copy / "app/__pycache__").mkdir()
    (copy / "app/__pycache__/main.pyc").write_bytes(b"x")
    (copy / "app/old.pyc").write_bytes(b"x")
    assert packed_bytes(copy, manifest()) == first
    (copy / "app/main.py").write_bytes(b"other")
    assert packed_bytes(copy, manifest()) != first


def test_the_manifest_names_every_file(source: Path, manifest: Make) -> None:
    read = archive.inspect(io.BytesIO(packed_bytes(source, manifest())), "it")
    assert [(file.path, file.executable) for file in read.files] == [
        ("app/main.py", False),
        ("bin/web", True),
        ("docs/update_notes.zh.md", False),
    ]


def link(source: Path) -> None:
    (source / "app/link").symlink_to("/etc/passwd")


def folder_link(source: Path) -> None:
    (source / "everything").symlink_to("/")


def pipe(source: Path) -> None:
    os.mkfifo(source / "pipe")


def listening(source: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(source / "s"))


def set_uid(source: Path) -> None:
    (source / "bin/web").chmod(0o4755)


def same_in_other_case(source: Path) -> None:
    (source / "app/MAIN.py").write_bytes(b"")


def line_break(source: Path) -> None:
    (source / "app/a\nb").write_bytes(b"")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (link, "app/link is a symbolic link"),
        (folder_link, "everything is a symbolic link"),
        (pipe, "pipe is neither a file nor a folder"),
        (listening, "s is neither a file nor a folder"),
        (set_uid, "bin/web has set-uid"),
        (same_in_other_case, "differ only in case"),
        (line_break, "control character"),
    ],
)
def test_refuses_what_no_release_may_hold(source: Path, change: Callable[[Path], None], reason: str) -> None:
    change(source)
    with pytest.raises(PackingError, match=reason):
        scan(source)


def test_names_everything_that_is_missing(source: Path, manifest: Make) -> None:
    data = manifest(
        documents=[{"kind": "interface", "language": "en", "path": "docs/none.md"}],
        processes=[{"name": "web", "command": ["bin/none"]}],
    )
    with pytest.raises(PackingError, match=r"lacks what its release.yml names: docs/none.md, bin/none"):
        packed_bytes(source, data)


def test_an_empty_source_is_no_release(tmp_path: Path, manifest: Make) -> None:
    with pytest.raises(PackingError, match="nothing to release"):
        packed_bytes(tmp_path, manifest())


def test_a_wrong_manifest_stops_before_anything_is_written(source: Path, tmp_path: Path, keys: Keys) -> None:
    with pytest.raises(ManifestError):
        pack_and_sign(source, {"name": "trauma"}, tmp_path / "out", keys("vendor"))
    assert not (tmp_path / "out").exists()


def test_packs_signs_and_leaves_alone_what_fits(source: Path, manifest: Make, tmp_path: Path, keys: Keys) -> None:
    destination = tmp_path / "new" / "folder"
    planned = pack_and_sign(source, manifest(), destination, keys("vendor"), check=True)
    assert planned.changed
    assert not destination.exists()
    first = pack_and_sign(source, manifest(), destination, keys("vendor"))
    assert (first.archive.name, first.signature.name) == ("trauma-1.2.0.tar.gz", "trauma-1.2.0.tar.gz.sig")
    assert first.changed
    assert first.sha256 == planned.sha256
    assert first.size_bytes == first.archive.stat().st_size
    assert not pack_and_sign(source, manifest(), destination, keys("vendor")).changed
    assert not pack_and_sign(source, manifest(), destination, keys("vendor").with_suffix(".pub")).changed
    assert sorted(path.name for path in destination.iterdir()) == [first.archive.name, first.signature.name]


def test_packs_again_what_does_not_fit(
    source: Path, manifest: Make, keys: Keys, signed_archive: packing.Packed
) -> None:
    destination = signed_archive.archive.parent
    signed_archive.signature.write_text("no signature")
    assert pack_and_sign(source, manifest(), destination, keys("vendor")).changed
    signed_archive.archive.write_bytes(b"no archive")
    assert pack_and_sign(source, manifest(), destination, keys("vendor")).changed
    assert pack_and_sign(source, manifest(), destination, keys("successor")).changed
    assert not pack_and_sign(source, manifest(), destination, keys("successor")).changed


def test_a_missing_key_is_named(source: Path, manifest: Make, tmp_path: Path) -> None:
    with pytest.raises(SignatureError, match=r"does not exist. Make one with: ssh-keygen"):
        pack_and_sign(source, manifest(), tmp_path / "out", tmp_path / "none")
