"""A Debian host with at most one PostgreSQL cluster, as far as the tests of the cluster need one, and what goes wrong on it."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.command import CommandError, Completed
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_cluster import Cluster, ensure

DEFAULTS = {
    "max_connections": 100, "max_worker_processes": 8, "max_wal_senders": 10, "max_prepared_transactions": 0, "max_locks_per_transaction": 64,
}  # fmt: skip


class Killed(BaseException):
    """The controller's or the host's sudden end."""


class Host:
    """A Debian host with at most one cluster: pg_createcluster, systemctl and psql as far as they matter here."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.calls: list[list[str]] = []
        self.running = False
        self.failed = False
        self.boots = True
        self.reads_configuration = True
        self.comes_back = True
        self.recovering_for = 0
        self.loaded_at = 0.0
        self.pending: list[str] = []
        self.rejected_rules = ""
        self.fails_on: str | None = None
        self.replays_for = 0
        self.crashes = False
        self.startup = 41
        self.killed_after: list[str] | None = None
        self.fails_before: str | None = None
        # Restored data: what its server had, what a later part of the WAL asks for, and whether the server admits readers by then.
        self.had: dict[str, int] = {}
        self.wal_asks: dict[str, int] = {}
        self.admits_readers = True
        self.paused = False
        self.paused_by_a_person = False
        self.runs_with: dict[str, int] = {}
        self.prepared = 0
        self.woken = 0
        self.starting_for = 0
        self.loads_ahead = 5.0  # seconds, so that what was written at the same moment counts as read

    def __call__(self, argv: Sequence[str], **_options: Any) -> Completed:
        self.calls.append(list(argv))
        status, out = getattr(self, Path(argv[0]).name)(list(argv))
        return Completed(tuple(argv), status, out, "it went wrong\n" if status else "")

    def done(self) -> list[str]:
        """What was changed on the host, in order."""
        changing = ("start", "reload", "restart")
        return [argv[0] if argv[0] != "systemctl" else verb(argv) for argv in self.calls
                if argv[0] == "pg_createcluster" or verb(argv) in changing]  # fmt: skip

    def pg_createcluster(self, argv: list[str]) -> tuple[int, str]:
        data = Path(argv[argv.index("-d") + 1])
        if self.fails_on == argv[0]:
            return 1, ""
        if self.killed_after is not None:
            data.mkdir(parents=True, exist_ok=True)
            for name in self.killed_after:
                folder = self.cluster.configuration_directory if name.endswith(".conf") else data
                folder.mkdir(parents=True, exist_ok=True)
                (folder / name).write_text("15\n" if name == "PG_VERSION" else "")
            raise Killed
        if (data / "PG_VERSION").exists():
            return (0, "") if self.adopt(data) else (1, self.pg_dropcluster())
        assert not data.exists() or not any(data.iterdir()), "initdb over data"
        data.mkdir(parents=True, exist_ok=True)
        (data / "PG_VERSION").write_text(argv[1] + "\n")
        configure(self.cluster, data)
        return 0, ""

    def adopt(self, data: Path) -> bool:
        """As postgresql-common 248 does it over data: move the configuration to /etc, then make the rest."""
        folder = self.cluster.configuration_directory
        if (folder / "postgresql.conf").exists() or (folder / "pg_hba.conf").exists():
            raise CommandError("cluster configuration already exists")
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("postgresql.conf", "pg_hba.conf", "pg_ident.conf"):
            if self.fails_before == name or not (data / name).exists():
                return False
            write(folder / name, (data / name).read_bytes())
            (data / name).unlink()
        for name, value in (("data_directory", data), ("port", self.cluster.port), ("include_dir", "conf.d")):
            if self.fails_before == name:
                return False
            # Set where it stands, appended where it does not.
            lines = (folder / "postgresql.conf").read_bytes().split(b"\n")
            line = f"{name} = '{value}'".encode()
            found = [n for n, old in enumerate(lines) if re.match(rf"\s*{name}\b".encode(), old)]
            lines[found[0] if found else len(lines) - 1 :] = [line, *lines[found[0] + 1 if found else len(lines) :]]
            write(folder / "postgresql.conf", b"\n".join(lines) + b"\n")
        write(folder / "environment", b"")
        return self.fails_before != "log"

    def pg_dropcluster(self) -> str:
        """What a failed pg_createcluster calls: the folder that the configuration names goes, then the configuration."""
        folder = self.cluster.configuration_directory
        text = (folder / "postgresql.conf").read_text() if (folder / "postgresql.conf").exists() else ""
        if found := re.findall(r"^data_directory *= *'(.*)'", text, re.M):
            shutil.rmtree(found[-1])
        for name in ("pg_hba.conf", "pg_ident.conf", "postgresql.conf", "environment"):
            (folder / name).unlink(missing_ok=True)
        return ""

    def systemctl(self, argv: list[str]) -> tuple[int, str]:
        assert argv[-1] == self.cluster.unit
        word = verb(argv)
        if word == "is-failed":
            return (0 if self.failed else 1), ""
        if self.fails_on == word:
            return 1, ""
        if word == "is-active":
            self.starting_for -= 1
            return (0 if self.running and self.starting_for < 0 else 3), ""
        if word == "reload" and self.starting_for > 0:
            return 0, ""  # systemd takes it for part of the start
        if word == "stop":
            self.running = self.paused = False
        if word in ("start", "restart"):
            self.runs_with = self.configured()
        if word == "start":
            boots = self.boots and self.replays()
            self.running, self.failed = boots, not boots
            (self.cluster.data_directory / "postmaster.opts").touch()
        if word == "restart":
            self.running, self.pending = self.comes_back, []
        if self.running and self.reads_configuration:
            self.loaded_at = max(time.time(), self.loaded_at) + self.loads_ahead
        return 0, ""

    def pg_controldata(self, argv: list[str]) -> tuple[int, str]:
        assert argv == [
            f"/usr/lib/postgresql/{self.cluster.version}/bin/pg_controldata",
            "-D",
            str(self.cluster.data_directory),
        ]
        names = {"max_prepared_transactions": "max_prepared_xacts", "max_locks_per_transaction": "max_locks_per_xact"}
        lines = [f"{names.get(name, name)} setting:".ljust(38) + f"{value}\n" for name, value in self.had.items()]
        return 0, "pg_control version number:            1300\n" + "".join(lines)

    def configured(self) -> dict[str, int]:
        """What the configuration gives of the parameters that a recovery asks about."""
        text = (self.cluster.configuration_directory / "conf.d" / "50-traumalink.conf").read_text()
        return {name: int(value) for name, value in re.findall(r"^(max_\w+) = '(\d+)'$", text, re.M)}

    def lacks(self) -> bool:
        """Whether the server runs with less than the data's server had."""
        return any(self.runs_with.get(name, DEFAULTS[name]) < value for name, value in self.had.items())

    def replays(self) -> bool:
        """Replay restored data until the WAL ends or asks for more; False where the server gives up."""
        if not (self.cluster.data_directory / "recovery.signal").exists():
            return True
        if self.lacks():
            return False
        self.had |= self.wal_asks
        if self.lacks() and not self.admits_readers:
            return False
        self.paused = self.lacks() or self.paused_by_a_person
        return True

    def startup_process(self, data_directory: Path) -> int | None:
        """Replay for as many looks as it takes, in one process or, where the server crashes, in another each time."""
        assert data_directory == self.cluster.data_directory
        self.replays_for -= 1
        self.startup += self.crashes
        self.running = self.running or (self.replays_for == 0 and self.boots)
        return self.startup if self.replays_for > 0 or self.crashes else None

    def psql(self, argv: list[str]) -> tuple[int, str]:
        assert argv[argv.index("-p") + 1] == str(self.cluster.port)
        sql = argv[-1]
        if not self.running:
            return 2, ""
        if "pg_get_wal_replay_pause_state" in sql:
            return 0, "paused\n" if self.paused else "not paused\n"
        if "pg_reload_conf" in sql:
            self.woken += 1
            return 0, "t\n"
        if sql.startswith("SHOW max_"):
            name = sql.removeprefix("SHOW ")
            return 0, f"{self.runs_with.get(name, DEFAULTS[name])}\n"
        if self.paused:
            return 0, "t\n"
        if "pg_is_in_recovery" in sql:
            self.recovering_for -= 1
            if self.recovering_for < 0:
                (self.cluster.data_directory / "recovery.signal").unlink(missing_ok=True)
            return 0, "t\n" if self.recovering_for >= 0 else "f\n"
        answers = {
            "SELECT 1": "1\n",
            "SHOW data_checksums": "on\n",
            "SHOW server_version": "15.10 (Debian 15.10-0+deb12u1)\n",
            "SELECT extract(epoch FROM pg_conf_load_time())": f"{self.loaded_at}\n",
            "SELECT line_number, error FROM pg_hba_file_rules WHERE error IS NOT NULL ORDER BY 1": self.rejected_rules,
            "SELECT count(*) FROM pg_prepared_xacts": f"{self.prepared}\n",
            "SELECT name FROM pg_settings WHERE pending_restart ORDER BY name": "".join(f"{n}\n" for n in self.pending),
        }
        return 0, answers[sql]


