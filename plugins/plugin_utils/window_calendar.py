# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The days to come as a table for a person to check: kind of day, when disruptive work may run, freezes."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.plugin_utils.approval import approver_keys
from ansible_collections.traumalink.ops.plugins.plugin_utils.awx_approval import awx_approvers
from ansible_collections.traumalink.ops.plugins.plugin_utils.calendar import Calendar, Day
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import Contract
from ansible_collections.traumalink.ops.plugins.plugin_utils.openings import (
    ONE_DAY,
    Opening,
    Span,
    openings,
)
from ansible_collections.traumalink.ops.plugins.plugin_utils.policy import POLICIES, policy_of

__all__ = ["CalendarError", "approval_warning", "calendar_lines"]

MOST_DAYS = 400


class CalendarError(OpsError):
    """The table cannot be made."""


def calendar_lines(contract: Contract, start: datetime, days: int) -> list[str]:
    """Return a heading, a line for each day from the one of `start` (aware) on, and a line for each warning.

    Raises:
        CalendarError: the number of days is none, or too large.
    """
    if not 1 <= days <= MOST_DAYS:
        raise CalendarError(f"{days} is no number of days to show, write one from 1 to {MOST_DAYS}")
    calendar = Calendar(contract.calendar)
    first = start.astimezone(contract.zone).date()
    shown = [calendar.day(first + number * ONE_DAY) for number in range(days)]
    begin, end = _whole_day(contract, shown[0])[0], _whole_day(contract, shown[-1])[1]
    open_times = [item for item in openings(contract, begin, end) if item.last_start > item.opens]
    heading = f"{'date':10}  {'weekday':9}  {'kind of day':30}  disruptive work may run ({contract.timezone.key})"
    warnings = [f"warning: {text}" for text in calendar.warnings(first)]
    return [heading, *(_line(contract, day, open_times) for day in shown), *warnings]


def approval_warning(contract: Contract) -> list[str]:
    """Return a line that says that nobody can give the approvals that the contract wants; none where somebody can."""
    if approver_keys([contact.model_dump() for contact in contract.contacts]) or awx_approvers(contract):
        return []
    verbs = [verb for verb in POLICIES if policy_of(verb, contract.stricter).approval == "required"]
    return [
        f"warning: {', '.join(verbs)} need the hospital's approval, which nobody can give: no contact of the side hospital with the role approver "
        "has signing_keys; write the line of that person's .pub file there"
    ]


def _line(contract: Contract, day: Day, open_times: list[Opening]) -> str:
    begin, end = span = _whole_day(contract, day)
    times = ", ".join(_times(contract, item, span) for item in open_times if item.opens < end and begin < item.closes)
    freezes = [
        f"freeze {freeze.name} ({freeze.reason})"
        for freeze in contract.freezes
        for frozen in [freeze.span(contract.zone)]
        if frozen[0] < end and begin < frozen[1]
    ]
    return f"{day.date}  {day.date:%A}".ljust(23) + f"{day.words:30}  " + "; ".join([times or "not at all", *freezes])


def _times(contract: Contract, opening: Opening, day: Span) -> str:
    """Return what of an opening falls on a day, and from when on nothing starts any more."""
    begin, end = max(opening.opens, day[0]), min(opening.closes, day[1])
    until = "24:00" if end == day[1] else f"{end.astimezone(contract.zone):%H:%M}"
    text = f"{begin.astimezone(contract.zone):%H:%M}-{until}"
    if opening.last_start <= begin:
        return f"{text} (nothing starts)"
    if opening.last_start < end:
        return f"{text} (starts before {opening.last_start.astimezone(contract.zone):%H:%M})"
    return text


def _whole_day(contract: Contract, day: Day) -> Span:
    midnight = datetime.combine(day.date, time(), contract.zone)
    return midnight, midnight + timedelta(days=1)
