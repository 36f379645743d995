# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restored data that replays its WAL: with at least the resources that the server had which wrote it.

PostgreSQL refuses a recovery with fewer connections, workers, WAL senders, prepared transactions or locks than that server had, or pauses
it for ever where a later part of the WAL asks for more (documentation, chapter 27.4.3). What it had stands in the data's control file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from .cluster_running import ClusterError, start, still_replays, systemctl
from .command import run_checked
from .postgresql_server import SYSTEM_USER, Server, wait_for
from .server_log import ServerLog

if TYPE_CHECKING:
    from .postgresql_cluster import Cluster

__all__ = ["raised", "recover", "recovers"]

# What pg_controldata calls it; the parameter; its default (PostgreSQL documentation, chapters 20.3, 20.4, 20.6 and 20.12).
PARAMETERS = (
    ("max_connections", "max_connections", 100),
    ("max_worker_processes", "max_worker_processes", 8),
    ("max_wal_senders", "max_wal_senders", 10),
    ("max_prepared_xacts", "max_prepared_transactions", 0),
    ("max_locks_per_xact", "max_locks_per_transaction", 64),
)


def recovers(cluster: Cluster) -> bool:
    """Tell whether the data was restored and is still to be opened for writes; a standby is not."""
    data = cluster.data_directory
    return (data / "recovery.signal").exists() and not (data / "standby.signal").exists()


def raised(settings: Mapping[str, str], control: str) -> dict[str, str]:
    """Return the parameters that a recovery needs higher than `settings` or PostgreSQL's defaults give them.

    Args:
        settings: the cluster's own.
        control: what pg_controldata says of the data.
    """
    needed = {}
    for control_name, name, default in PARAMETERS:
        found = re.search(rf"^{control_name} setting:\s+(\d+)$", control, re.M)
        if found and int(found[1]) > int(settings.get(name, default)):
            needed[name] = found[1]
    return needed


def recover(
    cluster: Cluster, server: Server, log: ServerLog, steps: list[str], write: Callable[[Mapping[str, str]], None]
) -> None:
    """See the server replay all WAL and open the data for writes; say in `steps` what was done.

    Args:
        write: lays the configuration down, with these parameters in place of the cluster's own.

    Raises:
        ClusterError: it does not start, or takes longer than the cluster's recovery may.
    """
    while True:
        needed = raised_now(cluster, server)
        lay(write, needed, steps)
        if lacks(cluster, server):
            steps.append("stop the server, whose replay waits for higher settings")
            systemctl(cluster, server.runner, "stop", log)
        try:
            replay(cluster, server, log, steps)
        except ClusterError:
            # Where the WAL itself raises a parameter, the control file says so before the server stops at it.
            if raised_now(cluster, server) == needed:
                raise
        else:
            return


def replay(cluster: Cluster, server: Server, log: ServerLog, steps: list[str]) -> None:
    """Start the server and wait until it takes writes; ClusterError where it does not come to that."""
    if not server.answers():
        steps.append("start the server")
        start(cluster, server, log)

    def ended() -> bool:
        return not server.in_recovery() or lacks(cluster, server)

    if not wait_for(ended, cluster.recovery_timeout_seconds):
        raise still_replays(cluster, log)
    if server.in_recovery():
        raise ClusterError(f"{cluster.unit} has paused its recovery for lack of resources: {log.words}")


def lay(write: Callable[[Mapping[str, str]], None], parameters: Mapping[str, str], steps: list[str]) -> None:
    """Lay the configuration of the recovery down."""
    write(parameters)
    if parameters:
        named = ", ".join(f"{name} = {value}" for name, value in parameters.items())
        steps.append(f"recover with {named}, as the server had that wrote the data")


def raised_now(cluster: Cluster, server: Server) -> dict[str, str]:
    """Return what the data's control file asks for now."""
    program = f"/usr/lib/postgresql/{cluster.version}/bin/pg_controldata"
    argv = [program, "-D", str(cluster.data_directory)]
    return raised(
        cluster.settings, run_checked(server.runner, argv, "reading the control file", user=SYSTEM_USER).stdout
    )


def lacks(cluster: Cluster, server: Server) -> bool:
    """Tell whether the replay waits for more than the server runs with; one that a person has paused goes on when he says so."""
    if not server.answers() or not server.replay_paused():
        return False
    return any(int(server.value(f"SHOW {name}")) < int(value) for name, value in raised_now(cluster, server).items())
