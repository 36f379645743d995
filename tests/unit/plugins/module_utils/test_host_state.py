"""How a host differs from what a role wants of it: on this machine, with its own users and files."""

from __future__ import annotations

import grp
import hashlib
import os
import pwd
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.host_state import Account, HostState, Place
from ansible_collections.traumalink.ops.plugins.module_utils.service import Service

ME = pwd.getpwuid(os.geteuid())
GROUP = grp.getgrgid(os.getegid()).gr_name
TEXT = "a setting\n"


def place(path: Path, kind: str = "folder", mode: str = "0750", **changes: str) -> Place:
    """Return a place of whoever runs the tests."""
    return Place(path, kind, **{"owner": ME.pw_name, "group": GROUP, "mode": mode, **changes})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with a file."""
    folder = tmp_path / "settings"
    folder.mkdir(mode=0o750)
    folder.chmod(0o750)
    (folder / "file").write_text(TEXT)
    (folder / "file").chmod(0o640)
    return folder


def file_of(folder: Path, text: str = TEXT, mode: str = "0640") -> Place:
    """Return the file as it should be."""
    return place(folder / "file", "file", mode, sha256=hashlib.sha256(text.encode()).hexdigest())


def amiss(runner: Any, *places: Place) -> list[str]:
    """Return what is amiss with places."""
    return HostState(places=places).amiss(runner)


def test_nothing_is_amiss_where_all_is_as_wanted(runner: Any, folder: Path) -> None:
    assert amiss(runner, place(folder), file_of(folder), place(folder / "none", "absent")) == []
    assert runner.calls == []


def test_what_lies_there_is_compared_in_each_respect(runner: Any, folder: Path) -> None:
    assert amiss(runner, place(folder / "none")) == [f"{folder}/none is missing"]
    assert amiss(runner, place(folder / "file")) == [f"{folder}/file is no folder"]
    assert amiss(runner, place(folder, "file")) == [f"{folder} is no file"]
    assert amiss(runner, place(folder, mode="0700")) == [f"{folder} has mode 0750"]
    assert amiss(runner, file_of(folder, "another")) == [f"{folder}/file has another content"]
    assert amiss(runner, place(folder / "file", "absent")) == [f"{folder}/file is there"]
    assert amiss(runner, place(folder, owner="daemon")) == [f"{folder} does not belong to daemon:{GROUP}"]
    assert amiss(runner, place(folder, group="no-such-group")) == [
        f"{folder} does not belong to {ME.pw_name}:no-such-group"
    ]


def test_a_link_is_not_what_it_points_to(runner: Any, folder: Path) -> None:
    (folder / "link").symlink_to(folder / "file")
    link = place(folder / "link", "file", "0640", sha256=file_of(folder).sha256)
    assert amiss(runner, link) == [f"{folder}/link is no file"]


def test_accounts_are_compared(runner: Any) -> None:
    whole = Account(ME.pw_name, [GROUP], ME.pw_dir, ME.pw_shell)
    other = Account(ME.pw_name, ["daemon", "no-such-group"], "/elsewhere", "/bin/other")
    wanted = HostState(accounts=[whole, other, Account("no-such-user", ["daemon"])])
    assert wanted.amiss(runner) == [
        f"{ME.pw_name} is not in the group daemon",
        f"{ME.pw_name} is not in the group no-such-group",
        f"the home of {ME.pw_name} is {ME.pw_dir}",
        f"the shell of {ME.pw_name} is {ME.pw_shell}",
        "there is no user no-such-user",
    ]


def test_a_package_that_is_removed_or_half_installed_is_missing(runner: Any) -> None:
    runner.on("dpkg-query", out="ii  whole\nrc  removed\niU  unpacked\nhi  held\n", status=1)
    wanted = HostState(packages=["whole", "removed", "unpacked", "held", "unknown"])
    assert wanted.amiss(runner) == [
        f"package {name} is not installed" for name in ("removed", "unpacked", "unknown")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("active", "loaded", "words"),
    [
        ("active", "loaded", []),
        ("inactive", "loaded", ["x.service waits for: start"]),
        ("inactive", "not-found", ["x.service waits for: enable", "x.service waits for: start"]),
    ],
)
def test_a_service_that_does_not_run_is_told_and_not_touched(
    runner: Any, tmp_path: Path, active: str, loaded: str, words: list[str]
) -> None:
    started = "@4102444800"  # long after its files were written
    said = f"LoadState={loaded}\nActiveState={active}\nUnitFileState=enabled\nInvocationID=1\nActiveEnterTimestamp={started}\n"
    runner.on("systemctl", "show", out=said)
    (tmp_path / "x.conf").write_text("x")
    service = Service("x.service", [tmp_path / "x.conf"], stamps=tmp_path)
    assert HostState(services=[service]).amiss(runner) == words
    assert [call[1] for call in runner.calls] == ["show"]
