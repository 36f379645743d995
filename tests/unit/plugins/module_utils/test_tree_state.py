"""That nobody touched a tree of files: new files may come, those that were there stay as they were."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.tree_state import changes, look


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "archive" / "15-1").mkdir(parents=True)
    (tmp_path / "archive" / "15-1" / "segment").write_text("wal")
    (tmp_path / "backup.info").write_text("info")
    return tmp_path


def rewrite(tree: Path) -> None:
    (tree / "backup.info").write_text("INFO")
    os.utime(tree / "backup.info", ns=(1, 1))


def exchange(tree: Path) -> None:
    """Put another file of the same size and time in its place."""
    status = (tree / "backup.info").stat()
    (tree / "new").write_text("evil")
    os.utime(tree / "new", ns=(status.st_atime_ns, status.st_mtime_ns))
    (tree / "new").replace(tree / "backup.info")


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda tree: (tree / "archive/15-1/segment").unlink(), "archive/15-1/segment is gone"),
        (rewrite, "backup.info was changed"),
        (exchange, "backup.info was changed"),
        (lambda tree: (tree / "backup.info").open("a").write("x"), "backup.info was changed"),
    ],
    ids=["removed", "rewritten", "exchanged", "longer"],
)
def test_tells_what_became_of_a_file(tree: Path, harm: Callable[[Path], object], words: str) -> None:
    before = look(tree)
    harm(tree)
    assert changes(before, look(tree)) == [words]


def test_new_files_reading_and_what_is_being_written_change_nothing(tree: Path) -> None:
    (tree / "archive" / "15-1" / "next.pgbackrest.tmp").write_text("half")
    before = look(tree)
    assert set(before) == {"archive/15-1/segment", "backup.info"}
    (tree / "archive" / "15-1" / "next.pgbackrest.tmp").rename(tree / "archive" / "15-1" / "next")
    (tree / "backup.info").read_text()
    assert changes(before, look(tree)) == []


def test_follows_no_link(tree: Path) -> None:
    (tree / "latest").symlink_to(tree / "archive")
    assert set(look(tree)) == {"archive/15-1/segment", "backup.info"}


def test_a_tree_that_is_gone_has_lost_all(tree: Path) -> None:
    assert changes(look(tree), look(tree / "nowhere")) == ["archive/15-1/segment is gone", "backup.info is gone"]
