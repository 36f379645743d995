"""Until when programs are supported, by a table with its date."""

from __future__ import annotations

from datetime import date

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.support_ends import (
    LOOKED_UP,
    SUPPORT,
    support_of,
    upstream,
)


@pytest.mark.parametrize(
    ("versions", "told"),
    [
        ({"debian": "12"}, [("debian", "12", "2026-07-11", "2028-06-30", False)]),
        ({"postgresql": "15.18-0+deb12u1"}, [("postgresql", "15", "2027-11-11", "", False)]),
        (
            {"haproxy": "2.6.12-1+deb12u3", "debian": "13"},
            [("debian", "13", "2028-08-09", "2030-06-30", False), ("haproxy", "2.6", "2027-04-01", "", False)],
        ),
        ({"haproxy": "2.60.1-1", "postgresql": "150"}, []),
    ],
)
def test_the_major_version_is_looked_up(versions: dict[str, str], told: list[tuple[object, ...]]) -> None:
    found = support_of(versions, date(2026, 11, 29))
    assert [(each["program"], each["version"], each["ends"], each["extended"], each["over"]) for each in found] == told


def test_the_last_day_of_long_term_support_still_counts() -> None:
    assert not support_of({"debian": "12"}, date(2028, 6, 30))[0]["over"]
    assert support_of({"debian": "12"}, date(2028, 7, 1))[0]["over"]


def test_an_epoch_and_debians_part_are_no_version_of_the_program() -> None:
    assert upstream("2:6.3.0+dfsg1-1") == "6.3.0+dfsg1"


def test_every_line_has_its_source() -> None:
    assert all(each.source for each in SUPPORT)
    assert date(2026, 11, 1) <= LOOKED_UP
