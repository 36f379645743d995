# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stretches of time in which disruptive work may run, out of a contract's windows, freezes, hours and calendar (clause 2.3).

Everything is turned into stretches of UTC first, so that midnight and clock changes need no rule of their own: a window opens by the clock on the wall
(a time that the clock skips, or shows twice, is taken as RFC 5545, 3.3.5 takes it) and lasts its duration of real time.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from ansible_collections.traumalink.ops.plugins.plugin_utils.calendar import Calendar, Day
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import Contract
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract_parts import Window
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract_values import DAY_MINUTES, WEEKDAYS, TimeRange

__all__ = ["ONE_DAY", "Opening", "Span", "hours_span", "openings", "worked_hours"]

ONE_DAY = timedelta(days=1)
Span = tuple[datetime, datetime]  # begin and end in UTC; the end does not belong to it


@dataclass(frozen=True)
class Opening:
    """A stretch in which disruptive work may run, without a break.

    Attributes:
        opens, closes: UTC; closes does not belong to it.
        last_start: UTC; from then on nothing starts (its cutoff).
        names: the windows that make it.
    """

    opens: datetime
    closes: datetime
    last_start: datetime
    names: tuple[str, ...]


def openings(contract: Contract, since: datetime, until: datetime) -> list[Opening]:
    """Return all stretches of disruptive work that end after `since` and begin before `until`, in order.

    One that goes on beyond `until` is cut somewhere after it.
    """
    longest = max((window.duration for window in contract.windows), default=timedelta())
    first = since.astimezone(contract.zone).date() - longest - 2 * ONE_DAY
    last = until.astimezone(contract.zone).date() + ONE_DAY
    calendar = Calendar(contract.calendar)
    days = [calendar.day(first + number * ONE_DAY) for number in range((last - first).days + 1)]
    reach = [calendar.day(last + number * ONE_DAY) for number in range(1, longest.days + 3)]
    closed = _denied(contract, [*days, *reach])
    pieces: list[Opening] = []
    for day in days:
        for opening in _opened(contract, day):
            pieces += _without(opening, closed)
    pieces.sort(key=lambda piece: piece.opens)
    merged: list[Opening] = []
    for piece in pieces:
        if merged and piece.opens <= merged[-1].closes:
            merged[-1] = _joined(merged[-1], piece)
        else:
            merged.append(piece)
    return [opening for opening in merged if opening.closes > since and opening.opens < until]


def _opened(contract: Contract, day: Day) -> list[Opening]:
    """Return what opens on a day: its windows, or on an unknown day the always-safe hours."""
    zone = contract.zone
    if day.kind == "unknown":
        # Cut at midnight: hours that pass it begin on a day that may be known, and end on one that may be.
        spans = [hours_span(day.date, hours, zone) for hours in _hours(_safe_minutes(contract.calendar.always_safe))]
        return [Opening(opens, closes, closes, ("always-safe hours",)) for opens, closes in spans]
    found = []
    for window in contract.windows:
        if _opens_on(window, day):
            opens = _instant(day.date, window.start.hour * 60 + window.start.minute, zone)
            found.append(Opening(opens, opens + window.duration, opens + window.last_start, (window.name,)))
    return found


def _opens_on(window: Window, day: Day) -> bool:
    return any(name in ("any", day.kind, WEEKDAYS[day.date.weekday()]) for name in window.days)


def worked_hours(contract: Contract, day: Day) -> tuple[TimeRange, ...]:
    """Return the working hours that begin on a day; none on a day of which nobody knows whether it is worked."""
    if day.kind == "unknown":
        return ()
    return contract.working_hours.workday if day.kind == "workday" else contract.working_hours.restday


def _denied(contract: Contract, days: Sequence[Day]) -> list[Span]:
    """Return every stretch in which nothing disruptive may run, in order and apart: freezes, working hours, unknown days outside the safe hours."""
    zone = contract.zone
    unsafe = _hours(set(range(DAY_MINUTES)) - _safe_minutes(contract.calendar.always_safe))
    spans = [freeze.span(zone) for freeze in contract.freezes]
    for day in days:
        hours = unsafe if day.kind == "unknown" else worked_hours(contract, day)
        spans += [hours_span(day.date, span, zone) for span in hours]
    apart: list[Span] = []
    for begin, end in sorted(spans):
        if apart and begin <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(apart[-1][1], end))
        elif begin < end:
            apart.append((begin, end))
    return apart


def _safe_minutes(always_safe: Iterable[TimeRange]) -> set[int]:
    """Return the minutes of a day that are always safe."""
    return set().union(*(hours.minutes() for hours in always_safe))


def _hours(minutes: Collection[int]) -> list[TimeRange]:
    """Return minutes of one day as hours, none of which passes midnight."""
    found: list[TimeRange] = []
    for minute in sorted(minutes):
        if found and found[-1].end_minutes == minute:
            found[-1] = replace(found[-1], end_minutes=minute + 1)
        else:
            found.append(TimeRange(minute, minute + 1))
    return found


def _without(opening: Opening, closed: Sequence[Span]) -> list[Opening]:
    """Return what is left of an opening outside the closed stretches, which are in order and apart."""
    left, opens = [], opening.opens
    for begin, end in closed[bisect(closed, opens, key=lambda span: span[1]) :]:
        if begin >= opening.closes:
            break
        if opens < begin:
            left.append(replace(opening, opens=opens, closes=begin, last_start=min(opening.last_start, begin)))
        opens = end
    return [*left, replace(opening, opens=opens)] if opens < opening.closes else left


def _joined(first: Opening, second: Opening) -> Opening:
    """Return two openings that touch as one: what may start latest in one of them may start."""
    return Opening(
        first.opens,
        max(first.closes, second.closes),
        max(first.last_start, second.last_start),
        first.names + tuple(name for name in second.names if name not in first.names),
    )


def _instant(day: date, minutes: int, zone: tzinfo, fold: int = 0) -> datetime:
    """Return the moment at which the clock on the wall shows so many minutes after midnight of a day; `fold` as datetime has it."""
    wall = datetime.combine(day + ONE_DAY * (minutes // DAY_MINUTES), time(), zone) + timedelta(
        minutes=minutes % DAY_MINUTES
    )
    return wall.replace(fold=fold).astimezone(UTC)


def hours_span(day: date, hours: TimeRange, zone: tzinfo) -> Span:
    """Return hours of a day in UTC; where the clock changes at their begin or end, the longer stretch."""
    begins = [_instant(day, hours.start_minutes, zone, fold) for fold in (0, 1)]
    ends = [_instant(day, hours.end_minutes, zone, fold) for fold in (0, 1)]
    return min(begins), max(ends)
