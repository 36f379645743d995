"""Every day of three years, against an independent oracle and against the State Council's notices.

The oracle is the package `holidays`, which follows the notices on its own. The notices (国务院办公厅关于…部分节假日安排的通知), whose numbers,
dates and days below were compared with published copies of their whole text (2024: zh.wikisource.org; 2025, 2026: Xinhua, by gmw.cn and others):

    2024  国办发明电〔2023〕7号, 2023-10-25    https://www.gov.cn/zhengce/content/202310/content_6911527.htm
    2025  国办发明电〔2024〕12号, 2024-11-12   https://www.gov.cn/zhengce/content/202411/content_6986382.htm
    2026  国办发明电〔2025〕7号, 2025-11-04    https://www.gov.cn/gongbao/2025/issue_12406/202511/content_7048922.html
"""

from __future__ import annotations

from datetime import date, timedelta

import holidays
import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.calendar import Calendar
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract_parts import CalendarRules

YEARS = (2024, 2025, 2026)
# Days off of each holiday, first and last, and make-up working days, as the notices have them.
NOTICES = {
    2024: (
        {
            "spring_festival": ("02-10", "02-17"),
            "tomb_sweeping_day": ("04-04", "04-06"),
            "labour_day": ("05-01", "05-05"),
            "dragon_boat_festival": ("06-10", "06-10"),
            "mid_autumn_festival": ("09-15", "09-17"),
            "national_day": ("10-01", "10-07"),
        },
        ["02-04", "02-18", "04-07", "04-28", "05-11", "09-14", "09-29", "10-12"],
    ),
    2025: (
        {
            "new_years_day": ("01-01", "01-01"),
            "spring_festival": ("01-28", "02-04"),
            "tomb_sweeping_day": ("04-04", "04-06"),
            "labour_day": ("05-01", "05-05"),
            "dragon_boat_festival": ("05-31", "06-02"),
            "national_day": ("10-01", "10-08"),
        },
        ["01-26", "02-08", "04-27", "09-28", "10-11"],
    ),
    2026: (
        {
            "new_years_day": ("01-01", "01-03"),
            "spring_festival": ("02-15", "02-23"),
            "tomb_sweeping_day": ("04-04", "04-06"),
            "labour_day": ("05-01", "05-05"),
            "dragon_boat_festival": ("06-19", "06-21"),
            "mid_autumn_festival": ("09-25", "09-27"),
            "national_day": ("10-01", "10-07"),
        },
        ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"],
    ),
}
CALENDAR = Calendar(CalendarRules())


def days_of(year: int) -> list[date]:
    """Return every day of a year."""
    first = date(year, 1, 1)
    return [first + timedelta(days=number) for number in range((date(year + 1, 1, 1) - first).days)]


@pytest.mark.parametrize("year", YEARS)
def test_every_day_is_as_the_oracle_has_it(year: int) -> None:
    oracle = holidays.country_holidays("CN", years=[year])
    expected = {day: "workday" if oracle.is_working_day(day) else "restday" for day in days_of(year)}
    assert {day: CALENDAR.day(day).kind for day in days_of(year)} == expected
    assert len(expected) == (366 if year == 2024 else 365)


@pytest.mark.parametrize("year", YEARS)
def test_make_up_days_are_those_of_the_notice(year: int) -> None:
    found = [day for day in days_of(year) if CALENDAR.day(day).make_up]
    assert [f"{day:%m-%d}" for day in found] == NOTICES[year][1]
    assert all(day.weekday() >= 5 for day in found)


@pytest.mark.parametrize(
    ("year", "name", "first", "last"),
    [(year, name, *days) for year, (named, _work) in NOTICES.items() for name, days in named.items()],
)
def test_days_off_are_those_of_the_notice(year: int, name: str, first: str, last: str) -> None:
    found = CALENDAR.holiday(name, year)
    assert found == (date.fromisoformat(f"{year}-{first}"), date.fromisoformat(f"{year}-{last}"))
    assert all(CALENDAR.day(day).kind == "restday" for day in days_of(year) if found[0] <= day <= found[1])


@pytest.mark.parametrize("year", range(2004, 2027))
def test_every_weekday_that_is_off_belongs_to_a_holiday(year: int) -> None:
    off = [CALENDAR.day(day) for day in days_of(year) if day.weekday() < 5 and CALENDAR.day(day).kind == "restday"]
    assert [day.date for day in off if not day.holiday] == []


@pytest.mark.parametrize("year", [2003, 2027, 2028])
def test_no_day_of_an_unpublished_year_is_guessed(year: int) -> None:
    assert {CALENDAR.day(day).kind for day in days_of(year)} == {"unknown"}
