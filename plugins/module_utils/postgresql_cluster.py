# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Debian PostgreSQL cluster: created where there is nothing, adopted where there is data, never replaced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from .cluster_adoption import Adoption, configured_data_directory
from .cluster_creation import Creation
from .cluster_recovery import recover, recovers
from .cluster_retirement import revive, successor
from .cluster_running import ClusterError, bring_up, stale
from .command import CommandError, Runner, run_checked
from .files import TextFile, diff_of, managed_block, write_text
from .postgresql_server import SYSTEM_USER, Server
from .server_log import ServerLog

__all__ = ["Cluster", "ClusterError", "ClusterState", "Outcome", "ensure", "look", "refuse_another_place"]

MARKER = "traumalink.ops"
CONFIGURATION_ROOT = Path("/etc/postgresql")
SAMPLES = Path("/usr/share/postgresql")


@dataclass(frozen=True)
class Cluster:
    """The cluster as it should be.

    Attributes:
        version: PostgreSQL's major version, as Debian names it.
        data_directory: an absolute path; data that lies there is adopted.
        create: whether an empty cluster may be made where there is no data; never in a restore.
        settings: configuration parameters, name to value.
        hba_lines: lines for the top of pg_hba.conf; ident_lines: for the top of pg_ident.conf.
        watch_files: further files (certificates) that the server has read once it was reloaded after their last change.
        may_restart: whether a change that needs a restart may have it now; else it is reported as pending.
    """

    version: str
    data_directory: Path
    settings: Mapping[str, str]
    port: int = 5432
    name: str = "main"
    hba_lines: Sequence[str] = ()
    ident_lines: Sequence[str] = ()
    watch_files: Sequence[Path] = ()
    may_restart: bool = False
    create: bool = True
    recovery_timeout_seconds: float = 60.0
    configuration_root: Path = CONFIGURATION_ROOT
    samples: Path = SAMPLES

    @property
    def configuration_directory(self) -> Path:
        """Debian's folder of the cluster's configuration."""
        return self.configuration_root / self.version / self.name

    @property
    def unit(self) -> str:
        """The cluster's systemd unit."""
        return f"postgresql@{self.version}-{self.name}.service"

    @property
    def creation(self) -> Creation:
        """The making of the cluster."""
        return Creation(self.data_directory, self.configuration_directory)

    @property
    def adoption(self) -> Adoption:
        """The adoption of the data that is there."""
        sample = self.samples / self.version / "postgresql.conf.sample"
        return Adoption(self.data_directory, self.configuration_directory, sample)


@dataclass(frozen=True)
class ClusterState:
    """What is on the host.

    Attributes:
        configured: whether Debian knows the cluster.
        data_directory: where its configuration says that the data lies.
        data_version: the version of the data in the wanted place.
        unfinished: whether an interrupted run left an empty cluster there that nobody has used.
        adopting: whether an interrupted run left the data's adoption half done.
    """

    configured: bool
    data_directory: Path | None
    data_version: str | None
    unfinished: bool = False
    adopting: bool = False


@dataclass
class Outcome:
    """What was done, or would be done: steps in words, file differences, and the settings that wait for a restart."""

    steps: list[str] = field(default_factory=list)
    diff: list[dict[str, str]] = field(default_factory=list)
    restart_pending: list[str] = field(default_factory=list)
    in_recovery: bool | None = None
    data_checksums: bool | None = None
    server_version: str | None = None

    @property
    def changed(self) -> bool:
        """Whether anything was or would be done."""
        return bool(self.steps)


def look(cluster: Cluster) -> ClusterState:
    """Return what is on the host, read from files alone."""
    configuration = cluster.adoption.main_file.current()
    configured_data = configured_data_directory(configuration or "")
    version_file = cluster.data_directory / "PG_VERSION"
    data_version = version_file.read_text(encoding="ascii").strip() if version_file.exists() else None
    unfinished = cluster.create and cluster.creation.unfinished
    adopting = cluster.adoption.unfinished(configured_data)
    return ClusterState(configuration is not None, configured_data, data_version, unfinished, adopting)


