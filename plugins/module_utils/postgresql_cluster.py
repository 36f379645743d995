# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Debian PostgreSQL cluster: created where there is nothing, adopted where there is data, never replaced."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .cluster_creation import Creation
from .command import CommandError, Runner, run_checked
from .errors import OpsError
from .files import TextFile, diff_of, managed_block, write_text
from .postgresql_server import SYSTEM_USER, Server, startup_process, wait_for

__all__ = ["Cluster", "ClusterError", "ClusterState", "Outcome", "ensure", "look", "refuse_another_place"]

MARKER = "traumalink.ops"
START_TIMEOUT_SECONDS = 60.0
CONFIGURATION_ROOT = Path("/etc/postgresql")
SAMPLES = Path("/usr/share/postgresql")
LOG_ROOT = Path("/var/log/postgresql")


class ClusterError(OpsError):
    """The cluster is not in a state from which it may be changed; nothing was changed."""


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


@dataclass(frozen=True)
class ClusterState:
    """What is on the host: configured (Debian knows the cluster), where its data lies, the data's version, and whether an interrupted
    run left it unfinished."""

    configured: bool
    data_directory: Path | None
    data_version: str | None
    unfinished: bool = False


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
    main_file = cluster.configuration_directory / "postgresql.conf"
    configured_data = None
    if main_file.exists():
        # Names are in any case, and the equals sign is optional (PostgreSQL documentation, chapter 20.1.2).
        text = main_file.read_text(encoding="utf-8")
        found = re.search(r"^[ \t]*data_directory[ \t]*=?[ \t]*'([^']+)'", text, re.M | re.I)
        configured_data = Path(found[1]) if found else None
    version_file = cluster.data_directory / "PG_VERSION"
    data_version = version_file.read_text(encoding="ascii").strip() if version_file.exists() else None
    unfinished = cluster.create and cluster.creation.unfinished
    return ClusterState(main_file.exists(), configured_data, data_version, unfinished)


