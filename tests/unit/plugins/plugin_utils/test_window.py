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
    contract = read_contract(contract_data(windows=[]))
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
