"""The window: one answer for a moment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import Contract, read_contract
from ansible_collections.traumalink.ops.plugins.plugin_utils.duration import DurationError
from ansible_collections.traumalink.ops.plugins.plugin_utils.window import (
    WindowError,
    WindowState,
    read_at,
    read_needs,
    window_state,
)

Make = Callable[..., dict[str, Any]]


def judged(contract: Contract, local: str, needs: timedelta | None = None) -> WindowState:
    """Judge a moment by the site's clock."""
    return window_state(contract, datetime.fromisoformat(local).replace(tzinfo=contract.zone), needs)


def test_says_all_of_an_open_window(contract_data: Make) -> None:
    contract = read_contract(contract_data())
    assert judged(contract, "2026-10-01T23:00").as_data(contract.zone) == {
        "state": "open",
        "reason": "nightly: disruptive work may start before 2026-10-02 04:15 and run until 2026-10-02 05:00",
        "seconds_left": 5 * 3600 + 900,
        "next_open": "2026-10-02T22:00:00+08:00",
        "next_close": "2026-10-02T05:00:00+08:00",
        "warnings": [],
        "fits": True,
    }
    assert judged(contract, "2026-10-01T23:00").next_close == datetime(2026, 10, 1, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("local", "state", "reason", "next_open"),
    [
        ("2026-11-25T10:00", "closed", "working hours 08:00-12:00 of 2026-11-25, a workday", "2026-11-25T22:00"),
        ("2026-11-25T19:00", "closed", "no window is open at 2026-11-25 19:00, a workday", "2026-11-25T22:00"),
        (
            "2026-11-25T04:15",
            "closed",
            "nightly closes at 2026-11-25 05:00, and nothing starts so shortly before",
            "2026-11-25T22:00",
        ),
        ("2026-12-03T23:00", "frozen", "freeze accreditation (JCI visit) until 2026-12-06 00:00", "2026-12-06T00:00"),
        (
            "2027-01-01T00:30",
            "unknown",
            "the holidays of 2027 are not known to this controller, only the always-safe hours 01:00-04:00 are open",
            "2027-01-01T01:00",
        ),
    ],
)
def test_says_why_nothing_may_start(contract_data: Make, local: str, state: str, reason: str, next_open: str) -> None:
    contract = read_contract(contract_data())
    found = judged(contract, local)
    assert (found.state, found.reason, found.seconds_left, found.fits) == (state, reason, 0, False)
    assert found.next_open == datetime.fromisoformat(next_open).replace(tzinfo=contract.zone)


def test_what_does_not_fit_is_sent_to_an_opening_that_is_long_enough(contract_data: Make) -> None:
    contract = read_contract(contract_data())
    found = judged(contract, "2026-11-30T23:00", timedelta(hours=2))  # the freeze begins at midnight
    assert (found.state, found.seconds_left, found.fits) == ("open", 3600, False)
    assert found.reason.endswith("; work and rollback need 2h, 1h are left")
    assert found.next_open == datetime(2026, 12, 6, tzinfo=contract.zone)
    assert judged(contract, "2026-11-30T23:00", timedelta(hours=1)).fits is True


def test_an_unknown_day_without_safe_hours_is_unknown_all_day(contract_data: Make) -> None:
    contract = read_contract(contract_data(calendar={}))
    found = judged(contract, "2027-06-01T02:00")
    assert found.state == "unknown"
    assert found.reason.endswith("the contract has no always-safe hours")
    assert (found.next_open, found.next_close) == (None, None)


def test_says_none_where_nothing_opens_within_400_days(contract_data: Make) -> None:
    rebuilding = {"name": "rebuilding", "from": "2024-02-01", "to": "2025-06-01", "reason": "no room for servers"}
    contract = read_contract(contract_data(freezes=[rebuilding]))
    assert judged(contract, "2024-03-01T02:00").next_open is None


def test_an_always_open_window_has_no_end_at_midnight(contract_data: Make) -> None:
    always = {"name": "always", "days": "any", "start": "00:00", "duration": "24h"}
    contract = read_contract(
        contract_data(
            windows=[always],
            freezes=[],
            working_hours={"workday": [], "restday": []},
            calendar={"always_safe": "00:00-24:00"},
        )
    )
    found = judged(contract, "2026-11-25T23:59", timedelta(hours=10))
    assert (found.state, found.fits, found.next_close) == ("open", True, None)


