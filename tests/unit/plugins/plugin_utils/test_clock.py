"""Clocks that differ, and the time of a rehearsal."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.clock import ClockError, moment, skew_seconds

NOW = datetime(2026, 11, 25, 3, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "host", "after", "skew"),
    [
        (100.0, 101.0, 102.0, 0.0),
        (100.0, 100.0, 100.0, 0.0),
        (100.0, 110.0, 102.0, 8.0),
        (100.0, 90.0, 102.0, -10.0),
        (100.0, 130.0, 140.0, 0.0),  # a slow answer says nothing against the host
    ],
)
def test_what_the_answer_took_on_its_way_is_in_the_hosts_favour(
    before: float, host: float, after: float, skew: float
) -> None:
    assert skew_seconds(before, host, after) == skew


def test_without_a_given_time_it_is_now() -> None:
    assert moment("", NOW, rehearsal=False, allowed=True) == NOW


def test_a_given_time_counts_in_a_rehearsal_and_is_utc_inside() -> None:
    given = moment("2026-10-01T23:00:00+08:00", NOW, rehearsal=True, allowed=True)
    assert given == datetime(2026, 10, 1, 15, 0, tzinfo=UTC)
    assert given.utcoffset() is not None
    assert given.tzinfo is UTC


def test_a_given_time_without_a_rehearsal_is_refused() -> None:
    with pytest.raises(ClockError, match=r"is for rehearsals; add operation_rehearsal=true"):
        moment("2026-10-01T23:00:00+08:00", NOW, rehearsal=False, allowed=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tonight", "is no time; write it like"),
        ("2026-10-01T23:00:00", "has no time zone"),
        ("0001-01-01T00:00:00+08:00", "lies outside 2000 to 2100; give a time of these years"),
        ("9999-12-31T23:59:59-08:00", "lies outside 2000 to 2100"),
    ],
)
def test_what_is_no_moment_is_refused(text: str, message: str) -> None:
    with pytest.raises(ClockError, match=message):
        moment(text, NOW, rehearsal=True, allowed=True)


def test_a_real_site_is_not_rehearsed_on() -> None:
    for text in ("2026-10-01T23:00:00+08:00", ""):
        with pytest.raises(ClockError, match="use --check, or set operation_rehearsals_allowed"):
            moment(text, NOW, rehearsal=True, allowed=False)
