"""Single values: what people and YAML write is read, anything else is answered with what to write."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils import contract_values as values
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract_values import TimeRange
from hypothesis import given
from hypothesis import strategies as st

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIClQKJf735BC6pN6A4xgUvBtvGQI3X9toGhlI27nfSXO"


@pytest.mark.parametrize(
    ("read", "value", "expected"),
    [
        (values.read_time, "00:00", time(0)),
        (values.read_time, "23:59", time(23, 59)),
        (values.read_range, "08:00-12:00", TimeRange(480, 720)),
        (values.read_range, "22:00-06:00", TimeRange(1320, 1800)),
        (values.read_range, "00:00-24:00", TimeRange(0, 1440)),
        (values.read_range, "12:00-00:00", TimeRange(720, 1440)),
        (values.read_ranges, [], ()),
        (values.read_one_or_more_ranges, "01:00-04:00", (TimeRange(60, 240),)),
        (values.read_one_or_more_ranges, ["01:00-04:00"], (TimeRange(60, 240),)),
        (values.read_days, "any", ("any",)),
        (values.read_days, ["saturday", "sunday"], ("saturday", "sunday")),
        (values.read_dates, [], ()),
        (
            values.read_dates,
            ["2027-02-05", "2027-02-28/2027-03-01"],
            tuple(map(date.fromisoformat, ("2027-02-05", "2027-02-28", "2027-03-01"))),
        ),
        (values.read_moment, "2026-12-01", date(2026, 12, 1)),
        (values.read_moment, "2026-12-01T18:00", datetime(2026, 12, 1, 18)),  # noqa: DTZ001 - the site's clock
        (values.read_moment, "2026-12-01T18:00+08:00", datetime.fromisoformat("2026-12-01T18:00+08:00")),
        (values.read_key, KEY, KEY),
        (values.read_key, f"{KEY} li.na@hospital\n", f"{KEY} li.na@hospital"),
    ],
)
def test_reads(read: Any, value: object, expected: object) -> None:
    assert read(value) == expected


@pytest.mark.parametrize(
    ("read", "value", "message"),
    [
        (values.read_time, 480, '480 is no time of day, write "08:00" in quotes'),
        (values.read_time, 1440, '1440 is no time of day, write for example "22:00" in quotes'),
        (values.read_time, True, 'true is no time of day, write for example "22:00" in quotes'),
        (values.read_time, "8:00", '"8:00" is no time of day'),
        (values.read_time, "24:00", '"24:00" is no time of day'),
        (values.read_time, "22:00:00", '"22:00:00" is no time of day'),
        (values.read_range, "24:00-06:00", '"24:00-06:00" is no range of hours'),
        (values.read_range, 8, "8 is no range of hours"),
        (values.read_range, "00:00-00:00", '"00:00-00:00" lasts no time, write "00:00-24:00" for the whole day'),
        (values.read_ranges, "08:00-12:00", '"08:00-12:00" is no list of hours'),
        (values.read_one_or_more_ranges, {}, "{} is no list of hours"),
        (values.read_days, [], "no day is given, write any, workday, restday, or names such as [saturday, sunday]"),
        (values.read_days, ["mon", "any", 7], '"mon" is no kind of day, write monday; 7 is no kind of day, write any'),
        (values.read_days, "holiday", '"holiday" is no kind of day, write restday'),
        (values.read_days, "Weekdays", '"Weekdays" is no kind of day, write workday'),
        (values.read_days, None, "null is no kind of day"),
        (values.read_dates, "2027-02-05", '"2027-02-05" is no list of dates'),
        (values.read_dates, ["20270205"], '"20270205" is no date'),
        (values.read_dates, [20270205], "20270205 is no date"),
        (values.read_dates, ["2027-01-01/2027-12-31"], '"2027-01-01/2027-12-31" is no stretch of days'),
        (values.read_dates, ["2027-01-01/2027-01-02/2027-01-03"], '"2027-01-01/2027-01-02/2027-01-03" is no stretch'),
        (values.read_moment, 20261201, "20261201 is no date"),
        (values.read_zone, 8, "8 is no time zone"),
        (values.read_zone, "UTC+8", '"UTC+8" is no time zone'),
        (values.read_key, None, "is no public key"),
        (values.read_key, "ssh-ed25519 AAAA", "is no public key"),
        (values.read_key, f"{KEY} one\n{KEY} two", "is no public key"),
    ],
)
def test_says_what_to_write(read: Any, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=r"write") as caught:
        read(value)
    assert str(caught.value).startswith(message)


def test_a_secret_that_was_pasted_is_not_repeated() -> None:
    with pytest.raises(ValueError, match="public key") as caught:
        values.read_key("-----BEGIN OPENSSH PRIVATE KEY----- b3BlbnNz")
    assert "b3BlbnNz" not in str(caught.value)


@given(st.integers(0, 1439), st.integers(1, 1440))
def test_what_is_shown_of_hours_can_be_read(start: int, length: int) -> None:
    shown = TimeRange(start, start + length)
    if length < 1440 or start == 0:  # a whole day is written from midnight on
        assert values.read_range(str(shown)) == shown
    assert len(shown.minutes()) == length
