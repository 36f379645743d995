"""Paths whose files are backed up: what restic would leave out without a word is refused by its name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.file_paths import (
    MOUNTS,
    PathsError,
    mount_points,
    regular_files,
    see_paths,
)

LINE = "36 35 98:0 / {} rw,noatime master:1 - ext4 /dev/root rw\n"


@pytest.fixture
def uploads(tmp_path: Path) -> Path:
    """Give a folder with two files and a link, and beside it a list of mounts without any."""
    folder = tmp_path.resolve() / "srv" / "uploads"
    (folder / "2026").mkdir(parents=True)
    (folder / "a").write_text("1234")
    (folder / "2026" / "b").write_text("12345")
    (folder / "link").symlink_to("a")
    mounted(folder)
    return folder


def mounted(folder: Path, *points: object) -> Path:
    """Write a list of mounts, with the blanks of names as the kernel writes them."""
    listed = folder.parent / "mountinfo"
    listed.write_text("".join(LINE.format(str(point).replace(" ", "\\040")) for point in ("/", *points)))
    return listed


def test_files_are_counted_by_path(uploads: Path) -> None:
    assert regular_files(uploads) == (2, 9)
    assert regular_files(uploads / "a") == (1, 4)
    paths = [str(uploads), str(uploads / "2026")]
    assert see_paths(paths, "app1", mounted(uploads)) == {paths[0]: 2, paths[1]: 1}


def test_a_missing_path_is_named(uploads: Path) -> None:
    with pytest.raises(
        PathsError, match=r"^/nowhere is not there: see file_backup_paths of app1\. Nothing was backed up"
    ):
        see_paths([str(uploads), "/nowhere"], "app1", mounted(uploads))


def test_a_link_is_refused_with_what_it_leads_to(uploads: Path) -> None:
    (uploads.parent / "old").symlink_to(uploads)
    for path, real in ((uploads.parent / "old", uploads), (uploads.parent / "old" / "2026", uploads / "2026")):
        with pytest.raises(PathsError, match=f"{path} is a symbolic link, or lies below one; name {real} instead"):
            see_paths([str(path)], "app1", mounted(uploads))


def test_another_file_system_below_a_path_is_refused_unless_it_is_named_itself(uploads: Path) -> None:
    nas, beside = uploads / "NAS of 2026", uploads.parent / "uploads of others"
    nas.mkdir()
    (nas / "c").write_text("c")
    listed = mounted(uploads, nas, beside)
    with pytest.raises(PathsError, match=f"^{nas} is another file system below {uploads}; name it as well"):
        see_paths([str(uploads)], "app1", listed)
    assert see_paths([str(uploads), str(nas)], "app1", listed) == {str(uploads): 3, str(nas): 1}
    assert see_paths([str(nas)], "app1", listed) == {str(nas): 1}, "a path may be a mount point itself"


def test_a_path_without_any_file_is_refused_since_its_disk_may_not_be_mounted(uploads: Path) -> None:
    empty = uploads.parent / "empty"
    (empty / "folder").mkdir(parents=True)
    os.mkfifo(empty / "pipe")
    with pytest.raises(PathsError, match=f"^{empty} of app1 holds no file. If its disk is not mounted, mount it; else"):
        see_paths([str(uploads), str(empty)], "app1", mounted(uploads))


def test_the_mounts_of_this_host_are_read() -> None:
    assert Path("/proc") in mount_points(MOUNTS.read_text(encoding="utf-8"))
