"""A PostgreSQL cluster: created where there is nothing, adopted where there is data, never replaced."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import (
    cluster_adoption,
    cluster_creation,
    cluster_running,
    postgresql_cluster,
)
from ansible_collections.traumalink.ops.plugins.module_utils.cluster_adoption import AdoptionError
from ansible_collections.traumalink.ops.plugins.module_utils.command import CommandError, Completed
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_cluster import (
    Cluster,
    ClusterError,
    ClusterState,
    Outcome,
    ensure,
    look,
    refuse_another_place,
)

ME = pwd.getpwuid(os.geteuid()).pw_name
INITDB_OPTIONS = {"--", "--data-checksums", "--locale"}


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
        if word == "start":
            self.running, self.failed = self.boots, not self.boots
            (self.cluster.data_directory / "postmaster.opts").touch()
        if word == "restart":
            self.running, self.pending = self.comes_back, []
        if self.running and self.reads_configuration:
            self.loaded_at = max(time.time(), self.loaded_at) + 5
        return 0, ""

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
        if "pg_is_in_recovery" in sql:
            self.recovering_for -= 1
            return 0, "t\n" if self.recovering_for >= 0 else "f\n"
        answers = {
            "SELECT 1": "1\n",
            "SHOW data_checksums": "on\n",
            "SHOW server_version": "15.10 (Debian 15.10-0+deb12u1)\n",
            "SELECT extract(epoch FROM pg_conf_load_time())": f"{self.loaded_at}\n",
            "SELECT line_number, error FROM pg_hba_file_rules WHERE error IS NOT NULL ORDER BY 1": self.rejected_rules,
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


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """Give a wanted cluster whose every path lies in the test's folder."""
    for module in (postgresql_cluster, cluster_adoption, cluster_creation):
        monkeypatch.setattr(module, "SYSTEM_USER", ME)
    monkeypatch.setattr(cluster_running, "LOG_ROOT", tmp_path / "log")
    monkeypatch.setattr(cluster_running, "START_TIMEOUT_SECONDS", 0.0)
    sample = tmp_path / "share" / "15" / "postgresql.conf.sample"
    sample.parent.mkdir(parents=True)
    sample.write_text("# sample\n")
    return Cluster(
        version="15",
        data_directory=tmp_path / "data",
        settings={"archive_mode": "on", "work_mem": "4MB"},
        hba_lines=["hostssl trauma app 10.0.0.1/32 scram-sha-256"],
        ident_lines=["traumalink postgres backup"],
        configuration_root=tmp_path / "etc",
        samples=tmp_path / "share",
        recovery_timeout_seconds=0.0,
    )


@pytest.fixture
def host(cluster: Cluster) -> Host:
    """Give a host with nothing on it."""
    return Host(cluster)


def serving(cluster: Cluster) -> Host:
    """Return a host on which the cluster runs as it should be."""
    host = Host(cluster)
    ensure(cluster, host)
    host.calls.clear()
    return host


# --- created or adopted, never replaced ---


def test_creates_with_checksums_where_there_is_nothing(cluster: Cluster, host: Host) -> None:
    outcome = ensure(cluster, host)
    assert host.done() == ["pg_createcluster", "start"]
    argv = host.calls[0]
    assert argv[:3] == ["pg_createcluster", "15", "main"]
    assert argv[argv.index("-d") + 1] == str(cluster.data_directory)
    assert argv[argv.index("-p") + 1] == "5432"
    after = argv[argv.index("--") + 1 :]
    assert after == ["--data-checksums", "--auth-local=peer", "--auth-host=scram-sha-256"]
    assert outcome.steps[0] == "create the cluster"
    assert outcome.steps[-1] == "start the server"
    assert (outcome.in_recovery, outcome.data_checksums) == (False, True)
    assert outcome.server_version == "15.10 (Debian 15.10-0+deb12u1)"


def test_an_empty_folder_is_nothing(cluster: Cluster, host: Host) -> None:
    cluster.data_directory.mkdir()
    assert ensure(cluster, host).steps[0] == "create the cluster"


def test_adopts_data_without_initdb(cluster: Cluster, host: Host) -> None:
    fill(cluster)
    outcome = ensure(cluster, host)
    assert outcome.steps[0] == "adopt the data that is there"
    assert not INITDB_OPTIONS & set(host.calls[0])
    assert (cluster.data_directory / "patients").read_text() == "precious"


