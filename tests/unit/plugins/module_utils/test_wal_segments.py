"""Segments of another size than the one with which positions are computed are refused by name, before anything is changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.wal_segments import segment_bytes, segment_problem

MEBIBYTE = 1024 * 1024


def lay(folder: Path, **sizes: int) -> Path:
    """Lay files of these sizes into the data directory's WAL; return the data directory."""
    (folder / "pg_wal" / "archive_status").mkdir(parents=True)
    for name, size in sizes.items():
        with (folder / "pg_wal" / name).open("wb") as stream:
            stream.truncate(size)
    return folder


def test_the_size_is_that_of_a_whole_segment(tmp_path: Path) -> None:
    named = {"000000010000000000000003": 64 * MEBIBYTE, "00000002.history": 41, "xlogtemp.4711": 8192}
    assert segment_bytes(lay(tmp_path, **named, **{"000000010000000000000003.00000028.backup": 300})) == 64 * MEBIBYTE


@pytest.mark.parametrize("sizes", [{}, {"000000010000000000000003": 16 * MEBIBYTE}])
def test_the_default_and_no_segment_at_all_are_no_problem(tmp_path: Path, sizes: dict[str, int]) -> None:
    assert segment_problem(lay(tmp_path, **sizes)) == ""
    assert segment_problem(tmp_path / "absent") == ""


@pytest.mark.parametrize("mebibytes", [1, 64, 1024])
def test_another_size_is_refused_with_what_to_do(tmp_path: Path, mebibytes: int) -> None:
    said = segment_problem(lay(tmp_path, **{"000000010000000000000003": mebibytes * MEBIBYTE}))
    assert f"(wal_segment_size) are {mebibytes} MiB; only 16 MiB" in said
    assert f"pg_resetwal --wal-segsize=16 -D {tmp_path}" in said
    assert said.endswith("Nothing was changed.")
