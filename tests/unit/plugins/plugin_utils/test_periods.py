"""Periods: every day lies in exactly one of each kind."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.periods import ONE_DAY, period_of, periods
from hypothesis import given
from hypothesis import strategies as st

KINDS = ("day", "week", "month", "quarter", "half_year", "year")


@pytest.mark.parametrize(
    ("kind", "day", "label", "first", "last"),
    [
        ("day", "2026-11-25", "2026-11-25", "2026-11-25", "2026-11-25"),
        ("week", "2026-11-25", "2026-W48", "2026-11-23", "2026-11-29"),
        ("week", "2027-01-03", "2026-W53", "2026-12-28", "2027-01-03"),
        ("week", "2024-12-30", "2025-W01", "2024-12-30", "2025-01-05"),
        ("month", "2024-02-29", "2024-02", "2024-02-01", "2024-02-29"),
        ("month", "2026-12-31", "2026-12", "2026-12-01", "2026-12-31"),
        ("quarter", "2026-03-31", "2026-Q1", "2026-01-01", "2026-03-31"),
        ("quarter", "2026-10-01", "2026-Q4", "2026-10-01", "2026-12-31"),
        ("half_year", "2026-06-30", "2026-H1", "2026-01-01", "2026-06-30"),
        ("half_year", "2026-07-01", "2026-H2", "2026-07-01", "2026-12-31"),
        ("year", "2026-07-01", "2026", "2026-01-01", "2026-12-31"),
    ],
)
def test_knows_the_period_of_a_day(kind: str, day: str, label: str, first: str, last: str) -> None:
    period = period_of(kind, date.fromisoformat(day))
    assert (period.label, period.first.isoformat(), period.last.isoformat()) == (label, first, last)


@given(
    st.sampled_from(KINDS),
    st.dates(min_value=date(2000, 1, 1), max_value=date(2099, 1, 1)),
    st.integers(min_value=0, max_value=400),
)
def test_they_follow_each_other_without_gap_and_cover_the_stretch(kind: str, first: date, days: int) -> None:
    last = first + days * ONE_DAY
    found = list(periods(kind, first, last))
    assert first in found[0]
    assert last in found[-1]
    assert all(later.first == earlier.last + ONE_DAY for earlier, later in pairwise(found))
    assert len({period.label for period in found}) == len(found)
