"""Bringing a database back: refused in time, the old data kept aside, and always to be run again."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import restore, restore_room
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest import BackupError
from ansible_collections.traumalink.ops.plugins.module_utils.restore_in_place import InPlace
from ansible_collections.traumalink.ops.plugins.module_utils.restore_job import RestoreJob
from ansible_collections.traumalink.ops.plugins.module_utils.restore_target import (
    LAID_DOWN,
    RestoreError,
    RestoreTarget,
)
from restore_host_samples import (
    ASIDE,
    GIB,
    INFO,
    JOB,
    LABEL,
    NEEDED,
    OTHERS,
    WHOLE,
    Repository,
    found,
    killed_after_the_last_file,
    killed_after_the_move,
    killed_after_the_new_folder,
    killed_before_the_first_file,
    killed_in_the_middle,
    killed_in_the_middle_of,
    lay_old_data,
    open_for_writes,
)

# --- to the end ---


@pytest.mark.parametrize("folder_is_there", [False, True])
def test_restores_where_nothing_lies(repository: Repository, folder_is_there: bool) -> None:
    if folder_is_there:
        repository.data.mkdir(mode=0o755)
    result = repository.job.run()
    assert repository.restores() == [WHOLE]
    assert (result.steps, result.kept_aside) == ([f"start the restore of {LABEL}"], None)
    assert result.backup.label == LABEL
    assert repository.data.stat().st_mode & 0o777 == 0o700
    assert repository.target.marker_lines[1:] == [JOB.line, LAID_DOWN]
    assert repository.stops == 1


def test_makes_the_folders_above_on_a_bare_host(repository: Repository) -> None:
    repository.data.parent.rmdir()
    repository.job.run()
    assert (repository.data / "PG_VERSION").exists()


def test_old_data_is_moved_aside_whole_and_never_removed(repository: Repository) -> None:
    lay_old_data(repository)
    inode = repository.data.stat().st_ino
    result = repository.job.run()
    aside = repository.data.with_name(ASIDE)
    assert result.kept_aside == str(aside)
    assert result.steps == [f"keep the old data aside as {aside}", f"start the restore of {LABEL}"]
    assert found(aside) == {"PG_VERSION": "15\n", "patients": "precious"}
    assert aside.stat().st_ino == inode
    assert (repository.data / "patients").read_text() == "from the repository"
    assert repository.restores() == [WHOLE]


def test_a_second_restore_keeps_the_first_one_aside_too(repository: Repository) -> None:
    repository.job.run()
    open_for_writes(repository.data)
    repository.job.run()
    assert (repository.data.with_name(ASIDE) / "patients").read_text() == "written since"
    assert repository.restores()[1] == WHOLE


def test_the_server_is_stopped_before_its_data_moves(repository: Repository) -> None:
    lay_old_data(repository)
    repository.stop_fails = BackupError("it does not stop")
    with pytest.raises(BackupError, match="it does not stop"):
        repository.job.run()
    assert found(repository.data.parent) == {"main": "", "main/PG_VERSION": "15\n", "main/patients": "precious"}
    assert repository.restores() == []


def test_a_server_under_another_unit_keeps_its_data(repository: Repository) -> None:
    lay_old_data(repository)
    with subprocess.Popen(["sleep", "60"], cwd=repository.data) as server:
        (repository.data / "postmaster.pid").write_text(f"{server.pid}\n{repository.data}\n")
        with pytest.raises(RestoreError, match=f"process {server.pid} is a server that still runs on .*; stop it"):
            repository.job.run()
        server.kill()
    assert (repository.data / "patients").read_text() == "precious"
    assert repository.restores() == []


def test_the_data_belongs_to_the_server_s_user_before_the_engine_writes(repository: Repository) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may give a folder away")
    seen: list[tuple[int, int]] = []
    daemon = pwd.getpwnam("daemon")

    def note() -> None:
        seen.append((repository.data.stat().st_uid, repository.data.stat().st_mode & 0o777))
        repository.finish()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(restore, "SYSTEM_USER", "daemon")
        repository.runner.on("restore", then=note)
        repository.job.run()
    assert seen == [(daemon.pw_uid, 0o700)]


# --- refused, nothing changed ---


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    ("free", "refused"),
    [
        (NEEDED, None),
        (NEEDED - 1, "12.0 GiB free, the restore needs 12.0 GiB"),
        (3 * GIB, "free 9.0 GiB more or mount"),
    ],
)
def test_refuses_where_it_would_not_fit_beside_the_old_data(
    repository: Repository, free: int, refused: str | None, check: bool
) -> None:
    lay_old_data(repository)
    before = found(repository.data.parent)
    repository.free = free
    if refused is None:
        assert repository.job.run(check=check).backup.label == LABEL
        return
    with pytest.raises(RestoreError, match=f"{refused}.* Nothing was changed$"):
        repository.job.run(check=check)
    assert found(repository.data.parent) == before
    assert (repository.stops, repository.restores()) == (0, [])


def test_refuses_an_empty_repository(repository: Repository) -> None:
    lay_old_data(repository)
    repository.runner.on("info", out=json.dumps([{**INFO, "backup": []}]))
    with pytest.raises(RestoreError, match=f"the repository holds no backup {LABEL} of lab; nothing was changed"):
        repository.job.run()
    assert (repository.data / "patients").read_text() == "precious"
    assert repository.stops == 0


def test_refuses_a_repository_that_cannot_be_read(repository: Repository) -> None:
    lay_old_data(repository)
    repository.runner.on("info", err="ERROR: [124]: HostConnectError: unable to connect\n", status=124)
    with pytest.raises(BackupError, match=r"reading the repository failed: \[124\]"):
        repository.job.run()
    assert (repository.data / "patients").read_text() == "precious"
    assert repository.stops == 0


def test_check_mode_tells_and_changes_nothing(repository: Repository) -> None:
    lay_old_data(repository)
    before = found(repository.data.parent)
    result = repository.job.run(check=True)
    assert result.kept_aside == str(repository.data.with_name(ASIDE))
    assert result.steps[-1] == f"start the restore of {LABEL}"
    assert found(repository.data.parent) == before
    assert (repository.stops, repository.restores()) == (0, [])


# --- interrupted ---


@pytest.mark.parametrize(
    ("killed", "last_restore", "step"),
    [
        (killed_after_the_move, WHOLE, "start the"),
        (killed_after_the_new_folder, WHOLE, "start the"),
        (killed_before_the_first_file, WHOLE, "start the"),
        (killed_in_the_middle, ["--delta", *WHOLE], "complete the interrupted"),
        (killed_after_the_last_file, ["--delta", *WHOLE], "complete the interrupted"),
    ],
)
def test_a_restore_killed_at_any_moment_can_be_run_again(
    repository: Repository, killed: Callable[[Repository], None], last_restore: list[str], step: str
) -> None:
    killed(repository)
    result = repository.job.run()
    assert repository.restores()[-1] == last_restore
    assert result.steps == [f"{step} restore of {LABEL}"]
    assert result.kept_aside is None
    assert (repository.data / "patients").read_text() == "from the repository"
    assert repository.target.marker_lines[1:] == [JOB.line, LAID_DOWN]
    assert found(repository.data.with_name(ASIDE)) == {"PG_VERSION": "15\n", "patients": "precious"}


def test_remains_that_cannot_be_completed_are_moved_aside(repository: Repository) -> None:
    repository.data.mkdir()
    (repository.data / "half").write_text("y")
    repository.target.mark(JOB)
    result = repository.job.run()
    assert result.kept_aside == str(repository.data.with_name(ASIDE))
    assert repository.restores() == [WHOLE]


def test_data_put_back_by_hand_beside_a_forgotten_marker_is_never_restored_over(repository: Repository) -> None:
    killed_in_the_middle(repository)
    repository.data.rename(repository.data.with_name("half"))
    repository.data.with_name(ASIDE).rename(repository.data)
    (repository.data / "patients").write_text("written since")
    result = repository.job.run()
    assert repository.restores()[-1] == WHOLE
    assert result.kept_aside == str(repository.data.with_name(ASIDE))
    assert (repository.data.with_name(ASIDE) / "patients").read_text() == "written since"
    assert repository.target.marker_lines[1:] == [JOB.line, LAID_DOWN]


def test_data_that_a_server_has_opened_for_writes_is_kept_aside_whatever_the_marker_says(
    repository: Repository,
) -> None:
    killed_after_the_last_file(repository)
    assert repository.target.resumable is True  # the server may replay WAL, but takes no writes yet
    open_for_writes(repository.data)
    shutil.rmtree(repository.data.with_name(ASIDE))
    assert repository.job.run().kept_aside == str(repository.data.with_name(ASIDE))
    assert (repository.data.with_name(ASIDE) / "patients").read_text() == "written since"


@pytest.fixture
def replaying(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Give a host on which all is laid down and a server replays."""
    lay_old_data(repository)
    repository.job.run()
    monkeypatch.setattr(RestoreTarget, "server", 4711)
    return repository


