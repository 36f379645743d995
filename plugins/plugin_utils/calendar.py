# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which days are worked: the State Council's holidays and make-up working days, as chinesecalendar has them, and the contract's overrides.

No date is guessed: a year that neither knows is unknown, every day of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from ansible_collections.traumalink.ops.plugins.plugin_utils.contract_parts import CalendarRules, Override
from chinese_calendar import constants

__all__ = ["Calendar", "Day", "Kind", "published_years"]

Kind = Literal["workday", "restday", "unknown"]
NAMES = {holiday.value: holiday.name for holiday in constants.Holiday}
NEW_YEAR = "new_years_day"
NOTICE_MONTH = 11  # the State Council's notice for the next year comes in the last months of a year


@dataclass(frozen=True)
class Day:
    """A date and what the calendar knows of it.

    Attributes:
        holiday: the holiday that it belongs to, by its name in a contract; "" on any other day.
        make_up: a weekend day that is worked for a holiday.
    """

    date: date
    kind: Kind
    holiday: str = ""
    make_up: bool = False

    @property
    def words(self) -> str:
        """Return the kind as one says it: restday (spring festival)."""
        if self.make_up:
            return "workday (make-up)"
        return f"{self.kind} ({self.holiday.replace('_', ' ')})" if self.holiday else self.kind


def published_years() -> frozenset[int]:
    """Return the years whose notice the package has: the October holidays are in every notice."""
    october = constants.Holiday.national_day.value
    return frozenset(day.year for day, name in constants.holidays.items() if name == october)


@dataclass(frozen=True)
class Calendar:
    """The calendar of one contract."""

    rules: CalendarRules

    def knows(self, year: int) -> bool:
        """Tell whether a year is published: by the package, or by the contract's override where that names any day."""
        if self.rules.country != "CN":
            return True
        override = self._override(year)
        return year in published_years() or bool(override.days_off() or override.work)

    def day(self, day: date) -> Day:
        """Return what is known of a date."""
        override = self._override(day.year)
        holiday = self._holiday(day)
        weekend = day.weekday() >= 5
        if day in override.work:
            return Day(day, "workday", make_up=weekend)
        if day in override.days_off():
            return Day(day, "restday", holiday)
        if not self.knows(day.year):
            return Day(day, "unknown")
        if self.rules.country == "CN" and day in constants.workdays:
            return Day(day, "workday", make_up=weekend)
        if holiday:
            return Day(day, "restday", holiday)
        return Day(day, "restday" if weekend else "workday")

    def holiday(self, name: str, year: int) -> tuple[date, date] | None:
        """Return the first and last day off of a holiday of a year, or None where nobody has published it.

        New Year's days off of a year may begin in the December before it.
        """
        named = self._override(year).holidays.get(name, ())  # type: ignore[call-overload]
        days = sorted(named or self._packaged(name, year))
        return (days[0], days[-1]) if days else None

    def warnings(self, today: date) -> list[str]:
        """Return what is missing from the calendar: this year, or from 1 November on the next one."""
        years = [today.year] + ([today.year + 1] if today.month >= NOTICE_MONTH else [])
        return [
            f"the holidays of {year} are not known to this controller: on its days disruptive work runs in the contract's "
            f"always-safe hours alone; update chinesecalendar on the controller, or write the State Council's notice under "
            f"calendar.overrides.{year}"
            + (f" (it may change the last days of {year - 1} too)" if year > today.year else "")
            for year in years
            if not self.knows(year)
        ]

    def _override(self, year: int) -> Override:
        return self.rules.overrides.get(year, Override.model_construct())

    def _holiday(self, day: date) -> str:
        """Return the holiday that a date is off for, "" where it is none; the contract's word counts before the package's."""
        for name, days in self._override(day.year).holidays.items():
            if day in days:
                return name
        return NAMES[constants.holidays[day]] if self.rules.country == "CN" and day in constants.holidays else ""

    def _packaged(self, name: str, year: int) -> list[date]:
        """Return the package's days off of a holiday; none in a country or year that it does not know."""
        if self.rules.country != "CN" or year not in published_years():
            return []
        days = [day for day, value in constants.holidays.items() if NAMES[value] == name]
        return [day for day in days if (day.year + (name == NEW_YEAR and day.month == 12)) == year]