def test_restored_data_without_any_configuration_starts_from_debians_sample(cluster: Cluster, host: Host) -> None:
    fill(cluster)
    ensure(cluster, host)
    folder = cluster.configuration_directory
    assert (folder / "postgresql.conf").read_text().splitlines() == [
        "# sample", "", "# Debian's, by pg_createcluster:",
        "port = '5432'", f"data_directory = '{cluster.data_directory}'", "include_dir = 'conf.d'",
    ]  # fmt: skip
    assert (folder / "pg_hba.conf").read_text().endswith("\nlocal all postgres peer\nlocal all all peer\n")
    assert (folder / "pg_ident.conf").exists()


def test_a_known_cluster_is_not_created_again(cluster: Cluster, host: Host) -> None:
    fill(cluster)
    configure(cluster, cluster.data_directory)
    outcome = ensure(cluster, host)
    assert host.done() == ["start"]
    assert {step.split()[0] for step in outcome.steps} == {"write", "start"}


def mismatch_other_place(cluster: Cluster) -> None:
    fill(cluster)
    configure(cluster, Path("/srv/pg"))


def mismatch_place_written_without_equals_sign(cluster: Cluster) -> None:
    fill(cluster)
    configure(cluster, Path("/srv/pg"))
    (cluster.configuration_directory / "postgresql.conf").write_text("  Data_Directory '/srv/pg'\n")


def mismatch_other_version(cluster: Cluster) -> None:
    fill(cluster, "14")


def mismatch_other_version_configured(cluster: Cluster) -> None:
    fill(cluster, "17")
    configure(cluster, cluster.data_directory)


def mismatch_strange_files(cluster: Cluster) -> None:
    cluster.data_directory.mkdir()
    (cluster.data_directory / "photos").write_text("precious")


def mismatch_disk_not_mounted(cluster: Cluster) -> None:
    configure(cluster, cluster.data_directory)


def mismatch_disk_not_mounted_over_folder(cluster: Cluster) -> None:
    configure(cluster, cluster.data_directory)
    cluster.data_directory.mkdir()


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    ("arrange", "said"),
    [
        (mismatch_other_place, "keeps its data in /srv/pg, not in .*/data; set postgresql_data_directory to /srv/pg"),
        (mismatch_place_written_without_equals_sign, "keeps its data in /srv/pg, not in"),
        (
            mismatch_other_version,
            "holds data of PostgreSQL 14, this host runs 15; a major version is changed by a migra",
        ),
        (mismatch_other_version_configured, "holds data of PostgreSQL 17, this host runs 15"),
        (mismatch_strange_files, "is not empty and holds no PostgreSQL data; look what it is"),
        (
            mismatch_disk_not_mounted,
            r"cluster 15/main is configured but .*/data holds no data: a disk may not be mounted",
        ),
        (mismatch_disk_not_mounted_over_folder, "or bring the data back with traumalink.ops.restore"),
    ],
)
def test_refuses_what_does_not_fit_before_any_change(
    cluster: Cluster, host: Host, tmp_path: Path, arrange: Callable[[Cluster], None], said: str, check: bool
) -> None:
    arrange(cluster)
    before = tree(tmp_path)
    with pytest.raises(ClusterError, match=said):
        ensure(cluster, host, check=check)
    assert host.calls == []
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("configuration", "found"),
    [
        ("data_directory = '/a'\n", "/a"),
        ("data_directory='/a b'\t# x\n", "/a b"),
        ("\tDATA_DIRECTORY '/a'\n", "/a"),
        ("#data_directory = '/a'\n", None),
        ("", None),
    ],
)
def test_reads_where_the_data_lies_as_postgresql_would(cluster: Cluster, configuration: str, found: str | None) -> None:
    configure(cluster, Path("/x"))
    (cluster.configuration_directory / "postgresql.conf").write_text(configuration)
    assert look(cluster) == ClusterState(True, Path(found) if found else None, None)


def test_creation_that_fails_is_told_and_nothing_is_started(cluster: Cluster, host: Host) -> None:
    host.fails_on = "pg_createcluster"
    with pytest.raises(CommandError, match=r"creating the cluster 15/main failed: .* it went wrong"):
        ensure(cluster, host)
    assert host.done() == ["pg_createcluster"]