def verb(argv: Sequence[str]) -> str:
    """Return what systemctl was asked to do."""
    return next((word for word in argv[1:] if not word.startswith("--")), "")


def write(path: Path, content: bytes) -> None:
    """Write a file by a rename, which `power_cut` counts."""
    path.with_name(path.name + ".new").write_bytes(content)
    os.replace(path.with_name(path.name + ".new"), path)  # noqa: PTH105 - see power_cut


@contextmanager
def power_cut(monkeypatch: pytest.MonkeyPatch, after: int) -> Iterator[None]:
    """End everything before the change number `after` (from 0) to the file system."""
    done = 0

    def counted(change: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*arguments: Any, **options: Any) -> Any:
            nonlocal done
            if done == after:
                raise Killed
            done += 1
            return change(*arguments, **options)

        return counting

    with monkeypatch.context() as patch:
        for owner, name in ((os, "replace"), (Path, "mkdir"), (Path, "unlink"), (Path, "rmdir"), (shutil, "rmtree")):
            patch.setattr(owner, name, counted(getattr(owner, name)))
        yield


def configure(cluster: Cluster, data: Path) -> None:
    """Let Debian know a cluster, as pg_createcluster does."""
    cluster.configuration_directory.mkdir(parents=True, exist_ok=True)
    (cluster.configuration_directory / "postgresql.conf").write_text(f"#x\ndata_directory = '{data}'\t# here\n")
    (cluster.configuration_directory / "pg_hba.conf").write_text("local all postgres peer\n# 医院\n")
    (cluster.configuration_directory / "pg_ident.conf").write_text("# none\n")


def fill(cluster: Cluster, version: str = "15") -> None:
    """Lay data of a cluster."""
    cluster.data_directory.mkdir(parents=True, exist_ok=True)
    (cluster.data_directory / "PG_VERSION").write_text(version + "\n")
    (cluster.data_directory / "patients").write_text("precious")


def tree(folder: Path) -> dict[str, str]:
    """Return everything under a folder, to compare."""
    return {
        str(path): f"{path.stat().st_mtime_ns} {path.read_text()}"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    } | {str(path): "folder" for path in folder.rglob("*") if path.is_dir()}


def serving(cluster: Cluster) -> Host:
    """Return a host on which the cluster runs as it should be."""
    host = Host(cluster)
    ensure(cluster, host)
    host.calls.clear()
    return host
