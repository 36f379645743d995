"""The filter `file_sha256`, as Ansible calls it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ansible_collections.traumalink.ops.plugins.filter.file_sha256 import FilterModule

FILTER = FilterModule().filters()["file_sha256"]


def test_gives_the_sum_of_the_file(tmp_path: Path) -> None:
    archive = tmp_path / "trauma-1.0.0.tar.gz"
    archive.write_bytes(b"\x00archive" * 300000)
    assert FILTER(str(archive)) == hashlib.sha256(archive.read_bytes()).hexdigest()


def test_is_empty_where_there_is_no_file(tmp_path: Path) -> None:
    assert FILTER("") == ""
    assert FILTER(str(tmp_path / "missing.tar.gz")) == ""
    assert FILTER(str(tmp_path)) == ""
