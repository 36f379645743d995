"""A restore in place: a copy of the old data comes first, unless somebody has agreed to lose it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.command import CommandError, run
from ansible_collections.traumalink.ops.plugins.module_utils.restore_in_place import InPlace, copy_aside, size_bytes
from restore_host_samples import Killed, found

DATA = Path("/data/pg")


@pytest.mark.parametrize(
    ("agreed", "keeps"),
    [
        ("", True),
        ("yes", True),
        ("write over", True),
        ("write over /data", True),
        ("write over /data/pg/", True),
        ("WRITE OVER /data/pg", True),
        ("write over /data/pg", False),
        (" write over /data/pg\n", False),
    ],
)
def test_a_copy_is_kept_unless_the_very_words_agree_to_lose_it(agreed: str, keeps: bool) -> None:
    assert InPlace(agreed).keeps(DATA) is keeps
    assert InPlace(agreed).words(DATA) == "write over /data/pg"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Give a folder with files, an empty one and a link in it."""
    data = tmp_path / "main"
    (data / "base" / "1").mkdir(parents=True)
    (data / "pg_wal").mkdir()
    (data / "PG_VERSION").write_text("15\n")
    (data / "base" / "1" / "16401").write_bytes(b"x" * 5000)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "16402").write_bytes(b"y" * 70000)
    (data / "link").symlink_to(tmp_path / "elsewhere")
    return data


def test_the_size_is_that_of_the_files_and_of_nothing_that_links_lead_to(data: Path, tmp_path: Path) -> None:
    assert size_bytes(data) == 5003
    assert size_bytes(data / "pg_wal") == size_bytes(tmp_path / "nowhere") == 0


def test_a_copy_is_whole_and_leaves_the_folder_as_it_was(data: Path) -> None:
    (data / "PG_VERSION").chmod(0o640)
    before, copy = found(data), data.with_name("main.before-restore-x")
    copy_aside(run, data, copy)
    assert found(copy) == found(data) == before
    assert (copy / "PG_VERSION").stat().st_mode & 0o777 == 0o640
    assert (copy / "link").readlink() == (data / "link").readlink()
    assert sorted(path.name for path in data.parent.iterdir()) == ["elsewhere", "main", copy.name]


def test_a_copy_shares_blocks_where_the_file_system_can(data: Path, runner: Any) -> None:
    begun = data.with_name(".main.copying")
    runner.on("cp", then=lambda: shutil.copytree(data, begun, symlinks=True))
    copy_aside(runner, data, data.with_name("copy"))
    assert runner.calls == [["cp", "--archive", "--reflink=auto", "--no-target-directory", str(data), str(begun)]]


def test_what_was_cut_off_never_has_the_copy_s_name_and_is_made_anew(data: Path, runner: Any) -> None:
    begun, copy = data.with_name(".main.copying"), data.with_name("copy")

    def cut_off() -> None:
        begun.mkdir()
        (begun / "half").touch()
        raise Killed

    runner.on("cp", then=cut_off)
    with pytest.raises(Killed):
        copy_aside(runner, data, copy)
    assert not copy.exists()
    copy_aside(run, data, copy)
    assert found(copy) == found(data)
    assert not begun.exists()


def test_a_copy_that_fails_says_so_and_has_no_name(data: Path, runner: Any) -> None:
    copy = data.with_name("copy")
    runner.on("cp", err="cp: No space left on device\n", status=1)
    with pytest.raises(CommandError, match=rf"^copying {data} to {copy} failed: cp .*: cp: No space left on device$"):
        copy_aside(runner, data, copy)
    assert not copy.exists()
    assert (data / "PG_VERSION").exists()
