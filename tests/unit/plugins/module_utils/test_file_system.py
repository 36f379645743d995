"""What is free where a path lies, or would lie."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.file_system import free_bytes


@pytest.mark.parametrize("below", ["", "a", "a/b/c"])
def test_free_space_of_a_path_that_is_not_there_yet_is_that_of_its_file_system(tmp_path: Path, below: str) -> None:
    assert free_bytes(tmp_path / below) == pytest.approx(shutil.disk_usage(tmp_path).free, rel=0.1)
    assert list(tmp_path.iterdir()) == []