def refuse_another_place(cluster: Cluster, state: ClusterState) -> None:
    """Raise ClusterError where Debian's configuration names another folder than the one that is meant."""
    if state.data_directory not in (None, cluster.data_directory, cluster.adoption.skeleton):
        raise ClusterError(
            f"PostgreSQL cluster {cluster.version}/{cluster.name} keeps its data in {state.data_directory}, not in "
            f"{cluster.data_directory}; set postgresql_data_directory to {state.data_directory}"
        )


def refuse_what_does_not_fit(cluster: Cluster, state: ClusterState) -> None:
    """Raise ClusterError where going on could touch somebody's data, or put an empty cluster where data should be."""
    refuse_another_place(cluster, state)
    if state.unfinished:
        return
    where = f"PostgreSQL cluster {cluster.version}/{cluster.name}"
    if not cluster.create and state.data_version is None:
        raise ClusterError(
            f"{cluster.data_directory} holds no PostgreSQL data, and a restore never makes an empty cluster in its place; "
            "see that postgresql_data_directory is what you mean, and run traumalink.ops.restore again"
        )
    if cluster.create and (host := successor(cluster.configuration_directory)):
        raise ClusterError(
            f"{where} is retired: the database has come back on {host}. Put {host} into the inventory's group db, or bring the database back "
            "here with traumalink.ops.restore"
        )
    if state.data_version not in (None, cluster.version):
        raise ClusterError(
            f"{cluster.data_directory} holds data of PostgreSQL {state.data_version}, this host runs {cluster.version}; "
            "a major version is changed by a migration, never by a deployment"
        )
    if state.data_version is None and cluster.data_directory.is_dir() and any(cluster.data_directory.iterdir()):
        raise ClusterError(
            f"{cluster.data_directory} is not empty and holds no PostgreSQL data; look what it is, and move it away or choose another path"
        )
    if state.adopting and state.data_version is None:
        raise ClusterError(
            f"{cluster.data_directory} holds no data now, though an interrupted run was adopting some there: a disk may not be mounted; "
            "mount it, or bring the data back with traumalink.ops.restore"
        )
    if state.configured and state.data_version is None:
        raise ClusterError(
            f"{where} is configured but {cluster.data_directory} holds no data: a disk may not be mounted; "
            "mount it, or bring the data back with traumalink.ops.restore"
        )


def plan(cluster: Cluster, state: ClusterState) -> list[str]:
    """Say in words how the cluster comes to be there; nothing where it is there."""
    if state.unfinished:
        aside = [f"keep what an interrupted run left unfinished aside as {cluster.creation.aside}"]
        return (aside if cluster.creation.leaves_something else []) + ["create the cluster"]
    if state.configured and not state.adopting:
        return []
    return ["create the cluster" if state.data_version is None else "adopt the data that is there"]


def create_or_adopt(cluster: Cluster, state: ClusterState, runner: Runner) -> None:
    """Let Debian's tool know the cluster: with initdb where there is no data, by a skeleton where there is some.

    Killed at any moment it can be run again: until it ends, a marker or the skeleton says that it is unfinished.
    """
    argv = ["pg_createcluster", cluster.version, cluster.name, "-p", str(cluster.port), "-d"]
    what = f"{{}} the cluster {cluster.version}/{cluster.name}"
    if state.data_version is not None and not state.unfinished:
        cluster.adoption.begin(again=state.adopting)
        run_checked(runner, [*argv, str(cluster.adoption.skeleton)], what.format("adopting"), timeout_seconds=600)
        cluster.adoption.conclude()
        return
    if state.unfinished and cluster.creation.leaves_something:
        cluster.creation.keep_aside()
    cluster.creation.begin()
    argv += [str(cluster.data_directory), "--locale", "C.UTF-8", "-e", "UTF8"]
    argv += ["--", "--data-checksums", "--auth-local=peer", "--auth-host=scram-sha-256"]
    try:
        run_checked(runner, argv, what.format("creating"), timeout_seconds=600)
    except CommandError:
        if not cluster.data_directory.exists():
            # The tool has tidied up, and the folder's number may be given to another.
            cluster.creation.end()
        raise


