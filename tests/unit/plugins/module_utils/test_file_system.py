"""Which file system a path lies on, or would lie on, and what is free there."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.file_system import file_system_of, free_bytes


@pytest.mark.parametrize("below", ["", "a", "a/b/c"])
def test_free_space_of_a_path_that_is_not_there_yet_is_that_of_its_file_system(tmp_path: Path, below: str) -> None:
    assert free_bytes(tmp_path / below) == pytest.approx(shutil.disk_usage(tmp_path).free, rel=0.1)
    assert list(tmp_path.iterdir()) == []


def test_paths_of_one_file_system_are_told_from_those_of_another(tmp_path: Path) -> None:
    here, below, elsewhere = map(file_system_of, (tmp_path, tmp_path / "a" / "b", Path("/proc/self")))
    assert (below.device, below.mount) == (here.device, here.mount)
    assert here.device != elsewhere.device
    assert elsewhere.mount == Path("/proc")


def test_the_mount_point_is_that_of_the_whole_file_system(tmp_path: Path) -> None:
    mount = file_system_of(tmp_path).mount
    assert tmp_path.is_relative_to(mount)
    assert os.path.ismount(mount)


@pytest.mark.parametrize("below", ["", "not/there"])
def test_a_link_counts_where_it_leads_to(tmp_path: Path, below: str) -> None:
    (tmp_path / "link").symlink_to("/proc/self/" + below)
    assert file_system_of(tmp_path / "link").mount == Path("/proc")
    assert file_system_of(tmp_path / "link" / "further").mount == Path("/proc")