def test_a_server_that_still_replays_is_left_to_it(replaying: Repository) -> None:
    before, replaying.free = found(replaying.data.parent), 0  # what it needs lies there already
    result = replaying.job.run()
    assert result.steps == [f"leave the data of {LABEL}, which is laid down, to the server that replays its WAL"]
    assert (result.kept_aside, replaying.stops, len(replaying.restores())) == (None, 1, 1)
    assert found(replaying.data.parent) == before


@pytest.mark.parametrize("changed", ["no server", "not whole"])
def test_only_what_is_laid_down_whole_is_left_to_its_server(
    replaying: Repository, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    if changed == "no server":
        monkeypatch.setattr(RestoreTarget, "server", None)
    else:
        replaying.target.mark(JOB)
        monkeypatch.setattr(replaying, "stop", lambda: monkeypatch.setattr(RestoreTarget, "server", None))
    replaying.job.run()
    assert replaying.restores()[-1] == ["--delta", *WHOLE]


@pytest.mark.parametrize("begun", OTHERS)
@pytest.mark.parametrize("laid_down", [False, True])
def test_what_a_restore_of_something_else_left_is_kept_aside_and_never_mixed(
    repository: Repository, begun: RestoreJob, laid_down: bool
) -> None:
    repository.data.mkdir()
    repository.finish()
    repository.target.mark(begun, laid_down=laid_down)
    result = repository.job.run()
    assert result.kept_aside == str(repository.data.with_name(ASIDE))
    assert repository.restores() == [WHOLE]
    assert repository.target.marker_lines[1:] == [JOB.line, LAID_DOWN]


def test_a_restore_that_is_completed_and_killed_again_can_still_be_completed(repository: Repository) -> None:
    killed_in_the_middle(repository)
    repository.runner.on("restore", error=BackupError("the repository went away"))
    for _ in range(2):
        with pytest.raises(BackupError):
            repository.job.run()
    repository.runner.on("restore", then=repository.finish)
    assert repository.job.run().kept_aside is None
    assert [options[0] for options in repository.restores()[1:]] == ["--delta"] * 3


def test_whole_data_without_a_marker_is_never_restored_over(repository: Repository) -> None:
    lay_old_data(repository)
    repository.job.run()
    assert "--delta" not in repository.restores()[0]


def test_check_mode_says_that_it_would_complete(repository: Repository) -> None:
    killed_in_the_middle(repository)
    before = found(repository.data.parent)
    assert repository.job.run(check=True).steps == [f"complete the interrupted restore of {LABEL}"]
    assert found(repository.data.parent) == before


@pytest.mark.parametrize("missing", ["PG_VERSION", "recovery.signal"])
def test_an_exit_status_is_not_taken_for_a_restore(repository: Repository, missing: str) -> None:
    def incomplete() -> None:
        repository.finish()
        (repository.data / missing).unlink()

    repository.runner.on("restore", then=incomplete)
    with pytest.raises(RestoreError, match=f"ended without an error, but .*/main/{missing} is not there"):
        repository.job.run()
    assert repository.target.marker.exists()


def test_a_failed_restore_keeps_its_marker_and_the_old_data(repository: Repository) -> None:
    lay_old_data(repository)
    repository.runner.on("restore", err="ERROR: [039]: unable to read\n", status=39)
    with pytest.raises(BackupError, match=r"^the restore of lab failed: \[039\]: unable to read"):
        repository.job.run()
    assert repository.target.marker.exists()
    assert (repository.data.with_name(ASIDE) / "patients").read_text() == "precious"


def test_a_disk_that_fills_up_meanwhile_is_named_where_the_engine_does_not_say_why(repository: Repository) -> None:
    def fill() -> None:
        repository.free = 4096

    repository.runner.on("restore", err="ERROR: [064]: unable to write '/d/base/5/1249'\n", status=64, then=fill)
    with pytest.raises(
        RestoreError, match=r"unable to write '/d/base/5/1249'; no space is left on the file system mounted at /"
    ):
        repository.job.run()
    assert repository.target.marker.exists()


# --- tablespaces ---


def old_tablespace(repository: Repository, tmp_path: Path) -> Path:
    """Lay old data with a tablespace outside of it, and give its place."""
    lay_old_data(repository)
    place = tmp_path / "other"
    (place / "PG_15_202209061" / "5").mkdir(parents=True)
    (place / "PG_15_202209061" / "5" / "16401").write_text("precious")
    repository.tablespaces = {place: GIB, tmp_path / "new" / "place": 0}
    return place


def test_old_tablespaces_are_kept_aside_where_they_lie_and_missing_places_are_made(
    repository: Repository, tmp_path: Path
) -> None:
    place = old_tablespace(repository, tmp_path)
    said = repository.job.run(check=True).steps
    assert [path.name for path in place.iterdir()] == ["PG_15_202209061"]
    assert repository.job.run().steps == said
    assert said[1] == f"keep the old tablespace {place}/PG_15_202209061 aside"
    aside = "PG_15_202209061.before-restore-20261123T190507Z"
    assert found(place) == {aside: "", f"{aside}/5": "", f"{aside}/5/16401": "precious"}
    assert (tmp_path / "new" / "place").stat().st_mode & 0o777 == 0o700


def test_a_completed_restore_leaves_its_own_tablespaces_where_they_are(repository: Repository, tmp_path: Path) -> None:
    place = old_tablespace(repository, tmp_path)
    killed_in_the_middle_of(repository)
    (place / "PG_15_202209061").mkdir()
    (place / "PG_15_202209061" / "half").write_text("new")
    repository.job.run()
    assert (place / "PG_15_202209061" / "half").read_text() == "new"
    assert repository.restores()[-1][0] == "--delta"


@pytest.mark.parametrize("check", [False, True])
def test_a_tablespace_without_room_on_its_own_disk_is_refused_before_the_server_stops(
    repository: Repository, tmp_path: Path, check: bool
) -> None:
    place = old_tablespace(repository, tmp_path)
    repository.mounts, before = {place: GIB}, found(tmp_path)
    said = rf"mounted at {place} has 1\.0 GiB free, the restore needs 1\.1 GiB there for tablespace {place}; .* Nothing was changed$"
    with pytest.raises(RestoreError, match=said):
        repository.job.run(check=check)
    assert found(tmp_path) == before
    assert (repository.stops, repository.restores()) == (0, [])
    repository.mounts = {place: GIB + GIB // 10}
    assert repository.job.run(check=check).backup.label == LABEL


def test_a_tablespace_that_is_no_folder_is_refused_before_the_server_stops(
    repository: Repository, tmp_path: Path
) -> None:
    lay_old_data(repository)
    (tmp_path / "other").write_text("a file")
    repository.tablespaces = {tmp_path / "other": GIB}
    with pytest.raises(
        OpsError, match=r"other, where a tablespace comes back to, is no folder; .*Nothing was changed$"
    ):
        repository.job.run()
    assert (repository.stops, repository.restores()) == (0, [])


# --- in place ---

IN_PLACE = ["--delta", *WHOLE]


def copying(repository: Repository) -> None:
    """Let the host's `cp` copy the data, which is whole then."""
    copy = repository.data.with_name(".main.copying")
    repository.runner.on("cp", then=lambda: shutil.copytree(repository.data, copy))


def test_in_place_the_old_data_is_copied_before_anything_is_written_over(repository: Repository) -> None:
    lay_old_data(repository)
    repository.in_place = InPlace()
    copying(repository)
    said = repository.job.run(check=True).steps
    inode = repository.data.stat().st_ino
    result = repository.job.run()
    aside = repository.data.with_name(ASIDE)
    assert result.steps == said == [f"copy the old data to {aside}", f"start the restore of {LABEL}"]
    assert result.kept_aside == str(aside)
    assert found(aside) == {"PG_VERSION": "15\n", "patients": "precious"}
    assert repository.data.stat().st_ino == inode
    assert repository.restores() == [IN_PLACE]


def test_in_place_where_a_copy_does_not_fit_it_is_refused_until_somebody_agrees_to_lose_it(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_old_data(repository)
    monkeypatch.setattr(restore_room, "size_bytes", lambda _folder: 9 * GIB)
    repository.in_place, repository.free = InPlace(), 12 * GIB - 1  # 3 more than lies there, and the copy
    agree = f"write over {repository.data}"
    with pytest.raises(
        RestoreError, match=rf"or agree to keep nothing of the old data: -e 'restore_delta_confirm=\"{agree}\"'"
    ):
        repository.job.run()
    for wrong in ("yes", "write over"):
        repository.in_place = InPlace(wrong)
        with pytest.raises(RestoreError, match="Nothing was changed"):
            repository.job.run()
    assert (repository.data / "patients").read_text() == "precious"
    repository.in_place, repository.free = InPlace(agree), 3 * GIB
    result = repository.job.run()
    assert result.steps[0] == f"write over the old data in {repository.data}, of which nothing is kept"
    assert result.kept_aside is None
    assert repository.restores() == [IN_PLACE]


def test_in_place_on_an_empty_host_is_a_restore_like_any_other(repository: Repository) -> None:
    repository.in_place = InPlace()
    assert repository.job.run().steps == [f"start the restore of {LABEL}"]
    assert repository.restores() == [WHOLE]
