# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Periods of a rhythm: the days, weeks, months, quarters, half years and years in which an obligation recurs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

__all__ = ["Period", "period_of", "periods"]

ONE_DAY = timedelta(days=1)
MONTHS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}


@dataclass(frozen=True)
class Period:
    """A stretch of whole days.

    Attributes:
        label: how reports call it: 2026-11-25, 2026-W48 (ISO 8601), 2026-11, 2026-Q4, 2026-H2, 2026.
        first, last: its days; both belong to it.
    """

    label: str
    first: date
    last: date

    def overlaps(self, first: date, last: date) -> bool:
        """Tell whether it shares a day with another stretch."""
        return self.first <= last and first <= self.last

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


def periods(kind: str, first: date, last: date) -> Iterator[Period]:
    """Yield every period of a kind that shares a day with the stretch from `first` to `last`, in order."""
    day = first
    while day <= last:
        period = period_of(kind, day)
        yield period
        day = period.last + ONE_DAY


def period_of(kind: str, day: date) -> Period:
    """Return the period of a kind (day, week, month, quarter, half_year, year) in which a day lies."""
    if kind == "day":
        return Period(day.isoformat(), day, day)
    if kind == "week":
        monday = day - timedelta(days=day.weekday())
        year, week, _weekday = day.isocalendar()
        return Period(f"{year}-W{week:02}", monday, monday + timedelta(days=6))
    length = MONTHS[kind]
    number = (day.month - 1) // length  # of the period in its year, from 0
    first = date(day.year, number * length + 1, 1)
    after = date(day.year + (number + 1) * length // 12, (number + 1) * length % 12 + 1, 1)
    name = {"month": f"-{day.month:02}", "quarter": f"-Q{number + 1}", "half_year": f"-H{number + 1}", "year": ""}[kind]
    return Period(f"{day.year}{name}", first, after - ONE_DAY)
