"""Files come back whole or not at all, and what was there is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.command import Completed
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.file_restore import (
    FileRestore,
    FileRestoreError,
    chosen,
    chosen_paths,
    lying_there,
)
from ansible_collections.traumalink.ops.plugins.module_utils.restic import Restic, Snapshot
from backup_samples import NOW

GIB = 1024**3
OLD = Snapshot("aaaaaaaa", NOW - timedelta(days=1), "app1", ("/srv/uploads", "/etc/trauma"))
NEW = replace(OLD, id="bbbbbbbb", at=NOW)
STAMP = f"{NOW:%Y%m%dT%H%M%SZ}"


class Backup:
    """Stands for restic: lays a file of each path that is asked for down, but nothing of `lacking`, and fails on `broken`."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.lacking: list[Path] = []
        self.broken: list[Path] = []

    def __call__(self, argv: Any, **_options: Any) -> Completed:
        self.asked.append(list(argv))
        target, path = (
            Path(next(word for word in argv if word.startswith(option)).removeprefix(option))
            for option in ("--target=", "--include=")
        )
        assert target.stat().st_mode & 0o777 == 0o700, "nobody else sees what is not there yet"
        if path in self.broken:
            return Completed(argv, 1, "", "Fatal: pack is damaged")
        if path not in self.lacking:
            came = target / path.relative_to("/")
            came.mkdir(parents=True)
            (came / "file").write_text("as it was")
            came.chmod(0o750)
        return Completed(argv, 0, "", "")


@pytest.fixture
def backup() -> Backup:
    """Give a backup that holds everything."""
    return Backup()


@pytest.fixture
def srv(tmp_path: Path) -> Path:
    """Give a folder in which paths lie."""
    return tmp_path.resolve() / "srv"


@pytest.fixture
def bring(backup: Backup) -> Callable[..., Any]:
    """Give a restore of paths."""

    def run(*paths: Path, mounted: tuple[Path, ...] = ()) -> Any:
        return FileRestore(paths, mounted, NOW).run(Restic(backup, "rest:https://ops1/app1", "p"), "bbbbbbbb")

    return run


def lie(path: Path, text: str = "new") -> Path:
    """Let a folder with a file lie somewhere."""
    path.mkdir(parents=True)
    (path / "file").write_text(text)
    return path


def everything(folder: Path) -> dict[str, str]:
    """Return the content of every file below a folder."""
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_the_newest_comes_back_unless_another_is_named() -> None:
    assert chosen([OLD, NEW], "app1") == NEW
    assert chosen([OLD, NEW], "app1", "aaaaaaaa") == OLD
    with pytest.raises(
        FileRestoreError,
        match=r"no snapshot cc of app1; choose one of bbbbbbbb of .*, aaaaaaaa of .* Nothing was changed",
    ):
        chosen([OLD, NEW], "app1", "cc")
    with pytest.raises(FileRestoreError, match="there is no backup of the files of app1"):
        chosen([], "app1")


def test_paths_are_those_of_the_backup_or_lie_below_them() -> None:
    assert chosen_paths(NEW) == ["/etc/trauma", "/srv/uploads"]
    assert chosen_paths(NEW, ["/srv/uploads/2026/", "/srv/uploads/2026/a", "/srv/uploads/2027"]) == [
        "/srv/uploads/2026",
        "/srv/uploads/2027",
    ]
    for path in ("/srv", "/srv/uploads/../other", "/srv/uploadsx"):
        with pytest.raises(
            FileRestoreError, match="is not in snapshot bbbbbbbb of app1, which holds /srv/uploads, /etc/trauma"
        ):
            chosen_paths(NEW, [path])


def test_a_lost_host_gets_everything_back_and_nothing_else_stays(bring: Any, backup: Backup, srv: Path) -> None:
    came = bring(srv / "uploads", srv / "etc" / "trauma")
    assert (came.files, came.bytes, came.kept_aside) == (2, 18, ())
    assert everything(srv) == {"uploads/file": "as it was", "etc/trauma/file": "as it was"}
    assert (srv / "uploads").stat().st_mode & 0o777 == 0o750
    assert list(srv.rglob(".traumalink*")) == []
    assert all({"restore", "bbbbbbbb", "--verify", "--no-lock"} <= set(argv) for argv in backup.asked)


