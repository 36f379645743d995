"""The calendar: published years, overrides, and years that nobody knows."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.calendar import Calendar, published_years
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract_parts import CalendarRules


def calendar(**rules: Any) -> Calendar:
    """Return a calendar by a contract's rules."""
    return Calendar(CalendarRules.model_validate_json(json.dumps(rules)))


def test_the_package_knows_the_years_that_the_tests_speak_of() -> None:
    assert {2024, 2025, 2026} <= published_years()
    assert 2027 not in published_years()  # when chinesecalendar has it, the tests of an unknown year move on


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2026-11-25", "workday"),
        ("2026-11-28", "restday"),
        ("2026-02-17", "restday (spring festival)"),
        ("2026-02-14", "workday (make-up)"),
        ("2027-03-03", "unknown"),
        ("2027-03-06", "unknown"),
    ],
)
def test_says_what_kind_a_day_is(day: str, words: str) -> None:
    assert calendar().day(date.fromisoformat(day)).words == words


def test_an_override_changes_single_days_of_a_published_year() -> None:
    changed = calendar(overrides={"2026": {"off": ["2026-11-25"], "work": ["2026-11-28", "2026-02-17", "2026-11-24"]}})
    words = [
        changed.day(date(2026, month, day)).words for month, day in ((11, 25), (11, 28), (2, 17), (2, 18), (11, 24))
    ]
    assert words == ["restday", "workday (make-up)", "workday", "restday (spring festival)", "workday"]
    assert changed.day(date(2026, 11, 26)).kind == "workday"


def test_an_override_publishes_a_year() -> None:
    published = calendar(overrides={"2027": {"holidays": {"spring_festival": ["2027-02-05/2027-02-11"]}}})
    assert published.day(date(2027, 2, 5)).words == "restday (spring festival)"
    assert published.day(date(2027, 3, 3)).words == "workday"
    assert published.day(date(2027, 3, 6)).words == "restday"
    assert published.day(date(2028, 3, 6)).words == "unknown"
    assert published.holiday("spring_festival", 2027) == (date(2027, 2, 5), date(2027, 2, 11))
    assert published.holiday("national_day", 2027) is None


def test_an_override_that_names_no_day_publishes_nothing() -> None:
    assert calendar(overrides={"2027": {"off": [], "work": []}}).day(date(2027, 3, 3)).kind == "unknown"


def test_elsewhere_weekends_are_off_and_every_year_is_known() -> None:
    elsewhere = calendar(country="DE", overrides={"2030": {"off": ["2030-12-25"]}})
    assert [elsewhere.day(date(2030, 12, day)).kind for day in (24, 25, 28)] == ["workday", "restday", "restday"]
    assert elsewhere.day(date(2026, 2, 17)).kind == "workday"
    assert elsewhere.warnings(date(2030, 12, 1)) == []
    assert elsewhere.holiday("national_day", 2026) is None


@pytest.mark.parametrize(
    ("name", "year", "first", "last"),
    [
        ("spring_festival", 2024, "2024-02-10", "2024-02-17"),
        ("spring_festival", 2025, "2025-01-28", "2025-02-04"),
        ("labour_day", 2025, "2025-05-01", "2025-05-05"),
        ("national_day", 2025, "2025-10-01", "2025-10-08"),
        ("mid_autumn_festival", 2025, "2025-10-06", "2025-10-06"),
        ("new_years_day", 2019, "2018-12-30", "2019-01-01"),
        ("new_years_day", 2018, "2018-01-01", "2018-01-01"),
    ],
)
def test_knows_a_holidays_days_off(name: str, year: int, first: str, last: str) -> None:
    assert calendar().holiday(name, year) == (date.fromisoformat(first), date.fromisoformat(last))


def test_the_contracts_days_of_a_holiday_count_before_the_packages() -> None:
    changed = calendar(overrides={"2026": {"holidays": {"labour_day": ["2026-05-01/2026-05-03"]}}})
    assert changed.holiday("labour_day", 2026) == (date(2026, 5, 1), date(2026, 5, 3))
    assert changed.holiday("national_day", 2026) == (date(2026, 10, 1), date(2026, 10, 7))


@pytest.mark.parametrize(
    ("today", "years"),
    [
        ("2026-10-31", []),
        ("2026-11-01", [2027]),
        ("2026-12-31", [2027]),
        ("2027-01-01", [2027]),
        ("2027-11-01", [2027, 2028]),
    ],
)
def test_warns_from_november_on(today: str, years: list[int]) -> None:
    warnings = calendar().warnings(date.fromisoformat(today))
    assert [f"calendar.overrides.{year}" in text for year, text in zip(years, warnings, strict=True)] == [True] * len(
        years
    )
    known = calendar(overrides={str(year): {"off": [f"{year}-10-01"]} for year in years})
    assert known.warnings(date.fromisoformat(today)) == []
