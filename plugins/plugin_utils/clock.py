# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clocks of controller and hosts, and times as they stand in variables."""

from __future__ import annotations

from datetime import UTC, datetime

from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract_values import YEARS

__all__ = ["ClockError", "moment", "skew_seconds"]


class ClockError(OpsError):
    """A time cannot be told, or a clock is wrong."""


def skew_seconds(before: float, host: float, after: float) -> float:
    """Return how far a host's clock is ahead of the controller's at least, in seconds; negative where it is behind.

    Args:
        before, after: the controller's clock before asking and after the answer; host: the host's answer in between (all epoch seconds).
    """
    if host > after:
        return host - after
    return min(host - before, 0.0)


def moment(text: str, now: datetime, *, rehearsal: bool, allowed: bool) -> datetime:
    """Return the moment that an operation takes for now: the clock's or, in a rehearsal only, the one that `operation_now` gives.

    Args:
        rehearsal: whether this is one; allowed: whether the site lets a rehearsal change it (a test site), or nothing is changed (check mode).

    Raises:
        ClockError: a time is given without a rehearsal, on a site that allows none, or is no time with its zone, of years that a contract may speak of.
    """
    if rehearsal and not allowed:
        raise ClockError(
            "a rehearsal would do real work on a real site, past its window and counting for nothing; use --check, or set "
            "operation_rehearsals_allowed in the inventory of a site that serves nobody"
        )
    if not text:
        return now
    if not rehearsal:
        raise ClockError(
            f"operation_now={text} is for rehearsals; add operation_rehearsal=true (such a run counts for no obligation), or leave it out"
        )
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise ClockError(f"operation_now {text!r} is no time; write it like 2026-10-01T23:00:00+08:00") from None
    if given.tzinfo is None:
        raise ClockError(f"operation_now {text!r} has no time zone; write it like 2026-10-01T23:00:00+08:00")
    if given.year not in YEARS:
        raise ClockError(f"operation_now {text!r} lies outside {YEARS[0]} to {YEARS[-1]}; give a time of these years")
    return given.astimezone(UTC)
