"""The place of a restore: what lies there, what of it may be completed, and that one restore alone works there."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import restore_target
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest_failure import RunningEngine
from ansible_collections.traumalink.ops.plugins.module_utils.restore_in_place import InPlace
from ansible_collections.traumalink.ops.plugins.module_utils.restore_job import RestoreJob
from ansible_collections.traumalink.ops.plugins.module_utils.restore_tablespaces import TablespaceError
from ansible_collections.traumalink.ops.plugins.module_utils.restore_target import (
    LAID_DOWN,
    RestoreError,
    RestoreTarget,
)
from restore_host_samples import (
    JOB,
    OTHERS,
    Repository,
    killed_after_the_last_file,
    killed_after_the_move,
    killed_before_the_first_file,
    killed_in_the_middle,
    lay_old_data,
    opened_for_writes,
    replaced_by_a_person,
    restored,
    taken_away,
)


@pytest.fixture
def target(tmp_path: Path) -> RestoreTarget:
    """Give a place at which nothing is yet."""
    return RestoreTarget(tmp_path / "main")


# --- what lies there ---


@pytest.mark.parametrize(("lies_there", "occupied"), [(None, False), ([], False), (["a"], True), ([".hidden"], True)])
def test_an_empty_folder_and_none_hold_nothing(
    target: RestoreTarget, lies_there: list[str] | None, occupied: bool
) -> None:
    if lies_there is not None:
        target.data_directory.mkdir()
        for name in lies_there:
            (target.data_directory / name).touch()
    assert target.occupied is occupied


def test_the_marker_lies_beside_the_data_and_says_whose_it_is(target: RestoreTarget) -> None:
    assert (target.marker.exists(), target.marker_lines) == (False, [])
    target.data_directory.mkdir()
    target.mark(JOB)
    assert target.marker == target.data_directory.with_name("main.restoring")
    assert target.marker_lines == [str(target.data_directory.stat().st_ino), JOB.line]
    assert target.marker.stat().st_mode & 0o777 == 0o600
    target.mark(JOB, laid_down=True)
    assert target.marker_lines[1:] == [JOB.line, LAID_DOWN]


@pytest.mark.parametrize(
    ("happened", "state", "resumable"),
    [
        (lay_old_data, "none", False),
        (killed_after_the_move, "none", False),  # and no data is there, which is refused for itself
        (killed_before_the_first_file, "copying", False),
        (killed_in_the_middle, "copying", True),
        (killed_after_the_last_file, "copying", True),  # the engine's own end was not seen
        (restored, "replaying", True),
        (opened_for_writes, "served", False),
        (replaced_by_a_person, "stale", False),
        (taken_away, "stale", False),
    ],
)
def test_tells_how_far_a_restore_came_that_nobody_concluded(
    repository: Repository, happened: Callable[[Repository], None], state: str, resumable: bool
) -> None:
    assert repository.target.unconcluded == "none"
    happened(repository)
    assert repository.target.unconcluded == state
    assert repository.target.resumable is resumable
    assert repository.target.completes(JOB) is resumable


@pytest.mark.parametrize("other", OTHERS)
def test_only_the_very_same_restore_completes_what_was_cut_off(repository: Repository, other: RestoreJob) -> None:
    killed_in_the_middle(repository)
    assert not repository.target.completes(other)
    assert repository.target.completes(JOB)


def test_a_marker_of_which_nothing_is_left_but_its_name_completes_nothing(repository: Repository) -> None:
    lay_old_data(repository)
    repository.target.marker.touch()
    assert repository.target.resumable is False


# --- the server on it ---


@pytest.mark.parametrize(
    "left",
    [None, "4194304\n", f"{os.getpid()}\n", "", "x\n"],
    ids=["none", "no process", "another process", "empty", "no number"],
)
def test_what_a_dead_server_left_is_no_server(target: RestoreTarget, left: str | None) -> None:
    target.data_directory.mkdir()
    if left is not None:
        (target.data_directory / "postmaster.pid").write_text(left)
    assert target.server is None


def test_a_server_replays_only_what_is_laid_down_whole(repository: Repository) -> None:
    restored(repository)
    target = repository.target
    assert not target.replays(JOB), "no server runs there"
    with subprocess.Popen(["sleep", "60"], cwd=repository.data) as server:
        (repository.data / "postmaster.pid").write_text(f"{server.pid}\n{repository.data}\n")
        assert target.server == server.pid
        assert target.replays(JOB)
        assert not any(target.replays(other) for other in OTHERS)
        target.mark(JOB)
        assert not target.replays(JOB), "nobody has seen that all of it is laid down"
        server.kill()


# --- what becomes of the old data ---


def test_in_place_old_data_is_written_over_but_not_what_this_restore_began(repository: Repository) -> None:
    repository.in_place = InPlace()
    assert repository.target.written_over(JOB) is None, "nothing lies there"
    lay_old_data(repository)
    assert repository.target.written_over(JOB) is repository.in_place
    repository.in_place = None
    assert repository.target.written_over(JOB) is None


def test_in_place_a_restore_that_is_completed_writes_over_its_own(repository: Repository) -> None:
    killed_in_the_middle(repository)
    repository.in_place = InPlace()
    assert repository.target.written_over(JOB) is None
    assert repository.target.written_over(OTHERS[0]) is repository.in_place


def test_refuses_a_symbolic_link_whose_rename_would_keep_nothing(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "main").symlink_to(tmp_path / "disk")
    with pytest.raises(RestoreError, match=r"/main is a symbolic link, .* Nothing was changed$"):
        RestoreTarget(tmp_path / "main").require_movable(JOB)
    RestoreTarget(tmp_path / "disk").require_movable(JOB)


def test_refuses_a_mount_point_with_data_in_it_unless_it_is_written_over_in_place() -> None:
    with pytest.raises(RestoreError, match=r"^/proc is a mount point with data in it, .* Nothing was changed$"):
        RestoreTarget(Path("/proc")).require_movable(JOB)
    RestoreTarget(Path("/proc"), in_place=InPlace()).require_movable(JOB)


def test_refuses_a_tablespace_s_place_that_is_no_folder(target: RestoreTarget, tmp_path: Path) -> None:
    target = replace(target, tablespaces={tmp_path / "new": 1, tmp_path / "other": 1})
    (tmp_path / "other").mkdir()
    target.require_movable(JOB)
    (tmp_path / "new").touch()
    refusal = r"/new, where a tablespace comes back to, is no folder; .* Nothing was changed$"
    with pytest.raises(TablespaceError, match=refusal):
        target.require_movable(JOB)


# --- one restore at a time ---


def test_a_second_restore_at_the_same_time_is_refused(target: RestoreTarget) -> None:
    with (
        target.held(),
        pytest.raises(RestoreError, match="another restore still runs on this host; wait"),
        target.held(),
    ):
        pytest.fail("two restores had the place at once")
    with target.held():
        pass


def test_an_engine_whose_caller_was_killed_is_found_and_respected(
    target: RestoreTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restore_target, "running_engines", lambda commands: [RunningEngine(7, *commands)])
    refusal = pytest.raises(RestoreError, match=r"another restore \(process 7\) still runs on this host")
    with refusal, target.held():
        pytest.fail("it went on beside the engine")
