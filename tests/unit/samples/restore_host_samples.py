"""A database host without data or with old data, a repository with one backup of 10 GiB, and the moments at which a restore is killed."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.file_system import FileSystem
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest import PgBackRest
from ansible_collections.traumalink.ops.plugins.module_utils.restore import Restore
from ansible_collections.traumalink.ops.plugins.module_utils.restore_in_place import InPlace
from ansible_collections.traumalink.ops.plugins.module_utils.restore_job import RestoreJob
from ansible_collections.traumalink.ops.plugins.module_utils.restore_room import RestoreRoom
from ansible_collections.traumalink.ops.plugins.module_utils.restore_target import RestoreTarget
from info_samples import one_full

GIB = 1024**3
NOW = datetime(2026, 11, 23, 19, 5, 7, tzinfo=UTC)
LABEL = "20261123-013700F"
JOB = RestoreJob(LABEL, timeline=1)
# Restores that differ from JOB in one thing each.
OTHERS = [
    RestoreJob("20261122-013700F", timeline=1),
    RestoreJob(LABEL, timeline=2),
    RestoreJob(LABEL, "time", "2026-11-23 03:00:00+00", 1),
    RestoreJob(LABEL, "time", "2026-11-23 03:00:01+00", 1),
]
WHOLE = [f"--set={LABEL}", "--type=default", "--target-timeline=1", "restore"]
ASIDE = "main.before-restore-20261123T190507Z"
INFO = one_full(LABEL, "0/500", "05", 10 * GIB)
NEEDED = 10 * GIB + 1 * GIB + 1 * GIB  # the database, its tenth, 1 GiB of WAL


class Killed(BaseException):
    """The controller's or the host's sudden end."""


class Repository:
    """The host's data directory, and an engine that restores into it."""

    def __init__(self, data: Path, runner: Any) -> None:
        self.data, self.runner, self.free = data, runner, NEEDED
        self.stops = 0
        self.tablespaces: dict[Path, int] = {}
        self.mounts: dict[Path, int] = {}
        self.in_place: InPlace | None = None
        self.stop_fails: BaseException | None = None
        runner.on("info", out=json.dumps([INFO])).on("restore", then=self.finish)

    def finish(self) -> None:
        """Do what a restore does: complete the data and ask the server to recover."""
        (self.data / "patients").write_text("from the repository")
        (self.data / "PG_VERSION").write_text("15\n")
        (self.data / "recovery.signal").touch()

    def stop(self) -> None:
        assert self.data.is_dir() or not self.data.exists()
        self.stops += 1
        if self.stop_fails:
            raise self.stop_fails

    @property
    def target(self) -> RestoreTarget:
        return RestoreTarget(self.data, self.tablespaces, self.in_place)

    @property
    def room(self) -> RestoreRoom:
        return RestoreRoom(self.target, self.file_system)

    def file_system(self, path: Path) -> FileSystem:
        """Return what is mounted at the nearest of `mounts` above the path, whose values are the free bytes; else what holds everything."""
        for mount in sorted(self.mounts, key=lambda mount: len(str(mount)), reverse=True):
            if path.is_relative_to(mount):
                return FileSystem(2 + list(self.mounts).index(mount), mount, self.mounts[mount])
        return FileSystem(1, Path("/"), self.free)

    @property
    def job(self) -> Restore:
        return Restore(PgBackRest(self.runner, "lab", "postgres"), JOB, self.room, self.stop, NOW)

    def restores(self) -> list[list[str]]:
        """Return the options of each restore that was started."""
        runs = self.runner.asked("restore")
        assert all(f"--pg1-path={self.data}" in argv for argv in runs), "the engine writes where the guards looked"
        return [[word for word in argv[3:] if not word.startswith("--pg1-path=")] for argv in runs]


def lay_old_data(repository: Repository) -> None:
    repository.data.mkdir()
    (repository.data / "PG_VERSION").write_text("15\n")
    (repository.data / "patients").write_text("precious")


def open_for_writes(data: Path) -> None:
    """Do what a server does that has replayed all WAL, and write something."""
    (data / "global").mkdir()
    (data / "global" / "pg_control").touch()
    (data / "recovery.signal").unlink()
    (data / "patients").write_text("written since")


def found(folder: Path) -> dict[str, str]:
    """Return everything that lies under a folder."""
    return {str(path.relative_to(folder)): path.read_text() if path.is_file() else "" for path in folder.rglob("*")}


def killed_in_the_middle(repository: Repository) -> None:
    """Let the engine be killed when it has brought its manifest and half of the files."""
    lay_old_data(repository)
    killed_in_the_middle_of(repository)


def killed_in_the_middle_of(repository: Repository) -> None:
    """Kill the engine; old data is there already."""

    def half() -> None:
        (repository.data / "backup.manifest").write_text("x")
        (repository.data / "half").write_text("y")
        raise Killed

    repository.runner.on("restore", then=half)
    with pytest.raises(Killed):
        repository.job.run()
    repository.runner.on("restore", then=repository.finish)


def killed_before_the_first_file(repository: Repository) -> None:
    lay_old_data(repository)

    def nothing() -> None:
        raise Killed

    repository.runner.on("restore", then=nothing)
    with pytest.raises(Killed):
        repository.job.run()
    repository.runner.on("restore", then=repository.finish)


def killed_after_the_move(repository: Repository) -> None:
    lay_old_data(repository)
    repository.data.rename(repository.data.with_name(ASIDE))


def killed_after_the_new_folder(repository: Repository) -> None:
    killed_after_the_move(repository)
    repository.data.mkdir()


def killed_after_the_last_file(repository: Repository) -> None:
    killed_in_the_middle(repository)
    repository.finish()


def restored(repository: Repository) -> None:
    lay_old_data(repository)
    repository.job.run()


def opened_for_writes(repository: Repository) -> None:
    restored(repository)
    (repository.data / "global").mkdir(exist_ok=True)
    (repository.data / "global/pg_control").write_text("")
    (repository.data / "recovery.signal").unlink()


def replaced_by_a_person(repository: Repository) -> None:
    restored(repository)
    repository.data.rename(repository.data.with_name("main.other"))
    lay_old_data(repository)


def taken_away(repository: Repository) -> None:
    restored(repository)
    shutil.rmtree(repository.data)
