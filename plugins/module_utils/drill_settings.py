# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of the scratch server of a drill: cut off from production, small, and still able to replay its WAL."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

__all__ = ["HBA", "control_values", "preloads", "scratch_settings", "settings_text"]

# Who can enter the socket's folder (the drill's system user alone) may be any role.
HBA = "local all all trust\n"

# A standby needs at least what the primary had (PostgreSQL documentation, 27.4.3 "Administrator's Overview"), with the server's
# defaults as the least. Names as pg_controldata prints them.
AT_LEAST = {
    "max_connections": ("max_connections setting", 100),
    "max_worker_processes": ("max_worker_processes setting", 8),
    "max_wal_senders": ("max_wal_senders setting", 10),
    "max_prepared_transactions": ("max_prepared_xacts setting", 0),
    "max_locks_per_transaction": ("max_locks_per_xact setting", 64),
}


def control_values(text: str) -> dict[str, str]:
    """Return what `pg_controldata` printed, by name."""
    pairs = (line.split(":", 1) for line in text.splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, value in pairs}


def preloads(auto_conf: str, asked: Iterable[str], libraries: Path) -> tuple[list[str], list[str]]:
    """Return the libraries to load with the server, and those that production names and that are not installed here.

    Args:
        auto_conf: postgresql.auto.conf of the restored data: what ALTER SYSTEM has set.
        asked: libraries that production loads by its other files.
        libraries: where PostgreSQL's libraries lie on this host.
    """
    found = re.findall(r"^\s*shared_preload_libraries\s*=?\s*'((?:[^']|'')*)'", auto_conf, re.M)
    named = [word.strip(' "') for word in (found[-1] if found else "").split(",")]
    wanted = list(dict.fromkeys(name for name in [*asked, *named] if name))
    there = [name for name in wanted if (libraries / f"{name.rsplit('/', 1)[-1]}.so").is_file()]
    return there, [name for name in wanted if name not in there]


def scratch_settings(
    control: Mapping[str, str],
    socket: Path,
    restore_command: str,
    libraries: Sequence[str],
    target_lsn: str | None,
    timeline: int,
) -> dict[str, str]:
    """Return the settings of the scratch server.

    Args:
        control: what pg_controldata says of the data now.
        target_lsn: replay stops before the first record at or after it and pauses; None replays to the end and opens the server.
        timeline: along which WAL is replayed.
    """
    settings = {
        # Production never hears of it: no WAL, no connection, no job of a logical replication.
        "archive_mode": "off",
        "listen_addresses": "",
        "max_logical_replication_workers": "0",
        "ssl": "off",
        "unix_socket_directories": str(socket),
        "unix_socket_permissions": "0700",
        "shared_preload_libraries": ",".join(libraries),
        "session_replication_role": "replica",  # event triggers are somebody's programs
        "autovacuum": "off",  # it is gone in minutes
        "hot_standby": "on",
        "restore_command": restore_command,
        "recovery_target_timeline": str(timeline),
        # Beside the repository's own work on this host.
        "shared_buffers": "128MB",
        "maintenance_work_mem": "64MB",
        "max_wal_size": "512MB",
        "huge_pages": "off",
        "jit": "off",
        # What is read from the log is English, and says nothing of anybody's data.
        "lc_messages": "C",
        "log_line_prefix": "",
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
        "log_statement": "none",
        "logging_collector": "off",
    }
    for name, (printed, least) in AT_LEAST.items():
        settings[name] = str(max(least, int(control.get(printed) or 0)))
    if target_lsn is not None:
        settings |= {
            "recovery_target_lsn": target_lsn,
            "recovery_target_inclusive": "off",
            "recovery_target_action": "pause",
        }
    return settings


def settings_text(settings: Mapping[str, str]) -> str:
    """Return the settings as postgresql.conf (documentation, 20.1.2: a quote is doubled)."""
    quoted = {name: value.replace("\\", "\\\\").replace("'", "''") for name, value in settings.items()}
    return "".join(f"{name} = '{value}'\n" for name, value in quoted.items())
