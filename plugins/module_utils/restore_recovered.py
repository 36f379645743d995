# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server came back with: whether that is what was planned, and the figures of the record."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from .errors import OpsError
from .postgresql_server import Server
from .wal import position

__all__ = ["Recovered", "RecoveryError", "judge", "look", "lost_seconds"]

# Why a timeline was left stands in its history, behind the position: src/backend/access/transam/timeline.c
SWITCH = re.compile(r"^\s*\d+\s+([0-9A-F]+/[0-9A-F]+)\s*(.*)$", re.M)
ASKED = (
    "SELECT current_setting('data_directory'), pg_is_in_recovery(), timeline_id, coalesce(to_char(pg_last_xact_replay_timestamp() "
    "AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"+00:00\"'), '') FROM pg_control_checkpoint()"
)
HISTORY = (
    "SELECT coalesce(pg_read_file('pg_wal/' || upper(lpad(to_hex(timeline_id), 8, '0')) || '.history', 0, 1048576, true), '') "
    "FROM pg_control_checkpoint()"
)
AGAIN = "run traumalink.ops.restore again"


class RecoveryError(OpsError):
    """What came back is not what was planned."""


@dataclass(frozen=True)
class Recovered:
    """A server after a restore.

    Attributes:
        replayed_to: where the replay ended and the new timeline begins, "" where nothing says so; reason: PostgreSQL's own words for why there.
        last_commit: ISO 8601, "" where the server does not know it any more.
    """

    data_directory: str
    in_recovery: bool
    timeline: int
    replayed_to: str
    reason: str
    last_commit: str

    def facts(self) -> dict[str, Any]:
        """Return plain data for an Ansible result."""
        return asdict(self)


def look(server: Server) -> Recovered:
    """Ask a server what it came back with.

    Raises:
        ServerError: it does not answer.
    """
    ((data_directory, in_recovery, timeline, last_commit),) = server.query(ASKED)
    text = server.query(HISTORY)
    switches = SWITCH.findall("\n".join(row[0] for row in text if row))
    replayed_to, reason = switches[-1] if switches else ("", "")
    return Recovered(data_directory, in_recovery == "t", int(timeline), replayed_to, reason.strip(), last_commit)


def judge(found: Recovered, plan: Mapping[str, Any], data_directory: Path) -> None:
    """See that a server came back with what was planned.

    Args:
        plan: facts of a RestorePlan.

    Raises:
        RecoveryError: it did not; the application stays stopped.
    """
    stopped = "The application stays stopped."
    if Path(found.data_directory) != data_directory:
        raise RecoveryError(
            f"the data came back in {data_directory}, but the server serves {found.data_directory}. {stopped} Set postgresql_data_directory and "
            f"postgresql_port to what shall serve, and {AGAIN}"
        )
    if found.in_recovery:
        raise RecoveryError(
            f"the server still replays WAL and goes on by itself. {AGAIN.capitalize()}, which leaves the data to the server and waits on"
        )
    if not found.replayed_to:
        raise RecoveryError(
            f"the server is on timeline {found.timeline}, which has no history file: a restore begins a new timeline and writes one, so this data "
            f"did not come from it, or the file was removed. {stopped} Look whether {found.data_directory} holds what you expect, and {AGAIN}, "
            "which keeps it aside"
        )
    if position(found.replayed_to) < position(plan["reach"]):
        raise RecoveryError(
            f"the server replayed WAL to {found.replayed_to} only, and was to come to {plan['reach']} ({plan['goal']}): a segment between them is "
            f"missing or damaged, and what was committed there is not back. {stopped} Look for it in the repository; to serve with what came "
            "back, run traumalink.ops.site -e backup_loss_confirm=<site_name>"
        )
    if plan["beyond"] and position(found.replayed_to) > position(plan["beyond"]):
        raise RecoveryError(
            f"the server replayed WAL to {found.replayed_to}, beyond {plan['beyond']} where it was to stop ({plan['goal']}). {stopped} Look what "
            f"came back, and {AGAIN}"
        )


def lost_seconds(found: Recovered, plan: Mapping[str, Any]) -> float | None:
    """Return the RPO: from the last commit that came back to the last one that was wanted, as far as the archived WAL tells; None where it does not."""
    back = found.last_commit or plan["last_commit"]
    if not plan["wanted_commit"]:
        return None
    if not back:
        return None
    lost = datetime.fromisoformat(plan["wanted_commit"]) - datetime.fromisoformat(back)
    return max(0.0, round(lost.total_seconds(), 3))
