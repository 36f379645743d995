# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PostgreSQL cluster brought up: started, reloaded, waited for while it replays WAL, restarted only where allowed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from .command import Runner
from .errors import OpsError
from .postgresql_server import Server, startup_process, wait_for
from .server_log import ServerLog

if TYPE_CHECKING:
    from .postgresql_cluster import Cluster

__all__ = ["ClusterError", "bring_up", "stale", "start", "still_replays", "systemctl"]

START_TIMEOUT_SECONDS = 60.0


class ClusterError(OpsError):
    """The cluster is not in a state from which it may be changed (nothing was changed), or its server does not come up."""


def bring_up(cluster: Cluster, server: Server, log: ServerLog, steps: list[str], written: list[Path]) -> None:
    """Start or reload the server so that it runs with the files as they are, and restart it only where allowed; say so in `steps`."""
    if not server.answers():
        steps.append("start the server")
        start(cluster, server, log)
    loaded = server.loaded_at()
    if stale([*written, *cluster.watch_files], loaded):
        steps.append("reload the server")
        systemctl(cluster, server.runner, "reload", log)
        if not wait_for(lambda: server.loaded_at() > loaded, START_TIMEOUT_SECONDS):
            raise ClusterError(
                f"{cluster.unit} has not read its configuration {START_TIMEOUT_SECONDS:.0f} s after a reload and runs on with the old one; "
                f"correct what its log names, and run again: {log.words}"
            )
        refuse_rejected_rules(cluster, server)
    recovering = not (cluster.data_directory / "standby.signal").exists()
    if recovering and not wait_for(lambda: not server.in_recovery(), cluster.recovery_timeout_seconds):
        raise still_replays(cluster, log)
    if cluster.may_restart and (pending := server.restart_pending()):
        refuse_too_few_prepared(cluster, server, pending)
        steps.append("restart the server for " + ", ".join(pending))
        systemctl(cluster, server.runner, "restart", log)
        if not wait_for(server.answers, START_TIMEOUT_SECONDS):
            raise ClusterError(f"{cluster.unit} does not answer after its restart: {log.words}")
    if steps:
        server.heed_archive_timeout()


def start(cluster: Cluster, server: Server, log: ServerLog) -> None:
    """Start the server and wait until it admits connections: a minute, and on from there only while it replays WAL.

    A server that crashes again and again keeps its unit active and says that it is starting: only one process that goes on is replay.
    """

    def ended() -> bool:
        return server.answers() or failed(cluster, server.runner)

    systemctl(cluster, server.runner, "start", log)
    if not wait_for(ended, START_TIMEOUT_SECONDS):
        replaying = startup_process(cluster.data_directory)

        def stopped_replaying() -> bool:
            return replaying is None or startup_process(cluster.data_directory) != replaying

        if not wait_for(lambda: ended() or stopped_replaying(), cluster.recovery_timeout_seconds):
            raise still_replays(cluster, log)
        # Between the last WAL and the first connection lies a moment in which neither can be seen.
        wait_for(ended, START_TIMEOUT_SECONDS)
    if failed(cluster, server.runner) or not server.answers():
        raise ClusterError(f"{cluster.unit} does not start; correct what its log names, and run again: {log.words}")
    # As long as systemd counts the unit as starting, it takes a reload for part of the start and sends none.
    wait_for(lambda: active(cluster, server.runner), START_TIMEOUT_SECONDS)


def still_replays(cluster: Cluster, log: ServerLog) -> ClusterError:
    """Return the error for a server that takes longer than we wait."""
    return ClusterError(
        f"{cluster.unit} still replays WAL after {cluster.recovery_timeout_seconds:.0f} s; "
        f"it goes on by itself; run the playbook again, which waits on. {log.words}"
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


def refuse_too_few_prepared(cluster: Cluster, server: Server, pending: Iterable[str]) -> None:
    """Raise ClusterError where a restart would leave less room for prepared transactions than there are: the server would not start."""
    name = "max_prepared_transactions"
    room = int(cluster.settings.get(name, 0))
    if name in pending and (count := server.prepared_transactions()) > room:
        raise ClusterError(
            f"{cluster.unit} holds {count} prepared transactions, and would not start again with {name} = {room}; set {name} to {count} or "
            "more in postgresql_settings, or end them with COMMIT PREPARED or ROLLBACK PREPARED, and run again. It was not restarted"
        )


def systemctl(cluster: Cluster, runner: Runner, verb: str, log: ServerLog) -> None:
    """Start, stop, reload or restart the cluster's unit; an error carries what the server's log says."""
    # A restore may replay WAL for hours before it admits anyone: systemd's own wait must not cut it short.
    done = runner(
        ["systemctl", "--no-block", verb, cluster.unit] if verb == "start" else ["systemctl", verb, cluster.unit]
    )
    if done.status != 0:
        raise ClusterError(f"systemctl {verb} {cluster.unit} failed: {done.said}: {log.words}")


def active(cluster: Cluster, runner: Runner) -> bool:
    """Tell whether systemd is done with the unit's start."""
    return runner(["systemctl", "is-active", "--quiet", cluster.unit]).status == 0


def failed(cluster: Cluster, runner: Runner) -> bool:
    """Tell whether systemd has given the unit up."""
    return runner(["systemctl", "is-failed", "--quiet", cluster.unit]).status == 0
