"""The making of a cluster: alone, and of what is unfinished nothing is lost."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import cluster_creation
from ansible_collections.traumalink.ops.plugins.module_utils.cluster_creation import (
    Creation,
    CreationError,
    running_creations,
)


@pytest.fixture
def creation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Creation:
    """Give the making of a cluster whose every path lies in the test's folder."""
    monkeypatch.setattr(cluster_creation, "SYSTEM_USER", pwd.getpwuid(os.geteuid()).pw_name)
    return Creation(tmp_path / "15" / "main", tmp_path / "etc" / "15" / "main")


def test_two_runs_never_make_one_cluster(creation: Creation) -> None:
    refusal = pytest.raises(CreationError, match=r"another run is at work in .*/15; wait until it has ended")
    with creation.held(), refusal, creation.held():
        pytest.fail("two runs had the place at once")
    with creation.held():
        pass


def test_what_a_killed_run_left_running_is_found_and_respected(
    creation: Creation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = creation.data_directory
    commands = {
        5: f"/usr/bin/perl\0-wT\0/usr/bin/pg_createcluster\0{15}\0main\0-d\0{data}\0",
        6: f"/usr/lib/postgresql/15/bin/initdb\0-D\0{data}\0",
        7: f"/usr/lib/postgresql/15/bin/initdb\0-D\0{data}2\0",
        8: f"/usr/bin/vim\0{data}\0",
        9: "",
        10: f"/usr/bin/perl\0-w\0/usr/bin/pg_createcluster\0{15}\0main\0-d\0{data}.adopting\0",
        11: f"/usr/bin/perl\0-wT\0/usr/bin/pg_dropcluster\0{15}\0main\0",
        12: "sh\0-c\0pg_dropcluster 15 main 2>/dev/null\0",
        13: f"/usr/bin/perl\0-wT\0/usr/bin/pg_dropcluster\0{15}\0main2\0",
        14: f"/usr/bin/perl\0-wT\0/usr/bin/pg_dropcluster\0{17}\0main\0",
    }
    for process, words in commands.items():
        (tmp_path / str(process)).mkdir()
        (tmp_path / str(process) / "cmdline").write_text(words)
    assert running_creations(data, creation.configuration_directory, tmp_path) == [5, 6, 10, 11, 12]
    monkeypatch.setattr(cluster_creation, "running_creations", lambda *_folders: [5, 6])
    refusal = pytest.raises(
        CreationError, match=r"process 5 of an earlier run still makes a cluster in .*/15/main; wait"
    )
    with refusal, creation.held():
        pytest.fail("it went on beside initdb")


def test_what_was_begun_is_unfinished_until_it_ends(creation: Creation) -> None:
    with creation.held():
        assert creation.unfinished is False
        creation.begin()
        assert (creation.unfinished, creation.leaves_something) == (True, False)
        assert creation.data_directory.stat().st_mode & 0o777 == 0o700
        creation.end()
    assert creation.unfinished is False
    creation.end()


def test_a_folder_that_cannot_be_renamed_is_told_and_stays(creation: Creation) -> None:
    creation.data_directory.parent.mkdir()
    creation.begin()
    (creation.data_directory / "PG_VERSION").touch()
    creation.aside.mkdir()
    (creation.aside / "taken").touch()
    with pytest.raises(CreationError, match=r"cannot be moved aside .*: empty the folder, and run again"):
        creation.keep_aside()
    assert (creation.data_directory / "PG_VERSION").exists()
    assert [path.name for path in creation.aside.iterdir()] == ["taken"]
