"""The changelogs inside a .deb file, which dpkg-deb builds here."""

from __future__ import annotations

import gzip
import subprocess
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.deb_file import DebFileError, changelogs

ENTRY = "sample ({version}) bookworm; urgency=medium\n\n  * {text}\n\n -- A <a@example.org>  Mon, 01 Jun 2026 10:00:00 +0200\n"


def built(folder: Path, documents: dict[str, bytes], link: str = "") -> Path:
    """Return a .deb file whose folder of documents holds these files, or is a link."""
    root = folder / "root"
    (root / "DEBIAN").mkdir(parents=True)
    control = "Package: sample\nVersion: 1.0-2\nArchitecture: all\nMaintainer: A <a@example.org>\nDescription: sample\n"
    (root / "DEBIAN/control").write_text(control, encoding="utf-8")
    place = root / "usr/share/doc/sample"
    place.parent.mkdir(parents=True)
    if link:
        place.symlink_to(link)
    for name, content in documents.items():
        place.mkdir(exist_ok=True)
        (place / name).write_bytes(content)
    file = folder / "sample_1.0-2_all.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", root, file], check=True, capture_output=True)
    return file


def test_the_rebuilds_changelog_comes_before_the_sources(tmp_path: Path) -> None:
    source, rebuild = ENTRY.format(version="1.0-2", text="source"), ENTRY.format(version="1.0-2+b1", text="rebuild")
    file = built(
        tmp_path,
        {
            "changelog.Debian.gz": gzip.compress(source.encode()),
            "changelog.Debian.amd64.gz": gzip.compress(rebuild.encode()),
        },
    )
    assert changelogs(file) == [rebuild, source]


def test_a_native_package_has_it_under_the_plain_name_and_an_upstreams_is_left_out(tmp_path: Path) -> None:
    text = ENTRY.format(version="1.0-2", text="native")
    assert changelogs(built(tmp_path / "native", {"changelog": text.encode(), "copyright": b"x"})) == [text]
    assert (
        changelogs(built(tmp_path / "upstream", {"changelog.gz": gzip.compress(b"2026-01-01  A\n\n\t* fix\n")})) == []
    )


def test_a_folder_that_is_a_link_to_another_packages_has_none(tmp_path: Path) -> None:
    assert changelogs(built(tmp_path, {}, link="other")) == []


def test_a_file_that_is_cut_short_is_named(tmp_path: Path) -> None:
    file = built(tmp_path, {"changelog": ENTRY.format(version="1", text="x" * 100_000).encode()})
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(DebFileError, match=r"sample_1.0-2_all.deb cannot be read: .*; remove it and run again"):
        changelogs(file)