def test_what_was_there_is_kept_aside(bring: Any, srv: Path) -> None:
    lie(srv / "uploads")
    assert bring(srv / "uploads").kept_aside == (str(srv / f"uploads.before-restore-{STAMP}"),)
    assert everything(srv) == {"uploads/file": "as it was", f"uploads.before-restore-{STAMP}/file": "new"}


def test_in_a_mount_point_it_is_kept_within_since_that_cannot_be_moved(bring: Any, srv: Path) -> None:
    lie(srv / "nas")
    came = bring(srv / "nas", mounted=(srv / "nas",))
    assert came.kept_aside == (str(srv / "nas" / f".before-restore-{STAMP}"),)
    assert everything(srv) == {"nas/file": "as it was", f"nas/.before-restore-{STAMP}/file": "new"}
    assert (srv / "nas").stat().st_mode & 0o777 == 0o750
    assert list(srv.rglob(".traumalink*")) == []


@pytest.mark.parametrize("fault", ["lacking", "broken"])
def test_nothing_is_moved_before_all_of_it_is_there(bring: Any, backup: Backup, srv: Path, fault: str) -> None:
    lie(srv / "a")
    lie(srv / "b")
    getattr(backup, fault).append(srv / "b")
    with pytest.raises(OpsError, match="is not in snapshot bbbbbbbb" if fault == "lacking" else "pack is damaged"):
        bring(srv / "a", srv / "b")
    assert everything(srv) == {"a/file": "new", "b/file": "new"}
    assert sorted(path.name for path in srv.iterdir()) == ["a", "b"]


def test_a_path_that_cannot_be_put_there_keeps_what_it_had(
    bring: Any, srv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lie(srv / "a")
    rename = Path.rename

    def stuck(self: Path, target: Path) -> Path:
        if target == srv / "a" and ".traumalink" in str(self):
            raise OSError(16, "Device or resource busy", str(self))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", stuck)
    with pytest.raises(
        FileRestoreError, match=r"a could not be put into its place .*busy.*; run the same command again"
    ):
        bring(srv / "a")
    assert everything(srv) == {"a/file": "new"}


def test_what_a_restore_left_that_was_cut_off_is_removed(bring: Any, srv: Path) -> None:
    lie(srv / ".traumalink-restore-20261101T000000Z" / "srv")
    bring(srv / "uploads")
    assert [path.name for path in srv.iterdir()] == ["uploads"]


def test_a_name_with_signs_of_a_pattern_is_asked_for_as_it_is(backup: Backup, tmp_path: Path) -> None:
    backup.lacking.append(Path("/srv/x\\[1]\\*\\?\\\\"))
    Restic(backup, "/r", "p").restore("bbbbbbbb", make_private(tmp_path / "t"), "/srv/x[1]*?\\")
    assert "--include=/srv/x\\[1]\\*\\?\\\\" in backup.asked[0]


def make_private(folder: Path) -> Path:
    """Make a folder that its owner alone enters."""
    folder.mkdir(mode=0o700)
    return folder


def test_it_is_seen_what_lies_there(srv: Path) -> None:
    lie(srv / "full")
    (srv / "empty").mkdir()
    (srv / "link").symlink_to("gone")
    paths = [srv / name for name in ("full", "empty", "link", "none")]
    assert lying_there([*paths, srv / "full" / "file"]) == [srv / "full", srv / "link", srv / "full" / "file"]


def test_links_and_file_systems_below_are_refused(srv: Path) -> None:
    lie(srv / "real")
    (srv / "link").symlink_to("real")
    with pytest.raises(
        FileRestoreError, match=rf"{srv}/link is a symbolic link, .*\({srv}/real\).* Nothing was changed"
    ):
        FileRestore([srv / "link"], [], NOW).look(None)
    with pytest.raises(FileRestoreError, match=f"{srv}/real/nas is another file system below {srv}/real; bring back"):
        FileRestore([srv / "real"], [srv / "real" / "nas"], NOW).look(None)
    FileRestore([srv / "real"], [srv / "real", srv], NOW).look(None)


def test_without_room_nothing_is_begun(srv: Path) -> None:
    def restore(free: int) -> FileRestore:
        return FileRestore([srv / "a", srv / "b"], [], NOW, free=lambda _path: free)

    with pytest.raises(FileRestoreError, match=r"has 1\.0 GiB free, the files need 2\.0 GiB beside what is there now"):
        restore(GIB).look(2 * GIB)
    restore(2 * GIB).look(2 * GIB)
    restore(0).look(None)
