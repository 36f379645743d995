# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether disruptive work may start at a moment, why, and when it may next (clause 2.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Literal

from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.plugin_utils.calendar import Calendar
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import Contract
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract_values import YEARS
from ansible_collections.traumalink.ops.plugins.plugin_utils.duration import duration_text, read_duration
from ansible_collections.traumalink.ops.plugins.plugin_utils.openings import (
    ONE_DAY,
    Opening,
    hours_span,
    openings,
    worked_hours,
)

__all__ = ["State", "WindowError", "WindowState", "read_at", "read_needs", "window_state"]

State = Literal["open", "closed", "frozen", "unknown"]
HORIZON = timedelta(days=400)
NEAR = timedelta(days=10)  # where the answer lies, nearly always


class WindowError(OpsError):
    """The question cannot be answered: a time without its zone, or of another century."""


@dataclass(frozen=True)
class WindowState:
    """The answer for one moment.

    Attributes:
        state: what a disruptive operation finds: open, closed, frozen, or unknown (a day that nobody has published).
        reason: why, in words, with the contract's local times.
        seconds_left: until the cutoff, a freeze or working hours; whole seconds, 0 where nothing may start.
        next_open: the next opening after this moment that is long enough for what is needed; None where there is none within 400 days. UTC.
        next_close: when the present opening closes, else when the next one does; None where that is further away. UTC.
        warnings: what the calendar will lack soon.
        fits: it is open, and what is needed ends before the cutoff.
    """

    state: State
    reason: str
    seconds_left: int
    next_open: datetime | None
    next_close: datetime | None
    warnings: tuple[str, ...]
    fits: bool

    def as_data(self, zone: tzinfo = UTC) -> dict[str, Any]:
        """Return it as plain data, times as ISO 8601 in `zone`."""

        def text(moment: datetime | None) -> str | None:
            return moment.astimezone(zone).isoformat() if moment else None

        return {
            "state": self.state,
            "reason": self.reason,
            "seconds_left": self.seconds_left,
            "next_open": text(self.next_open),
            "next_close": text(self.next_close),
            "warnings": list(self.warnings),
            "fits": self.fits,
        }


def window_state(contract: Contract, at: datetime, needs: timedelta | None = None) -> WindowState:
    """Return whether disruptive work may start at a moment, and when it may next.

    Args:
        at: the moment, aware.
        needs: expected time of work and rollback together; None asks for no room.

    Raises:
        WindowError: the moment has no time zone, or lies where no day before or after it can be counted.
    """
    at = read_at(at).astimezone(UTC)
    answer = _answer(contract, at, needs, at + NEAR)
    if answer.next_open is None or answer.next_close is None:  # nothing so near: look further
        answer = _answer(contract, at, needs, at + HORIZON)
    return answer


def read_at(value: object) -> datetime:
    """Return the moment that ISO 8601 text with an offset, or an aware datetime, gives.

    Raises:
        WindowError: it gives none, has no offset, or lies outside the years that a contract may speak of.
    """
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise WindowError(f'"{value}" is no time, write for example 2026-10-01T23:00:00+08:00') from error
    if moment.tzinfo is None:
        raise WindowError(f'"{value}" has no time zone, write for example {moment.isoformat()}+08:00')
    if moment.year not in YEARS:
        raise WindowError(f'"{value}" lies outside {YEARS[0]} to {YEARS[-1]}, write a time of these years')
    return moment


def read_needs(value: object) -> timedelta | None:
    """Return how long work and rollback take: a duration (1h30m), a number of seconds, or None for no room.

    Raises:
        DurationError: it is none of these.
    """
    if value is None or isinstance(value, timedelta):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9:
        return timedelta(seconds=value)
    return read_duration(value)


def _answer(contract: Contract, at: datetime, needs: timedelta | None, until: datetime) -> WindowState:
    """Return the answer out of what happens before `until`."""
    local = at.astimezone(contract.zone)
    found = openings(contract, at, until)
    now = next((opening for opening in found if opening.opens <= at < opening.last_start), None)
    later = next(
        (
            o
            for o in found
            if o.opens > at and o.last_start > o.opens and (not needs or o.last_start - o.opens >= needs)
        ),
        None,
    )
    left = int((min(now.last_start, until) - at).total_seconds()) if now else 0
    fits = now is not None and (needs is None or needs <= min(now.last_start, until) - at)
    state, reason = _why_open(contract, now) if now else _why_not(contract, at, found)
    if now and needs and not fits:
        reason += f"; work and rollback need {duration_text(needs)}, {duration_text(timedelta(seconds=left))} are left"
    shown = now or later
    return WindowState(
        state=state,
        reason=reason,
        seconds_left=left,
        next_open=later.opens if later else None,
        next_close=shown.closes if shown and shown.closes < until else None,
        warnings=tuple(Calendar(contract.calendar).warnings(local.date())),
        fits=fits,
    )


def _why_open(contract: Contract, opening: Opening) -> tuple[State, str]:
    """Return state and reason of a moment at which disruptive work may start."""
    last_start, closes = (_said(moment, contract.zone) for moment in (opening.last_start, opening.closes))
    return "open", f"{', '.join(opening.names)}: disruptive work may start before {last_start} and run until {closes}"


def _why_not(contract: Contract, at: datetime, found: Sequence[Opening]) -> tuple[State, str]:
    """Return state and reason of a moment at which nothing may start; the strongest rule is named."""
    zone = contract.zone
    for freeze in contract.freezes:
        begins, ends = freeze.span(zone)
        if begins <= at < ends:
            return "frozen", f"freeze {freeze.name} ({freeze.reason}) until {_said(ends, zone)}"
    calendar, today = Calendar(contract.calendar), at.astimezone(zone).date()
    day = calendar.day(today)
    if day.kind == "unknown":
        safe = ", ".join(str(hours) for hours in contract.calendar.always_safe)
        only = f"only the always-safe hours {safe} are open" if safe else "the contract has no always-safe hours"
        return "unknown", f"the holidays of {today.year} are not known to this controller, {only}"
    for start in (calendar.day(today - ONE_DAY), day):  # hours may pass midnight
        for hours in worked_hours(contract, start):
            begins, ends = hours_span(start.date, hours, zone)
            if begins <= at < ends:
                return "closed", f"working hours {hours} of {start.date}, a {start.words}"
    for opening in found:
        if opening.opens <= at:
            left = _said(opening.closes, zone)
            return "closed", f"{', '.join(opening.names)} closes at {left}, and nothing starts so shortly before"
    return "closed", f"no window is open at {_said(at, zone)}, a {day.words}"


def _said(moment: datetime, zone: tzinfo) -> str:
    """Return a moment as people at the site say it."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