def settings_text(settings: Mapping[str, str]) -> str:
    """Return a configuration file that sets exactly these parameters."""
    # Within quotes a backslash escapes (src/backend/utils/misc/guc-file.l), and a value may not span lines.
    escapes = str.maketrans({"'": "''", "\\": "\\\\", "\n": "\\n"})
    lines = [f"{name} = '{value.translate(escapes)}'" for name, value in sorted(settings.items())]
    return "\n".join([f"# Written by {MARKER}; changes here are overwritten.", *lines]) + "\n"


def wanted_files(cluster: Cluster) -> list[TextFile]:
    """Return the configuration files as they should be; other people's lines in shared files stay."""
    directory = cluster.configuration_directory
    files = [TextFile(directory / "conf.d" / "50-traumalink.conf", settings_text(cluster.settings), SYSTEM_USER, 0o644)]
    for name, lines in (("pg_hba.conf", cluster.hba_lines), ("pg_ident.conf", cluster.ident_lines)):
        path = directory / name
        current = TextFile(path, "").current() or ""
        if lines or f"# BEGIN {MARKER}" in current:
            files.append(TextFile(path, managed_block(current, lines, MARKER), SYSTEM_USER, 0o640))
    return files


def write(cluster: Cluster, raised: Mapping[str, str] | None = None) -> None:
    """Write the configuration files, with the parameters in `raised` in place of the cluster's own."""
    for file in wanted_files(replace(cluster, settings={**cluster.settings, **(raised or {})})):
        write_text(file)


def ensure(cluster: Cluster, runner: Runner, *, check: bool = False) -> Outcome:
    """Bring the cluster to its wanted state, or say under `check` what that would take.

    Order: refuse, create or adopt, recover what was restored, configure, start or reload, restart only where allowed.

    Raises:
        ClusterError: the host's data does not fit (nothing was changed), or the server does not start.
    """
    state = look(cluster)
    if check and not cluster.create and state.data_version is None:
        return Outcome(steps=["adopt the data that comes back"])
    refuse_what_does_not_fit(cluster, state)
    outcome = Outcome(plan(cluster, state))
    if check and outcome.steps:
        return outcome
    if outcome.steps:
        with cluster.creation.held():
            if look(cluster) != state:
                raise ClusterError(f"another run has changed {cluster.data_directory} meanwhile; run again")
            create_or_adopt(cluster, state, runner)
    if not check:
        cluster.creation.end()
        cluster.adoption.end()
    outcome.steps += revive(cluster.configuration_directory, check=check)
    files = wanted_files(cluster)
    outcome.diff = diff_of(files)
    outcome.steps += [f"write {entry['after_header']}" for entry in outcome.diff]
    server = Server(runner, cluster.port)
    if not check:
        (cluster.configuration_directory / "conf.d").mkdir(exist_ok=True)
        log = ServerLog.of(cluster.version, cluster.name)
        if recovers(cluster):
            recover(cluster, server, log, outcome.steps, lambda raised: write(cluster, raised))
        write(cluster)
        bring_up(cluster, server, log, outcome.steps, [file.path for file in files])
    elif not server.answers():
        outcome.steps.append("start the server")
    elif outcome.diff or stale([*(file.path for file in files), *cluster.watch_files], server.loaded_at()):
        outcome.steps.append("reload the server")
    if server.answers():
        outcome.in_recovery = server.in_recovery()
        outcome.data_checksums = server.value("SHOW data_checksums") == "on"
        outcome.server_version = server.value("SHOW server_version")
        outcome.restart_pending = server.restart_pending()
    return outcome
