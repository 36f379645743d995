"""Openings: what no contract and no moment may break, and the same answer from a plain reading of the rules."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from ansible_collections.traumalink.ops.plugins.plugin_utils.calendar import Calendar
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import Contract, read_contract
from ansible_collections.traumalink.ops.plugins.plugin_utils.openings import ONE_DAY, openings
from ansible_collections.traumalink.ops.plugins.plugin_utils.window import window_state
from hypothesis import assume, given, settings
from hypothesis import strategies as st

SECOND = timedelta(seconds=1)
DAYS = ["any", "workday", "restday", "monday", "wednesday", "saturday", "sunday"]
WORKING = [[], ["08:00-12:00", "14:00-17:30"], ["07:30-19:00"], ["22:00-06:00"], ["00:00-24:00"]]
SAFE = [[], ["01:00-04:00"], ["20:00-21:00", "23:30-00:30"]]
ZONES = ["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"]


def clock(minutes: int) -> str:
    """Return minutes after midnight as a time of day."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


@st.composite
def windows(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Give one to three windows, of minutes up to days, with a cutoff or without."""
    found = []
    for number in range(draw(st.integers(1, 3))):
        length = draw(st.integers(2, 2000))
        cutoff = draw(st.one_of(st.none(), st.integers(1, length - 1)))
        days = draw(st.lists(st.sampled_from(DAYS), min_size=1, max_size=2))
        start = clock(draw(st.integers(0, 1439)))
        window = {"name": f"w{number}", "days": days, "start": start, "duration": f"{length}m"}
        found.append(window | ({"cutoff": f"{cutoff}m"} if cutoff else {}))
    return found


@st.composite
def freezes(draw: st.DrawFn, around: date) -> list[dict[str, Any]]:
    """Give up to two freezes near a day, of days or between moments."""
    found = []
    for number in range(draw(st.integers(0, 2))):
        first = around + draw(st.integers(-4, 4)) * ONE_DAY
        last = first + draw(st.integers(0, 4)) * ONE_DAY
        hours = draw(st.booleans())
        begins, ends = (f"{first}T09:30", f"{last}T21:15") if hours else (str(first), str(last))
        found.append({"name": f"f{number}", "from": begins, "to": ends, "reason": "test"})
    return found


@st.composite
def judged(draw: st.DrawFn) -> tuple[Contract, datetime]:
    """Give a contract and a moment, often near the end of the published years or near a clock change."""
    day = draw(
        st.one_of(
            st.dates(date(2024, 1, 1), date(2027, 3, 1)),
            st.sampled_from([date(2026, 12, 31), date(2027, 1, 1), date(2026, 3, 29), date(2026, 10, 25)]),
            st.sampled_from([date(2026, 2, 14), date(2025, 1, 26), date(2024, 10, 12), date(2026, 11, 1)]),
        )
    )
    country = draw(st.sampled_from(["CN", "CN", "DE"]))
    safe = draw(st.sampled_from(SAFE)) if country == "CN" else []
    free_of_safe = [hours for hours in WORKING if not safe or hours in WORKING[:2]]
    data = {
        "id": "p",
        "title": {"zh": "一", "en": "one"},
        "timezone": draw(st.sampled_from(ZONES if country == "DE" else ["Asia/Shanghai"])),
        "calendar": {"country": country, "always_safe": safe},
        "working_hours": {kind: draw(st.sampled_from(free_of_safe)) for kind in ("workday", "restday")},
        "windows": draw(windows()),
        "freezes": draw(freezes(day)),
    }
    moment = datetime.combine(day, time(), UTC) + draw(st.integers(0, 2 * 1440)) * timedelta(minutes=1)
    return read_contract(data), moment


def allowed(contract: Contract, at: datetime) -> bool:
    """Tell by a plain reading of the rules whether disruptive work may run at a moment, cutoffs aside. For zones without clock changes."""
    local = at.astimezone(contract.zone)
    if any(begins <= at < ends for begins, ends in (freeze.span(contract.zone) for freeze in contract.freezes)):
        return False
    calendar = Calendar(contract.calendar)
    minute = local.hour * 60 + local.minute
    if calendar.day(local.date()).kind == "unknown":
        return any(minute in hours.minutes() for hours in contract.calendar.always_safe)
    for back in (0, 1):
        kind = calendar.day(local.date() - back * ONE_DAY).kind
        hours = () if kind == "unknown" else getattr(contract.working_hours, kind)
        if any(span.start_minutes <= minute + back * 1440 < span.end_minutes for span in hours):
            return False
    for back in range(4):
        day = local.date() - back * ONE_DAY
        names = {"any", calendar.day(day).kind, f"{day:%A}".lower()}
        for window in contract.windows:
            opens = datetime.combine(day, window.start, contract.zone).astimezone(UTC)
            if (
                names & set(window.days)
                and calendar.day(day).kind != "unknown"
                and opens <= at < opens + window.duration
            ):
                return True
    return False


@given(judged())
def test_a_freeze_is_never_open(case: tuple[Contract, datetime]) -> None:
    contract, at = case
    frozen = any(b <= at < e for b, e in (freeze.span(contract.zone) for freeze in contract.freezes))
    assert (window_state(contract, at).state == "frozen") is frozen


@given(judged())
def test_seconds_left_never_exceed_the_window(case: tuple[Contract, datetime]) -> None:
    contract, at = case
    found = window_state(contract, at)
    assert (found.seconds_left > 0) is (found.state == "open")
    if len(contract.windows) == 1 and contract.windows[0].duration <= ONE_DAY and contract.calendar.country == "DE":
        window = contract.windows[0]
        meets_itself = window.duration > ONE_DAY - timedelta(hours=2)  # a day may have 23 hours, or 22½ on Lord Howe
        assert meets_itself or found.seconds_left <= window.last_start.total_seconds()
    if found.state == "open" and found.next_close:
        assert found.seconds_left <= (found.next_close - at).total_seconds()


@given(judged())
def test_the_next_opening_is_open_and_the_moment_before_is_not(case: tuple[Contract, datetime]) -> None:
    contract, at = case
    found = window_state(contract, at)
    assume(found.next_open is not None)
    assert found.next_open is not None
    assert found.next_open > at
    assert window_state(contract, found.next_open).state == "open"
    assert not allowed_before(contract, found.next_open)


def allowed_before(contract: Contract, opens: datetime) -> bool:
    """Tell whether work may run right before an opening, so that it would be none."""
    before = [item for item in openings(contract, opens - timedelta(days=1), opens) if item.closes >= opens]
    return any(item.opens < opens for item in before)


@given(judged(), st.integers(0, 100))
def test_nothing_is_open_before_the_next_opening(case: tuple[Contract, datetime], percent: int) -> None:
    contract, at = case
    found = window_state(contract, at)
    assume(found.next_open is not None)
    assert found.next_open is not None
    since = at + timedelta(seconds=found.seconds_left)
    moment = since + (found.next_open - since - SECOND) * percent / 100
    assert window_state(contract, moment).state != "open"


@given(judged(), st.integers(0, 99))
def test_it_stays_open_while_seconds_are_left(case: tuple[Contract, datetime], percent: int) -> None:
    contract, at = case
    found = window_state(contract, at)
    if found.state != "open":
        assume(found.next_open is not None)
        at = found.next_open or at
    left = timedelta(seconds=window_state(contract, at).seconds_left)
    assert left > timedelta()
    moment = at + left * percent / 100
    later = window_state(contract, moment)
    assert later.state == "open"
    assert abs(moment + timedelta(seconds=later.seconds_left) - (at + left)) <= SECOND or left > timedelta(days=9)


@given(judged(), st.integers(1, 2000))
def test_what_fits_ends_before_the_cutoff_and_an_opening_for_it_is_long_enough(
    case: tuple[Contract, datetime], minutes: int
) -> None:
    contract, at = case
    needs = timedelta(minutes=minutes)
    found = window_state(contract, at, needs)
    assert found.fits is (found.state == "open" and minutes * 60 <= found.seconds_left)
    if found.next_open:
        assert window_state(contract, found.next_open, needs).fits


def test_safe_hours_that_pass_midnight_are_open_on_the_first_day_that_nobody_knows_too() -> None:
    contract = read_contract(
        {
            "id": "p",
            "title": {"zh": "一", "en": "one"},
            "timezone": "Asia/Shanghai",
            "calendar": {"country": "CN", "always_safe": "23:30-00:30"},
            "working_hours": {"workday": ["08:00-12:00"], "restday": []},
            "windows": [{"name": "nightly", "days": "any", "start": "22:00", "duration": "1h"}],
        }
    )
    year = next(
        year for year in range(2027, 2100) if Calendar(contract.calendar).day(date(year, 1, 1)).kind == "unknown"
    )
    midnight = datetime(year, 1, 1, tzinfo=contract.zone)
    (first, *_rest) = openings(contract, midnight - timedelta(minutes=20), midnight + timedelta(hours=3))
    assert (first.opens, first.closes) == (midnight, midnight + timedelta(minutes=30)), (
        "the day before is known, and has its windows"
    )


@settings(max_examples=300)
@given(judged())
def test_openings_are_what_a_plain_reading_of_the_rules_gives(case: tuple[Contract, datetime]) -> None:
    contract, at = case
    assume(contract.zone.key in ("Asia/Shanghai", "UTC"))
    found = any(item.opens <= at < item.closes for item in openings(contract, at, at + ONE_DAY))
    assert found is allowed(contract, at)


@given(judged())
def test_openings_are_in_order_and_apart(case: tuple[Contract, datetime]) -> None:
    contract, at = case
    found = openings(contract, at, at + timedelta(days=12))
    assert all(item.opens < item.closes and item.last_start <= item.closes for item in found)
    assert all(first.closes < second.opens for first, second in pairwise(found))