# --- adoption touches no data, whatever happens ---


def own_configuration(cluster: Cluster) -> None:
    """Lay data with a configuration that names where it lies, as an adopted server's may, and that Debian knows too."""
    fill(cluster)
    folder = cluster.data_directory
    (folder / "postgresql.conf").write_bytes(
        f"# {'医院'}\n".encode("gbk") + f"Data_Directory '{folder}'\nPORT=5433\nwork_mem = 1GB\n".encode()
    )
    (folder / "pg_hba.conf").write_text("local all postgres peer\n# theirs\n")
    (folder / "pg_ident.conf").write_text("# theirs\n")


def skeleton_goes(cluster: Cluster) -> bool:
    return not cluster.data_directory.with_name("data.adopting").exists()


@pytest.fixture(params=[fill, own_configuration])
def data(request: pytest.FixtureRequest, cluster: Cluster) -> dict[str, str]:
    """Give what lies in the data directory, with a configuration of its own or without."""
    request.param(cluster)
    return tree(cluster.data_directory)


def test_the_tool_never_learns_where_the_data_lies(cluster: Cluster, host: Host, data: dict[str, str]) -> None:
    ensure(cluster, host)
    assert str(cluster.data_directory) not in host.calls[0]
    (cluster.data_directory / "postmaster.opts").unlink()
    assert tree(cluster.data_directory) == data
    assert look(cluster) == ClusterState(True, cluster.data_directory, "15")
    assert skeleton_goes(cluster)
    assert ensure(cluster, host).steps == []


@pytest.mark.parametrize(
    "name", ["postgresql.conf", "pg_hba.conf", "pg_ident.conf", "data_directory", "port", "include_dir", "log"]
)
def test_data_outlives_every_failure_of_the_tool(cluster: Cluster, host: Host, data: dict[str, str], name: str) -> None:
    host.fails_before = name
    with pytest.raises(CommandError, match="adopting the cluster 15/main failed"):
        ensure(cluster, host)
    assert tree(cluster.data_directory) == data
    host.fails_before = None
    assert ensure(cluster, host).steps[0] == "adopt the data that is there"
    assert look(cluster) == ClusterState(True, cluster.data_directory, "15")
    assert skeleton_goes(cluster)


