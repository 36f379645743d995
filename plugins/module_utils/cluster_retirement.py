# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database that has come back on another host: the old one stands still, keeps its data, and does not start by itself any more."""

from __future__ import annotations

from pathlib import Path

from .command import Runner, run_checked
from .errors import OpsError
from .files import TextFile, write_text
from .postgresql_server import SYSTEM_USER

__all__ = ["MARK", "RetirementError", "retire", "retired_for", "revive", "successor"]

CONFIGURATION_ROOT = Path("/etc/postgresql")
# Role postgresql writes it into each cluster of the site; what else a host runs is none of our business.
OURS = "*/main/conf.d/50-traumalink.conf"
MARK = "# Written by traumalink.ops; what lies here is the old database, it has come back on "
STOP_TIMEOUT_SECONDS = 600
STATUS_COLUMN = 3  # pg_lsclusters(1): version, name, port, status


class RetirementError(OpsError):
    """The old server still runs; it is to be stopped before another one takes writes."""


def start_file(configuration_directory: Path, content: str = "") -> TextFile:
    """Return Debian's file that says whether a cluster starts with its host (postgresql-common, pg_createcluster)."""
    return TextFile(configuration_directory / "start.conf", content, SYSTEM_USER, 0o644)


def successor(configuration_directory: Path) -> str:
    """Return the host on which the database of this cluster has come back; "" where it is not retired."""
    lines = (start_file(configuration_directory).current() or "").splitlines()
    return next((line.removeprefix(MARK) for line in lines if line.startswith(MARK)), "")


def clusters(root: Path) -> list[Path]:
    """Return the configuration folders of the site's clusters on this host."""
    return sorted(path.parent.parent for path in root.glob(OURS))


def retired_for(root: Path = CONFIGURATION_ROOT) -> str:
    """Return the host on which the database of this host has come back; "" where none is retired."""
    return next(filter(None, map(successor, clusters(root))), "")


def runs(runner: Runner, version: str) -> bool:
    """Tell whether a cluster's server runs, in whatever way it was started.

    Asked of pg_lsclusters: `pg_ctlcluster … status` answers for a disabled cluster that it is disabled, whether it runs or not (postgresql-common 248).
    """
    fields = runner(["pg_lsclusters", "-h", version, "main"]).stdout.split()
    return len(fields) > STATUS_COLUMN and fields[STATUS_COLUMN].startswith("online")


def retire(runner: Runner, host: str, *, check: bool = False, root: Path = CONFIGURATION_ROOT) -> list[str]:
    """Stop the site's clusters on this host, since the database has come back on `host`; return what was or would be done.

    First the file, then the server: one that is cut off between them does not come up with the next start of its host.

    Raises:
        RetirementError: a server runs on after it was stopped.
    """
    steps = []
    for folder in clusters(root):
        version = folder.parent.name
        unit, name = f"postgresql@{version}-main.service", f"{version}/main"
        if successor(folder) != host:
            steps.append(f"keep {name} from starting with its host")
            if not check:
                write_text(start_file(folder, f"{MARK}{host}\ndisabled\n"))
        if not runs(runner, version):
            continue
        steps.append(f"stop {name}")
        if not check:
            run_checked(
                runner, ["systemctl", "stop", unit], f"systemctl stop {unit}", timeout_seconds=STOP_TIMEOUT_SECONDS
            )
            if runs(runner, version):
                raise RetirementError(f"PostgreSQL {name} runs outside of {unit} and was not stopped; stop it by hand")
    return steps


def revive(configuration_directory: Path, *, check: bool = False) -> list[str]:
    """Let a retired cluster start with its host again, and return what was or would be done; one that a person has disabled stays so."""
    if not successor(configuration_directory):
        return []
    if not check:
        write_text(start_file(configuration_directory, "auto\n"))
    return ["let the server start with its host again"]