def refuse_another_place(cluster: Cluster, state: ClusterState) -> None:
    """Raise ClusterError where Debian's configuration names another folder than the one that is meant."""
    if state.configured and state.data_directory not in (None, cluster.data_directory):
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
    if state.data_version not in (None, cluster.version):
        raise ClusterError(
            f"{cluster.data_directory} holds data of PostgreSQL {state.data_version}, this host runs {cluster.version}; "
            "a major version is changed by a migration, never by a deployment"
        )
    if state.data_version is None and cluster.data_directory.is_dir() and any(cluster.data_directory.iterdir()):
        raise ClusterError(
            f"{cluster.data_directory} is not empty and holds no PostgreSQL data; look what it is, and move it away or choose another path"
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
    if state.configured:
        return []
    return ["create the cluster" if state.data_version is None else "adopt the data that is there"]


def create_or_adopt(cluster: Cluster, state: ClusterState, runner: Runner) -> None:
    """Let Debian's tool know the cluster: with initdb where there is no data, without it where there is some.

    Killed at any moment it can be run again: until it ends, a marker says that what lies there is unfinished.
    """
    argv = ["pg_createcluster", cluster.version, cluster.name, "-d", str(cluster.data_directory)]
    argv += ["-p", str(cluster.port)]
    if state.unfinished and cluster.creation.leaves_something:
        cluster.creation.keep_aside()
    if state.unfinished or state.data_version is None:
        cluster.creation.begin()
        argv += ["--locale", "C.UTF-8", "-e", "UTF8", "--", "--data-checksums", "--auth-local=peer"]
        argv += ["--auth-host=scram-sha-256"]
    else:
        lay_missing_configuration(cluster)
    try:
        run_checked(runner, argv, f"creating the cluster {cluster.version}/{cluster.name}", timeout_seconds=600)
    except CommandError:
        if (
            not cluster.data_directory.exists()
        ):  # the tool has tidied up, and the folder's number may be given to another
            cluster.creation.end()
        raise


def lay_missing_configuration(cluster: Cluster) -> None:
    """Put configuration files beside data that has none: Debian keeps them in /etc, which a backup of the data does not hold.

    pg_createcluster moves them to /etc (its function move_conffile), and only the operating system's user gets in by them.
    """
    sample = cluster.samples / cluster.version / "postgresql.conf.sample"
    contents = {
        "postgresql.conf": sample.read_text(encoding="utf-8"),
        "pg_hba.conf": "local all postgres peer\nlocal all all peer\n",
        "pg_ident.conf": "",
    }
    for name, content in contents.items():
        if not (cluster.data_directory / name).exists():
            write_text(TextFile(cluster.data_directory / name, content, SYSTEM_USER, 0o640))


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


def ensure(cluster: Cluster, runner: Runner, *, check: bool = False) -> Outcome:
    """Bring the cluster to its wanted state, or say under `check` what that would take.

    Order: refuse, create or adopt, configure, start or reload, wait out a recovery, restart only where allowed.

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
    files = wanted_files(cluster)
    outcome.diff = diff_of(files)
    outcome.steps += [f"write {entry['after_header']}" for entry in outcome.diff]
    server = Server(runner, cluster.port)
    if not check:
        (cluster.configuration_directory / "conf.d").mkdir(exist_ok=True)
        for file in files:
            write_text(file)
        bring_up(cluster, server, outcome, [file.path for file in files])
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


def bring_up(cluster: Cluster, server: Server, outcome: Outcome, written: list[Path]) -> None:
    """Start or reload the server so that it runs with the files as they are, and restart it only where allowed."""
    if not server.answers():
        outcome.steps.append("start the server")
        start(cluster, server)
    loaded = server.loaded_at()
    if stale([*written, *cluster.watch_files], loaded):
        outcome.steps.append("reload the server")
        systemctl(cluster, server.runner, "reload")
        if not wait_for(lambda: server.loaded_at() > loaded, START_TIMEOUT_SECONDS):
            raise ClusterError(
                f"{cluster.unit} has not read its configuration {START_TIMEOUT_SECONDS:.0f} s after a reload and runs on with the old one; "
                f"correct what its log names, and run again: {log_tail(cluster)}"
            )
        refuse_rejected_rules(cluster, server)
    recovering = not (cluster.data_directory / "standby.signal").exists()
    if recovering and not wait_for(lambda: not server.in_recovery(), cluster.recovery_timeout_seconds):
        raise still_replays(cluster)
    if cluster.may_restart and server.restart_pending():
        outcome.steps.append("restart the server for " + ", ".join(server.restart_pending()))
        systemctl(cluster, server.runner, "restart")
        if not wait_for(server.answers, START_TIMEOUT_SECONDS):
            raise ClusterError(f"{cluster.unit} does not answer after its restart: {log_tail(cluster)}")


def start(cluster: Cluster, server: Server) -> None:
    """Start the server and wait until it admits connections: a minute, and on from there only while it replays WAL.

    A server that crashes again and again keeps its unit active and says that it is starting: only one process that goes on is replay.
    """

    def ended() -> bool:
        return server.answers() or failed(cluster, server.runner)

    systemctl(cluster, server.runner, "start")
    if not wait_for(ended, START_TIMEOUT_SECONDS):
        replaying = startup_process(cluster.data_directory)

        def stopped_replaying() -> bool:
            return replaying is None or startup_process(cluster.data_directory) != replaying

        if not wait_for(lambda: ended() or stopped_replaying(), cluster.recovery_timeout_seconds):
            raise still_replays(cluster)
        # Between the last WAL and the first connection lies a moment in which neither can be seen.
        wait_for(ended, START_TIMEOUT_SECONDS)
    if failed(cluster, server.runner) or not server.answers():
        raise ClusterError(
            f"{cluster.unit} does not start; correct what its log names, and run again: {log_tail(cluster)}"
        )


def still_replays(cluster: Cluster) -> ClusterError:
    """Return the error for a server that takes longer than we wait."""
    return ClusterError(
        f"{cluster.unit} still replays WAL after {cluster.recovery_timeout_seconds:.0f} s; "
        f"it goes on by itself; run the playbook again, which waits on. {log_tail(cluster)}"
    )


def stale(paths: Iterable[Path], loaded_at: float) -> bool:
    """Tell whether a file is newer than what the server has read.

    Judged by time, not by "I wrote it just now": a run that was killed between writing and reloading is made good by the next.
    """
    return any(path.exists() and path.stat().st_mtime > loaded_at for path in paths)


def refuse_rejected_rules(cluster: Cluster, server: Server) -> None:
    """Raise ClusterError where the server keeps its old access rules because it cannot read a line of the new ones."""
    rows = server.query("SELECT line_number, error FROM pg_hba_file_rules WHERE error IS NOT NULL ORDER BY 1")
    if rows:
        lines = "; ".join(f"line {row[0]}: {row[1]}" for row in rows)
        raise ClusterError(
            f"{cluster.configuration_directory / 'pg_hba.conf'} has lines that PostgreSQL rejects, so the old rules stay in force: "
            f"{lines}. Correct them and run again"
        )


def systemctl(cluster: Cluster, runner: Runner, verb: str) -> None:
    """Start, reload or restart the cluster's unit; an error carries the end of the server's log."""
    # A restore may replay WAL for hours before it admits anyone: systemd's own wait must not cut it short.
    done = runner(
        ["systemctl", "--no-block", verb, cluster.unit] if verb == "start" else ["systemctl", verb, cluster.unit]
    )
    if done.status != 0:
        raise ClusterError(f"systemctl {verb} {cluster.unit} failed: {done.said}: {log_tail(cluster)}")


def failed(cluster: Cluster, runner: Runner) -> bool:
    """Tell whether systemd has given the unit up."""
    return runner(["systemctl", "is-failed", "--quiet", cluster.unit]).status == 0


def log_tail(cluster: Cluster, lines: int = 5) -> str:
    """Return the last lines of the server's log."""
    path = LOG_ROOT / f"postgresql-{cluster.version}-{cluster.name}.log"
    if not path.exists():
        return f"{path} does not exist"
    return f"{path} ends with: " + " | ".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