@pytest.mark.parametrize("fails_before", [None, "pg_ident.conf", "log"])
@pytest.mark.parametrize("after", range(35))
def test_an_adoption_killed_anywhere_is_made_good(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, after: int, fails_before: str | None
) -> None:
    own_configuration(cluster)
    before = tree(cluster.data_directory)
    host = Host(cluster)
    host.fails_before = fails_before
    with suppress(Killed, CommandError), power_cut(monkeypatch, after):
        ensure(cluster, host)
    (cluster.data_directory / "postmaster.opts").unlink(missing_ok=True)
    assert tree(cluster.data_directory) == before
    host.fails_before = None
    # Nor does it matter where the run is cut off that would make it good.
    with suppress(Killed), power_cut(monkeypatch, after // 2):
        ensure(cluster, host)
    ensure(cluster, host)
    (cluster.data_directory / "postmaster.opts").unlink(missing_ok=True)
    assert tree(cluster.data_directory) == before
    assert look(cluster) == ClusterState(True, cluster.data_directory, "15")
    assert skeleton_goes(cluster)
    assert host.running
    rules = (cluster.configuration_directory / "pg_hba.conf").read_text().splitlines()
    assert rules[-2:] == ["local all postgres peer", "# theirs"]
    assert b"\nwork_mem = 1GB\n" in (cluster.configuration_directory / "postgresql.conf").read_bytes()


def test_its_own_settings_stay_below_debian_s(cluster: Cluster, host: Host) -> None:
    own_configuration(cluster)
    with (cluster.data_directory / "postgresql.conf").open("a") as stream:
        stream.write("include 'more.conf'\n  include_dir = more.d # x\ninclude_if_exists '/srv/site.conf'\n")
    ensure(cluster, host)
    text = (cluster.configuration_directory / "postgresql.conf").read_bytes()
    assert text.decode("gbk").splitlines() == [
        "# 医院", f"#Data_Directory '{cluster.data_directory}'", "#PORT=5433", "work_mem = 1GB",
        f"include '{cluster.data_directory}/more.conf'", f"  include_dir = '{cluster.data_directory}/more.d' # x",
        "include_if_exists '/srv/site.conf'", "", "# Debian's, by pg_createcluster:",
        "port = '5432'", f"data_directory = '{cluster.data_directory}'", "include_dir = 'conf.d'",
    ]  # fmt: skip


def test_what_stands_in_the_skeleton_s_place_is_respected(cluster: Cluster, host: Host, tmp_path: Path) -> None:
    fill(cluster)
    fill(replace(cluster, data_directory=tmp_path / "data.adopting"))
    before = tree(tmp_path)
    with pytest.raises(AdoptionError, match=r"data\.adopting/patients is in the way.* Nothing was changed"):
        ensure(cluster, host)
    assert (tree(tmp_path), host.calls) == (before, [])


def test_a_folder_of_somebody_s_beside_a_known_cluster_stays(cluster: Cluster, tmp_path: Path) -> None:
    host = serving(cluster)
    fill(replace(cluster, data_directory=tmp_path / "data.adopting"))
    before = tree(tmp_path)
    assert ensure(cluster, host).steps == []
    assert tree(tmp_path) == before


def test_access_rules_that_somebody_left_in_etc_are_respected(cluster: Cluster, host: Host, tmp_path: Path) -> None:
    fill(cluster)
    configure(cluster, cluster.data_directory)
    (cluster.configuration_directory / "postgresql.conf").unlink()
    before = tree(tmp_path)
    with pytest.raises(AdoptionError, match=r"main/pg_hba\.conf is in the way"):
        ensure(cluster, host)
    assert (tree(tmp_path), host.calls) == (before, [])


@pytest.mark.parametrize("etc", [False, True])
def test_data_that_goes_while_it_is_adopted_is_missed(
    cluster: Cluster, host: Host, monkeypatch: pytest.MonkeyPatch, etc: bool
) -> None:
    fill(cluster)
    skeleton = cluster.data_directory.with_name("data.adopting")
    skeleton.mkdir()
    if etc:
        configure(cluster, skeleton)
    cluster.data_directory.rename(cluster.data_directory.with_name("elsewhere"))
    with pytest.raises(ClusterError, match=r"/data holds no data now, though .*: a disk may not be mounted"):
        ensure(cluster, host)
    assert host.calls == []
    refuse_another_place(cluster, look(cluster))  # a restore may bring it back


# --- creation that was cut off ---

BEGUN = [["base"], ["base", "PG_VERSION"], ["PG_VERSION", "start.conf"], ["PG_VERSION", "postgresql.conf"]]


def killed_in_creation(cluster: Cluster, left: list[str]) -> Host:
    """Return a host on which a run was killed while pg_createcluster had made these files."""
    host = Host(cluster)
    host.killed_after = left
    with pytest.raises(Killed):
        ensure(cluster, host)
    host.killed_after = None
    host.calls.clear()
    return host


def kept_aside(cluster: Cluster) -> list[Path]:
    return sorted(cluster.data_directory.parent.glob("data.unfinished-*"))


@pytest.mark.parametrize("left", BEGUN)
def test_what_a_killed_creation_left_is_kept_aside_and_made_anew(cluster: Cluster, left: list[str]) -> None:
    host = killed_in_creation(cluster, left)
    outcome = ensure(cluster, host)
    (aside,) = kept_aside(cluster)
    assert outcome.steps[:2] == [f"keep what an interrupted run left unfinished aside as {aside}", "create the cluster"]
    assert set(host.calls[0]) >= INITDB_OPTIONS
    names = {path.name for path in aside.rglob("*") if path.is_file() or not any(path.iterdir())}
    assert names == set(left)
    assert not cluster.creation.marker.exists()
    assert ensure(cluster, host).steps == []
    assert kept_aside(cluster) == [aside]


def test_a_creation_killed_before_it_wrote_anything_leaves_nothing_to_keep(cluster: Cluster) -> None:
    host = killed_in_creation(cluster, [])
    assert ensure(cluster, host).steps[0] == "create the cluster"
    assert kept_aside(cluster) == []


def test_a_creation_can_be_killed_again_and_again(cluster: Cluster) -> None:
    host = killed_in_creation(cluster, BEGUN[1])
    host.killed_after = BEGUN[3]
    with pytest.raises(Killed):
        ensure(cluster, host)
    host.killed_after = None
    ensure(cluster, host)
    assert not cluster.creation.marker.exists()
    assert host.running


def test_keeping_aside_can_be_killed_too(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    host = killed_in_creation(cluster, BEGUN[3])

    def killed(*_paths: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", killed)
        with pytest.raises(Killed):
            ensure(cluster, host)
    ensure(cluster, host)
    assert (kept_aside(cluster)[0] / "configuration" / "postgresql.conf").exists()


def used_by_a_server(cluster: Cluster) -> None:
    (cluster.data_directory / "postmaster.opts").touch()


def used_by_a_restore(cluster: Cluster) -> None:
    (cluster.data_directory / "backup.manifest").touch()


def used_by_a_person(cluster: Cluster) -> None:
    cluster.data_directory.rename(cluster.data_directory.with_name("half"))
    fill(cluster)


@pytest.mark.parametrize("use", [used_by_a_server, used_by_a_restore, used_by_a_person])
def test_a_forgotten_marker_moves_nobody_s_data(cluster: Cluster, use: Callable[[Cluster], None]) -> None:
    host = killed_in_creation(cluster, BEGUN[1])
    use(cluster)
    before = cluster.data_directory.stat().st_ino
    assert ensure(cluster, host).steps[0] == "adopt the data that is there"
    assert cluster.data_directory.stat().st_ino == before
    assert kept_aside(cluster) == []
    assert not cluster.creation.marker.exists()


def test_a_failed_creation_that_tidied_up_leaves_no_marker(cluster: Cluster, host: Host) -> None:
    def fail(argv: list[str]) -> tuple[int, str]:
        Path(argv[argv.index("-d") + 1]).rmdir()
        return 1, ""

    host.pg_createcluster = fail  # type: ignore[method-assign]
    with pytest.raises(CommandError, match="creating the cluster"):
        ensure(cluster, host)
    assert not cluster.creation.marker.exists()


def test_a_failed_creation_that_left_something_is_made_anew(cluster: Cluster, host: Host) -> None:
    host.fails_on = "pg_createcluster"
    with pytest.raises(CommandError):
        ensure(cluster, host)
    fill(cluster)
    host.fails_on = None
    ensure(cluster, host)
    assert (kept_aside(cluster)[0] / "patients").exists()


def test_another_run_that_changes_the_place_meanwhile_is_respected(
    cluster: Cluster, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = iter([look(cluster), ClusterState(True, cluster.data_directory, "15")])
    monkeypatch.setattr(postgresql_cluster, "look", lambda _cluster: next(states))
    with pytest.raises(ClusterError, match=r"another run has changed .*/data meanwhile; run again"):
        ensure(cluster, host)
    assert host.done() == []


def test_check_mode_tells_of_the_unfinished_and_moves_nothing(cluster: Cluster, tmp_path: Path) -> None:
    host = killed_in_creation(cluster, BEGUN[1])
    before = tree(tmp_path)
    steps = ensure(cluster, host, check=True).steps
    assert [step.split()[0] for step in steps] == ["keep", "create"]
    assert (tree(tmp_path), host.calls) == (before, [])


# --- a restore never makes an empty cluster ---


@pytest.mark.parametrize("folder_is_there", [False, True])
def test_nothing_is_created_where_data_was_to_come_back(cluster: Cluster, host: Host, folder_is_there: bool) -> None:
    if folder_is_there:
        cluster.data_directory.mkdir()
    with pytest.raises(ClusterError, match=r"/data holds no PostgreSQL data, and a restore never makes an empty"):
        ensure(replace(cluster, create=False), host)
    assert host.calls == []


def test_what_came_back_is_adopted_whatever_marker_stands_beside_it(cluster: Cluster) -> None:
    host = killed_in_creation(cluster, BEGUN[1])
    outcome = ensure(replace(cluster, create=False), host)
    assert outcome.steps[0] == "adopt the data that is there"
    assert kept_aside(cluster) == []


@pytest.mark.parametrize("configured", [False, True])
def test_check_mode_of_a_restore_expects_the_data_to_come_back(cluster: Cluster, host: Host, configured: bool) -> None:
    if configured:
        configure(cluster, cluster.data_directory)
    outcome = ensure(replace(cluster, create=False), host, check=True)
    assert outcome.steps == ["adopt the data that comes back"]
    assert host.calls == []


# --- configuration ---


def test_writes_settings_and_keeps_other_peoples_rules_below_its_own(cluster: Cluster, host: Host) -> None:
    ensure(cluster, host)
    folder = cluster.configuration_directory
    settings = folder / "conf.d" / "50-traumalink.conf"
    assert settings.read_text().splitlines()[1:] == ["archive_mode = 'on'", "work_mem = '4MB'"]
    assert (folder / "pg_hba.conf").read_text().splitlines() == [
        "# BEGIN traumalink.ops", "hostssl trauma app 10.0.0.1/32 scram-sha-256", "# END traumalink.ops",
        "local all postgres peer", "# 医院",
    ]  # fmt: skip
    assert (folder / "pg_ident.conf").read_text().splitlines()[1] == "traumalink postgres backup"
    modes = [path.stat().st_mode & 0o777 for path in (settings, folder / "pg_hba.conf", folder / "pg_ident.conf")]
    assert modes == [0o644, 0o640, 0o640]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("cp %p '/a b/%f'", "'cp %p ''/a b/%f'''"),
        # PostgreSQL reads backslash escapes in its configuration file (guc-file.l, GUC_scanstr).
        (r"C:\new", r"'C:\\new'"),
        ("a\nport = 1", r"'a\nport = 1'"),
        ("", "''"),
    ],
)
def test_a_value_arrives_to_the_letter(cluster: Cluster, host: Host, value: str, written: str) -> None:
    ensure(replace(cluster, settings={"archive_command": value}), host)
    text = (cluster.configuration_directory / "conf.d" / "50-traumalink.conf").read_text()
    assert text.splitlines()[1:] == [f"archive_command = {written}"]


def test_shared_files_stay_untouched_where_there_is_nothing_of_ours(cluster: Cluster, host: Host) -> None:
    outcome = ensure(replace(cluster, hba_lines=(), ident_lines=()), host)
    assert [entry["after_header"].rsplit("/", 1)[1] for entry in outcome.diff] == ["50-traumalink.conf"]
    assert (cluster.configuration_directory / "pg_hba.conf").read_text() == "local all postgres peer\n# 医院\n"


def test_rules_taken_away_leave_the_file(cluster: Cluster) -> None:
    host = serving(cluster)
    host.loaded_at = 0.0
    outcome = ensure(replace(cluster, hba_lines=()), host)
    assert outcome.steps == [f"write {cluster.configuration_directory / 'pg_hba.conf'}", "reload the server"]
    assert "hostssl" not in (cluster.configuration_directory / "pg_hba.conf").read_text()


def test_second_time_nothing_is_done(cluster: Cluster) -> None:
    host = serving(cluster)
    outcome = ensure(cluster, host)
    assert (outcome.steps, outcome.changed, outcome.diff, host.done()) == ([], False, [], [])


def test_a_missing_access_file_is_made(cluster: Cluster) -> None:
    host = serving(cluster)
    (cluster.configuration_directory / "pg_ident.conf").unlink()
    assert ensure(cluster, host).steps[0] == f"write {cluster.configuration_directory / 'pg_ident.conf'}"


# --- check mode ---


def arrange_data(cluster: Cluster) -> Host:
    fill(cluster)
    return Host(cluster)


def arrange_stopped(cluster: Cluster) -> Host:
    host = serving(cluster)
    host.running = False
    return host


def arrange_other_settings(cluster: Cluster) -> Host:
    host = serving(cluster)
    (cluster.configuration_directory / "conf.d" / "50-traumalink.conf").write_text("work_mem = '1MB'\n")
    return host


def arrange_newer_certificate(cluster: Cluster) -> Host:
    host = serving(cluster)
    host.loaded_at = 0.0
    return host


@pytest.mark.parametrize(
    ("arrange", "steps"),
    [
        (Host, ["create the cluster"]),
        (arrange_data, ["adopt the data that is there"]),
        (arrange_stopped, ["start the server"]),
        (arrange_other_settings, ["write 50-traumalink.conf", "reload the server"]),
        (arrange_newer_certificate, ["reload the server"]),
        (serving, []),
    ],
)
def test_check_mode_tells_and_writes_nothing(
    cluster: Cluster, tmp_path: Path, arrange: Callable[[Cluster], Host], steps: list[str]
) -> None:
    host = arrange(cluster)
    host.calls.clear()
    before = tree(tmp_path)
    outcome = ensure(cluster, host, check=True)
    told = [step.replace(f"{cluster.configuration_directory}/conf.d/", "") for step in outcome.steps]
    assert told == steps
    assert outcome.changed is bool(steps)
    assert host.done() == []
    assert tree(tmp_path) == before


def test_check_mode_shows_the_difference_and_the_running_server(cluster: Cluster) -> None:
    outcome = ensure(cluster, arrange_other_settings(cluster), check=True)
    assert [entry["before"] for entry in outcome.diff] == ["work_mem = '1MB'\n"]
    assert outcome.in_recovery is False
    assert ensure(cluster, arrange_stopped(cluster), check=True).in_recovery is None


# --- reload and restart ---


@pytest.mark.parametrize(("newer_by", "reloads"), [(1, True), (-1, False)])
@pytest.mark.parametrize("name", ["conf.d/50-traumalink.conf", "pg_hba.conf", "pg_ident.conf", "server.crt"])
def test_reloads_where_a_file_is_newer_than_what_was_loaded(
    cluster: Cluster, name: str, newer_by: int, reloads: bool
) -> None:
    certificate = cluster.data_directory.parent / "etc" / "15" / "main" / "server.crt"
    wanted = replace(cluster, watch_files=[certificate, Path("/not/there.crt")])
    host = serving(wanted)
    certificate.touch()
    for file in cluster.configuration_directory.rglob("*"):
        os.utime(file, (1, 1))
    stamp = host.loaded_at + newer_by
    os.utime(cluster.configuration_directory / name, (stamp, stamp))
    host.loaded_at += 0.5
    outcome = ensure(wanted, host)
    assert outcome.steps == (["reload the server"] if reloads else [])
    assert host.done() == (["reload"] if reloads else [])


def test_a_run_killed_between_writing_and_reloading_is_made_good(cluster: Cluster) -> None:
    host = serving(cluster)
    host.loaded_at = 1000.0
    # No file differs, nothing is written: the times alone tell.
    assert ensure(cluster, host).steps == ["reload the server"]
    assert ensure(cluster, host).steps == []


def test_a_reload_that_the_server_does_not_take_is_an_error(cluster: Cluster) -> None:
    host = serving(cluster)
    host.loaded_at, host.reads_configuration = 1000.0, False
    with pytest.raises(ClusterError, match=r"postgresql@15-main\.service has not read its configuration"):
        ensure(cluster, host)


@pytest.mark.parametrize(
    ("may_restart", "steps", "done", "left"),
    [
        (False, [], [], ["archive_mode", "shared_buffers"]),
        (True, ["restart the server for archive_mode, shared_buffers"], ["restart"], []),
    ],
)
def test_restarts_only_where_it_may(
    cluster: Cluster, may_restart: bool, steps: list[str], done: list[str], left: list[str]
) -> None:
    host = serving(cluster)
    host.pending = ["archive_mode", "shared_buffers"]
    outcome = ensure(replace(cluster, may_restart=may_restart), host)
    assert (outcome.steps, host.done(), outcome.restart_pending) == (steps, done, left)


def test_permission_alone_restarts_nothing(cluster: Cluster) -> None:
    host = serving(cluster)
    assert ensure(replace(cluster, may_restart=True), host).steps == []
    assert host.done() == []


def test_a_server_that_stays_away_after_its_restart_is_an_error(cluster: Cluster) -> None:
    host = serving(cluster)
    host.pending, host.comes_back = ["archive_mode"], False
    with pytest.raises(ClusterError, match=r"postgresql@15-main\.service does not answer after its restart"):
        ensure(replace(cluster, may_restart=True), host)


# --- starting and recovering ---


@pytest.mark.parametrize("gives_up", [True, False])
def test_a_server_that_does_not_start_is_an_error_with_the_end_of_its_log(
    cluster: Cluster, host: Host, tmp_path: Path, gives_up: bool
) -> None:
    (tmp_path / "log").mkdir()
    lines = "".join(f"line {number}\n" for number in range(9))
    (tmp_path / "log" / "postgresql-15-main.log").write_text(lines)
    host.boots = False
    if not gives_up:
        host.systemctl = lambda argv: (1 if verb(argv) == "is-failed" else 0, "")  # type: ignore[method-assign]
    said = r"does not start; correct what its log names, and run again: .*main\.log ends with: line 4 \| .* \| line 8$"
    with pytest.raises(ClusterError, match=said):
        ensure(cluster, host)


@pytest.mark.parametrize("word", ["start", "reload", "restart"])
def test_systemd_s_refusal_is_told_even_without_a_log(cluster: Cluster, word: str) -> None:
    host = serving(cluster)
    host.running, host.pending, host.fails_on = word != "start", ["archive_mode"], word
    host.loaded_at = 0.0 if word == "reload" else host.loaded_at
    said = rf"systemctl {word} postgresql@15-main\.service failed: it went wrong: .*\.log does not exist"
    with pytest.raises(ClusterError, match=said):
        ensure(replace(cluster, may_restart=True), host)


@pytest.fixture
def starting(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Host:
    """Give a host whose server was stopped, does not come up, and whose unit stays active whatever the server does."""
    host = serving(cluster)
    host.running = host.boots = False
    host.systemctl = lambda argv: (1 if verb(argv) == "is-failed" else 0, "")  # type: ignore[method-assign]
    monkeypatch.setattr(cluster_running, "startup_process", host.startup_process)
    return host


@pytest.mark.parametrize("crashes", [False, True])
def test_a_server_that_does_not_replay_is_not_waited_for(cluster: Cluster, starting: Host, crashes: bool) -> None:
    starting.crashes, begun = crashes, time.monotonic()
    with pytest.raises(ClusterError, match="does not start; correct what its log names"):
        ensure(replace(cluster, recovery_timeout_seconds=20.0), starting)
    assert time.monotonic() - begun < 10


def test_a_server_that_replays_for_long_before_it_admits_anyone_is_waited_for(cluster: Cluster, starting: Host) -> None:
    starting.boots, starting.replays_for = True, 4
    assert ensure(replace(cluster, recovery_timeout_seconds=30.0), starting).steps == ["start the server"]


def test_a_server_that_replays_for_longer_than_we_wait_is_not_called_broken(cluster: Cluster, starting: Host) -> None:
    starting.replays_for = 99
    with pytest.raises(ClusterError, match=r"still replays WAL after 0 s; it goes on by itself; run the playbook ag"):
        ensure(cluster, starting)


def test_start_does_not_wait_in_systemd_so_that_a_long_recovery_is_not_cut_short(cluster: Cluster, host: Host) -> None:
    ensure(cluster, host)
    assert ["systemctl", "--no-block", "start", cluster.unit] in host.calls


def test_waits_out_a_recovery(cluster: Cluster, host: Host) -> None:
    host.recovering_for = 2
    outcome = ensure(replace(cluster, recovery_timeout_seconds=30.0), host)
    assert outcome.in_recovery is False


def test_a_recovery_that_takes_longer_goes_on_and_is_told(cluster: Cluster, host: Host) -> None:
    host.recovering_for = 99
    with pytest.raises(
        ClusterError, match=r"still replays WAL after 0 s; it goes on by itself; run the playbook again"
    ):
        ensure(cluster, host)
    assert host.running


def test_a_standby_is_not_waited_for(cluster: Cluster) -> None:
    host = serving(cluster)
    (cluster.data_directory / "standby.signal").touch()
    host.recovering_for = 99
    assert ensure(cluster, host).in_recovery is True


def test_an_outcome_without_steps_is_no_change() -> None:
    assert (Outcome().changed, Outcome(steps=["start the server"]).changed) == (False, True)


def test_refuses_rules_that_the_server_does_not_take(cluster: Cluster) -> None:
    host = serving(cluster)
    host.loaded_at = 0.0
    host.rejected_rules = "7\x1fmissing authentication method\n"
    with pytest.raises(
        ClusterError, match=r"pg_hba\.conf has lines that PostgreSQL rejects.*line 7: missing authentication method"
    ):
        ensure(cluster, host)