@pytest.mark.parametrize("value", ["now", "", None, "2026-10-01T23:00", "2026-10-01", datetime(2026, 1, 1)])  # noqa: DTZ001
def test_refuses_a_time_without_zone(value: object) -> None:
    with pytest.raises(WindowError, match=r"is no time, write for example|has no time zone, write for example"):
        read_at(value)


def test_reads_times_and_needs() -> None:
    assert read_at("2026-10-01T15:00:00Z") == read_at("2026-10-01T23:00:00+08:00")
    assert [read_needs(value) for value in (None, 90, "1h30m")] == [None, timedelta(seconds=90), timedelta(minutes=90)]
    for value in (True, -1, "soon"):
        with pytest.raises(DurationError):
            read_needs(value)


def test_an_opening_that_is_months_away_is_found(contract_data: Make) -> None:
    frozen = {"name": "move", "from": "2024-03-01", "to": "2024-09-30", "reason": "the data centre moves"}
    found = judged(read_contract(contract_data(freezes=[frozen])), "2024-03-05T23:00")
    assert found.next_open == datetime(2024, 9, 30, 16, tzinfo=UTC)  # midnight at the site
    assert found.next_close == datetime(2024, 9, 30, 21, tzinfo=UTC)


def test_on_an_unknown_day_the_safe_hours_alone_are_open_and_need_no_window(contract_data: Make) -> None:
    evening = {"name": "evening", "days": "any", "start": "18:00", "duration": "3h"}
    contract = read_contract(contract_data(windows=[evening]))
    assert [judged(contract, f"2027-01-05T{hour}:00").state for hour in ("02", "19")] == ["open", "unknown"]
    assert judged(contract, "2027-01-05T02:00").reason.startswith("always-safe hours: ")


def test_a_window_of_days_is_open_on_its_last_day(contract_data: Make) -> None:
    week = {"name": "week", "days": "monday", "start": "00:00", "duration": "6d"}
    contract = read_contract(contract_data(windows=[week], working_hours={"workday": [], "restday": []}))
    assert judged(contract, "2026-11-21T23:00").seconds_left == 3600  # it opened on Monday the 16th
    assert judged(contract, "2026-11-22T00:00").state == "closed"


def test_working_hours_over_midnight_belong_to_the_day_on_which_they_begin(contract_data: Make) -> None:
    contract = read_contract(contract_data(working_hours={"workday": [], "restday": ["20:00-00:45"]}))
    assert judged(contract, "2026-11-30T00:30").reason == "working hours 20:00-00:45 of 2026-11-29, a restday"
    assert judged(contract, "2026-11-30T00:45").state == "open"


@pytest.mark.parametrize(
    ("at", "state"),
    [
        ("2026-10-25T01:29:00+02:00", "open"),
        ("2026-10-25T01:30:00+02:00", "closed"),
        ("2026-10-25T02:29:00+02:00", "closed"),
        ("2026-10-25T02:45:00+02:00", "closed"),  # 02:30 comes once more: the longer stretch counts
        ("2026-10-25T02:29:00+01:00", "closed"),
        ("2026-10-25T02:30:00+01:00", "open"),
    ],
)
def test_working_hours_that_end_where_the_clock_goes_back_are_taken_long(
    contract_data: Make, at: str, state: str
) -> None:
    contract = read_contract(
        contract_data(
            timezone="Europe/Berlin",
            calendar={"country": "DE"},
            working_hours={"workday": [], "restday": ["01:30-02:30"]},
        )
    )
    assert window_state(contract, read_at(at)).state == state


@pytest.mark.parametrize("value", ["0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-08:00", "1999-12-31T23:59:59Z"])
def test_refuses_a_time_from_which_no_days_can_be_counted(contract_data: Make, value: str) -> None:
    with pytest.raises(WindowError, match="lies outside 2000 to 2100, write a time of these years"):
        window_state(read_contract(contract_data()), datetime.fromisoformat(value))


@pytest.mark.parametrize("value", ["2000-01-01T00:00:00+14:00", "2100-12-31T23:59:59-12:00"])
def test_answers_at_the_ends_of_the_years_that_it_knows(contract_data: Make, value: str) -> None:
    contract = read_contract(
        contract_data(freezes=[{"name": "f", "from": "2000-01-01", "to": "2100-12-31", "reason": "r"}])
    )
    assert window_state(contract, datetime.fromisoformat(value)).state in ("frozen", "unknown")
