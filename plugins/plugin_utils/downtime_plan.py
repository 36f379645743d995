# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long an upgrade with downtime may keep a hospital waiting: the work, and the way back if it fails at its end. Both must fit before the cutoff."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ansible_collections.traumalink.ops.plugins.plugin_utils.duration import duration_words
from ansible_collections.traumalink.ops.plugins.plugin_utils.upgrade_gate import window_at

__all__ = ["DowntimePlan", "downtime_plan", "downtime_problem"]

# In place the old data is copied first, then what differs is brought back.
PASSES = 2
# The server starts and replays to the restore point, which lies right behind the backup.
REPLAY_SECONDS = 60.0


@dataclass(frozen=True)
class DowntimePlan:
    """Seconds of the work and of the way back, with nobody let in for both of them at most."""

    work_seconds: float
    back_seconds: float

    @property
    def needed_seconds(self) -> float:
        """The way back begins when the work has failed in its last moment."""
        return self.work_seconds + self.back_seconds


def downtime_plan(
    expected_seconds: float, database_bytes: float, bytes_per_second: float, start_seconds: float
) -> DowntimePlan:
    """Return how long it may take.

    Args:
        expected_seconds: of the migrations that are pending, as the vendor says.
        database_bytes: of the whole database.
        bytes_per_second: how fast it comes back.
        start_seconds: how long a version may take to stop, start and become healthy.

    Raises:
        ValueError: nothing comes back at that speed.
    """
    if bytes_per_second <= 0:
        raise ValueError(
            f"upgrade_restore_bytes_per_second is {bytes_per_second:g}; write how many bytes come back in a second"
        )
    back = PASSES * database_bytes / bytes_per_second + REPLAY_SECONDS + start_seconds
    return DowntimePlan(expected_seconds + start_seconds, back)


def downtime_problem(
    contract: object, plan: DowntimePlan, rehearsed_at: str, begun_at: str, now: datetime | None = None
) -> str:
    """Return why nobody may be shut out now, "" where it may begin; see `upgrade_gate.cutoff_problem`.

    Raises:
        OpsError: the contract or a time cannot be read.
    """
    state = window_at(contract, rehearsed_at, begun_at, now)
    if state.state != "open":
        return f"The window has closed meanwhile ({state.reason}), so nobody is shut out."
    if state.seconds_left < plan.needed_seconds:
        left, work, back = (
            duration_words(seconds) for seconds in (state.seconds_left, plan.work_seconds, plan.back_seconds)
        )
        return (
            f"{left} are left before the cutoff; the work with nobody let in may take {work} and going back to the restore point {back} more "
            "(upgrade_restore_bytes_per_second), so it does not begin. Begin earlier in the window, or agree on a longer one."
        )
    return ""
