"""The place of a drill: one drill at a time, enough room, and nothing stays, whatever a drill before has left."""

from __future__ import annotations

import os
import pwd
import re
import signal
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.drill_scratch import Scratch, ScratchError

ME = pwd.getpwuid(os.geteuid()).pw_name
UID = os.geteuid()
GIB = 1024**3


@pytest.fixture
def processes(tmp_path: Path) -> Path:
    """Give a /proc without processes."""
    (tmp_path / "proc").mkdir()
    return tmp_path / "proc"


@pytest.fixture
def scratch(reachable: Path, processes: Path) -> Scratch:
    return Scratch(reachable, ME, free=lambda _path: 3 * GIB, processes=processes, sleep=lambda _seconds: None)


def process(processes: Path, number: int, uid: int = UID, state: str = "S (sleeping)") -> Path:
    folder = processes / str(number)
    folder.mkdir()
    (folder / "status").write_text(f"Name:\tpostgres\nState:\t{state}\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n")
    return folder


def leave(scratch: Scratch) -> None:
    """Leave what a drill leaves that was cut off."""
    (scratch.data / "base").mkdir(parents=True)
    (scratch.data / "base" / "16384").write_text("patients")


def test_what_a_drill_left_is_gone_before_the_next_and_after_it(scratch: Scratch) -> None:
    leave(scratch)
    with scratch.held():
        assert not scratch.root.exists()
        scratch.prepare()
        leave_more = scratch.data / "table"
        leave_more.write_text("patients")
    assert not scratch.root.exists()
    assert scratch.home.is_dir()


def test_nothing_stays_of_a_drill_that_fails(scratch: Scratch) -> None:
    def drill() -> None:
        with scratch.held():
            leave(scratch)
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        drill()
    assert not scratch.root.exists()


def test_removes_nothing_that_a_link_leads_to(scratch: Scratch, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "kept").touch()
    leave(scratch)
    (scratch.data / "pg_tblspc").symlink_to(tmp_path / "elsewhere")
    scratch.wipe()
    assert (tmp_path / "elsewhere" / "kept").exists()


def test_two_drills_never_share_the_place(scratch: Scratch) -> None:
    with (
        scratch.held(),
        pytest.raises(ScratchError, match=r"another drill is at work in .*; wait until"),
        scratch.held(),
    ):
        raise AssertionError


def test_only_the_drills_user_can_enter(scratch: Scratch) -> None:
    scratch.prepare()
    for folder in (scratch.root, scratch.data, scratch.tablespaces, scratch.server):
        assert folder.stat().st_mode & 0o777 == 0o700
        assert folder.stat().st_uid == UID


def test_too_little_room_is_said_with_figures(scratch: Scratch) -> None:
    scratch.require(3 * GIB)
    with pytest.raises(
        ScratchError,
        match=r"has 3\.0 GiB free, the drill needs 4\.5 GiB; free 1\.5 GiB more, or name a place on a larger disk",
    ):
        scratch.require(9 * GIB // 2)


@pytest.mark.parametrize("home", ["relative", "/with space", "/with'quote", "/" + "long/" * 22])
def test_a_path_that_a_shell_or_a_socket_cannot_take_is_refused(home: str) -> None:
    with (
        pytest.raises(ScratchError, match="cannot be the place of a drill: take a short absolute path"),
        Scratch(Path(home), ME).held(),
    ):
        raise AssertionError


def test_ends_the_server_that_a_drill_left_and_nobody_elses(reachable: Path, processes: Path) -> None:
    killed = []

    def kill(number: int, with_signal: int) -> None:
        killed.append((number, with_signal))
        (processes / str(number) / "status").unlink()

    process(processes, 41)
    process(processes, 40)
    process(processes, 50, uid=UID + 1)
    process(processes, 60, state="Z (zombie)")
    Scratch(reachable, ME, kill=kill, processes=processes, sleep=lambda _seconds: None).end_processes()
    assert killed == [(40, signal.SIGKILL), (41, signal.SIGKILL)]


def test_a_process_that_does_not_end_is_named(reachable: Path, processes: Path) -> None:
    process(processes, 40)
    scratch = Scratch(
        reachable, ME, kill=lambda _number, _signal: None, processes=processes, sleep=lambda _seconds: None
    )
    with pytest.raises(ScratchError, match=rf"process 40 of {re.escape(ME)} does not end"), scratch.held():
        raise AssertionError


def test_data_that_cannot_be_removed_is_never_passed_over(scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    leave(scratch)
    monkeypatch.setattr("shutil.rmtree", lambda *_arguments, **_options: None)
    with pytest.raises(ScratchError, match="holds restored data and cannot be removed; remove it by hand, now"):
        scratch.wipe()
