"""What a restore that failed has left, in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.restore_left import left_words
from ansible_collections.traumalink.ops.plugins.module_utils.restore_target import RestoreTarget

KEPT = "main.before-restore-20261129T030000Z"


@pytest.fixture
def target(tmp_path: Path) -> RestoreTarget:
    """Give a place without data."""
    return RestoreTarget(tmp_path / "main")


def lay(target: RestoreTarget, *files: str, marked: str | None = None) -> None:
    """Lay files into the data directory, and the mark of a restore beside it."""
    for file in files:
        path = target.data_directory / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    if marked is not None:
        target.marker.write_text(f"{target.identity}\n--set=x\n{marked}", encoding="utf-8")


def test_nothing_where_no_data_was_moved(target: RestoreTarget) -> None:
    assert left_words(target) == "", "an empty host"
    lay(target, "PG_VERSION")
    assert left_words(target) == ""
    target.data_directory.with_name(KEPT).mkdir()
    assert left_words(target) == "", "old data of an earlier restore says nothing of this one"


@pytest.mark.parametrize(
    ("files", "marked", "said"),
    [
        (["backup.manifest"], "", "half a database, and the application stays stopped; the old data lies in {kept}. Run the same restore again"),
        (["PG_VERSION", "recovery.signal"], "laid down", "its WAL is not replayed to the end, and the application stays stopped; the old data"),
        (["PG_VERSION", "global/pg_control"], "laid down", "takes writes, but nobody has seen"),
        ([], None, "holds no database, and the application stays stopped; the old data lies in {kept}"),
    ],
)  # fmt: skip
def test_where_the_old_data_lies_and_what_is_to_be_done(
    target: RestoreTarget, files: list[str], marked: str | None, said: str
) -> None:
    lay(target, *files, marked=marked)
    kept = target.data_directory.with_name(KEPT)
    kept.mkdir()
    target.data_directory.with_name("main.before-restore-20251129T030000Z").mkdir()
    assert said.format(kept=kept) in left_words(target)
    assert str(kept) in left_words(target)


def test_says_no_place_where_nothing_was_there_before(target: RestoreTarget) -> None:
    lay(target, "backup.manifest", marked="")
    assert "the old data" not in left_words(target)
