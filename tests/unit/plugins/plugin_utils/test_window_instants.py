"""Moments around windows, cutoffs, freezes, midnight, holidays and clock changes, each worked out by hand.

A row: the moment by the site's clock, the state, minutes left to the cutoff, and the next opening (a date only where it is another day's).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import read_contract
from ansible_collections.traumalink.ops.plugins.plugin_utils.window import window_state

# The example's windows: every night 22:00 to 05:00, nothing starts after 04:15; on days off 13:00 to 17:00, nothing starts after 16:00.
NIGHTS = {
    "windows": [
        {"name": "nightly", "days": "any", "start": "22:00", "duration": "7h", "cutoff": "45m"},
        {"name": "day off", "days": "restday", "start": "13:00", "duration": "4h", "cutoff": "1h"},
    ],
    "freezes": [
        {"name": "visit", "from": "2026-12-01", "to": "2026-12-05", "reason": "JCI"},
        {"name": "move", "from": "2026-03-10T23:00", "to": "2026-03-11T01:00", "reason": "servers move"},
        {"name": "audit", "from": "2026-08-15T14:00", "to": "2026-08-15T15:00", "reason": "audit"},
    ],
}
NIGHT_ROWS = """
# a working Wednesday
2026-11-25 00:00  open    255  22:00
2026-11-25 02:30  open    105  22:00
2026-11-25 04:14  open    1    22:00
2026-11-25 04:15  closed  0    22:00
2026-11-25 04:59  closed  0    22:00
2026-11-25 05:00  closed  0    22:00
2026-11-25 07:59  closed  0    22:00
2026-11-25 08:00  closed  0    22:00
2026-11-25 11:59  closed  0    22:00
2026-11-25 12:00  closed  0    22:00
2026-11-25 13:00  closed  0    22:00
2026-11-25 14:00  closed  0    22:00
2026-11-25 17:29  closed  0    22:00
2026-11-25 17:30  closed  0    22:00
2026-11-25 21:59  closed  0    22:00
2026-11-25 22:00  open    375  2026-11-26 22:00
2026-11-25 22:01  open    374  2026-11-26 22:00
2026-11-25 23:59  open    256  2026-11-26 22:00
# a weekend after it
2026-11-27 21:59  closed  0    22:00
2026-11-27 22:00  open    375  2026-11-28 13:00
2026-11-28 00:00  open    255  13:00
2026-11-28 04:15  closed  0    13:00
2026-11-28 05:00  closed  0    13:00
2026-11-28 09:00  closed  0    13:00
2026-11-28 12:59  closed  0    13:00
2026-11-28 13:00  open    180  22:00
2026-11-28 15:59  open    1    22:00
2026-11-28 16:00  closed  0    22:00
2026-11-28 16:59  closed  0    22:00
2026-11-28 17:00  closed  0    22:00
2026-11-28 22:00  open    375  2026-11-29 13:00
2026-11-29 13:00  open    180  22:00
2026-11-29 22:00  open    375  2026-11-30 22:00
2026-11-30 13:00  closed  0    22:00
# weekend days that are worked: no opening at 13:00
2024-02-04 09:00  closed  0    22:00
2024-02-04 13:30  closed  0    22:00
2024-02-18 09:00  closed  0    22:00
2024-02-18 13:30  closed  0    22:00
2024-04-07 10:00  closed  0    22:00
2024-04-07 13:30  closed  0    22:00
2024-04-28 10:00  closed  0    22:00
2024-04-28 13:30  closed  0    22:00
2024-05-11 10:00  closed  0    22:00
2024-05-11 13:30  closed  0    22:00
2024-09-14 11:59  closed  0    22:00
2024-09-14 13:30  closed  0    22:00
2024-09-29 11:59  closed  0    22:00
2024-09-29 13:30  closed  0    22:00
2024-10-12 11:59  closed  0    22:00
2024-10-12 13:30  closed  0    22:00
2025-01-26 15:00  closed  0    22:00
2025-01-26 13:30  closed  0    22:00
2025-02-08 15:00  closed  0    22:00
2025-02-08 13:30  closed  0    22:00
2025-04-27 15:00  closed  0    22:00
2025-04-27 13:30  closed  0    22:00
2025-09-28 15:00  closed  0    22:00
2025-09-28 13:30  closed  0    22:00
2025-10-11 15:00  closed  0    22:00
2025-10-11 13:30  closed  0    22:00
2026-01-04 08:00  closed  0    22:00
2026-01-04 13:30  closed  0    22:00
2026-02-14 08:00  closed  0    22:00
2026-02-14 13:30  closed  0    22:00
2026-02-28 08:00  closed  0    22:00
2026-02-28 13:30  closed  0    22:00
2026-05-09 17:00  closed  0    22:00
2026-05-09 13:30  closed  0    22:00
2026-09-20 17:00  closed  0    22:00
2026-09-20 13:30  closed  0    22:00
2026-10-10 17:00  closed  0    22:00
2026-10-10 13:30  closed  0    22:00
# from a worked Saturday into Spring Festival, and out of it
2026-02-14 22:00  open    375  2026-02-15 13:00
2026-02-15 10:00  closed  0    13:00
2026-02-15 13:00  open    180  22:00
2026-02-16 10:00  closed  0    13:00
2026-02-16 14:00  open    120  22:00
2026-02-17 00:00  open    255  13:00
2026-02-17 13:00  open    180  22:00
2026-02-20 13:00  open    180  22:00
2026-02-23 13:00  open    180  22:00
2026-02-23 22:00  open    375  2026-02-24 22:00
2026-02-24 09:00  closed  0    22:00
2026-02-24 13:00  closed  0    22:00
2025-01-27 13:00  closed  0    22:00
2025-01-28 13:00  open    180  22:00
2025-02-04 13:00  open    180  22:00
2025-02-05 13:00  closed  0    22:00
2024-02-09 13:00  closed  0    22:00
2024-02-09 22:00  open    375  2024-02-10 13:00
2024-02-12 13:00  open    180  22:00
2024-02-16 15:00  open    60   22:00
2024-02-17 22:00  open    375  2024-02-18 22:00
2024-02-19 13:00  closed  0    22:00
# other holidays on weekdays, and the weekdays beside them
2026-01-01 13:00  open    180  22:00
2026-01-02 13:00  open    180  22:00
2026-01-05 13:00  closed  0    22:00
2026-04-06 13:00  open    180  22:00
2026-04-07 13:00  closed  0    22:00
2026-05-01 13:00  open    180  22:00
2026-05-04 15:30  open    30   22:00
2026-05-05 22:00  open    375  2026-05-06 22:00
2026-05-06 13:00  closed  0    22:00
2026-06-19 13:00  open    180  22:00
2026-06-22 13:00  closed  0    22:00
2026-09-25 13:00  open    180  22:00
2026-09-28 13:00  closed  0    22:00
2026-09-30 22:00  open    375  2026-10-01 13:00
2026-10-01 23:00  open    315  2026-10-02 13:00
2026-10-07 13:00  open    180  22:00
2026-10-08 13:00  closed  0    22:00
2025-10-08 13:00  open    180  22:00
2025-10-09 13:00  closed  0    22:00
2025-05-02 13:00  open    180  22:00
2025-06-02 13:00  open    180  22:00
2025-06-03 13:00  closed  0    22:00
2025-01-01 13:00  open    180  22:00
2025-01-02 13:00  closed  0    22:00
2024-01-01 13:00  open    180  22:00
2024-05-03 13:00  open    180  22:00
2024-09-17 13:00  open    180  22:00
2024-09-18 13:00  closed  0    22:00
2024-10-07 13:00  open    180  22:00
2024-06-10 13:00  open    180  22:00
# leap day, month and year ends that are published
2024-02-28 22:00  open    375  2024-02-29 22:00
2024-02-29 00:00  open    255  22:00
2024-02-29 22:00  open    375  2024-03-01 22:00
2025-12-31 22:00  open    375  2026-01-01 13:00
2026-01-01 00:00  open    255  13:00
# a freeze of whole days: its last day belongs to it
2026-11-30 21:00  closed  0    22:00
2026-11-30 22:00  open    120  2026-12-06 00:00
2026-11-30 23:59  open    1    2026-12-06 00:00
2026-12-01 00:00  frozen  0    2026-12-06 00:00
2026-12-01 10:00  frozen  0    2026-12-06 00:00
2026-12-03 23:00  frozen  0    2026-12-06 00:00
2026-12-05 13:00  frozen  0    2026-12-06 00:00
2026-12-05 23:59  frozen  0    2026-12-06 00:00
2026-12-06 00:00  open    255  13:00
2026-12-06 04:15  closed  0    13:00
2026-12-06 13:00  open    180  22:00
# a freeze between two moments of a night
2026-03-10 21:59  closed  0    22:00
2026-03-10 22:00  open    60   2026-03-11 01:00
2026-03-10 22:59  open    1    2026-03-11 01:00
2026-03-10 23:00  frozen  0    2026-03-11 01:00
2026-03-11 00:00  frozen  0    01:00
2026-03-11 00:59  frozen  0    01:00
2026-03-11 01:00  open    195  22:00
2026-03-11 04:14  open    1    22:00
# a freeze inside an afternoon's window
2026-08-15 13:00  open    60   15:00
2026-08-15 13:59  open    1    15:00
2026-08-15 14:00  frozen  0    15:00
2026-08-15 14:59  frozen  0    15:00
2026-08-15 15:00  open    60   22:00
2026-08-15 16:00  closed  0    22:00
# into a year that nobody has published: always-safe hours alone
2026-12-31 21:00  closed  0    22:00
2026-12-31 22:00  open    120  2027-01-01 01:00
2026-12-31 23:59  open    1    2027-01-01 01:00
2027-01-01 00:00  unknown 0    01:00
2027-01-01 00:59  unknown 0    01:00
2027-01-01 01:00  open    180  2027-01-02 01:00
2027-01-01 03:59  open    1    2027-01-02 01:00
2027-01-01 04:00  unknown 0    2027-01-02 01:00
2027-01-01 10:00  unknown 0    2027-01-02 01:00
2027-01-01 13:00  unknown 0    2027-01-02 01:00
2027-01-01 22:00  unknown 0    2027-01-02 01:00
2027-01-01 23:59  unknown 0    2027-01-02 01:00
2027-06-16 00:30  unknown 0    01:00
2027-06-16 02:00  open    120  2027-06-17 01:00
2027-06-16 09:00  unknown 0    2027-06-17 01:00
2027-06-19 14:00  unknown 0    2027-06-20 01:00
"""

# Windows that meet: evenings of working days 18:00 to 21:00 (nothing after 20:30), Saturday 20:00 to Sunday 06:00, Sunday 04:00 to 08:00 (nothing after
# 07:00). Saturday's and Sunday's are one, up to 07:00. Days off have working hours too, 10:00 to 12:00; the nights of the ward run from 23:00 to 01:00.
MEETING = {
    "calendar": {},
    "working_hours": {"workday": ["08:00-17:30"], "restday": ["10:00-12:00", "23:00-01:00"]},
    "windows": [
        {"name": "evening", "days": ["workday"], "start": "18:00", "duration": "3h", "cutoff": "30m"},
        {"name": "saturday", "days": "saturday", "start": "20:00", "duration": "10h"},
        {"name": "sunday", "days": ["sunday"], "start": "04:00", "duration": "4h", "cutoff": "1h"},
        {"name": "long", "days": "tuesday", "start": "16:00", "duration": "90m"},
    ],
    "freezes": [],
}
MEETING_ROWS = """
# Monday: evening alone
2026-11-23 17:59  closed  0    18:00
2026-11-23 18:00  open    150  2026-11-24 18:00
2026-11-23 20:29  open    1    2026-11-24 18:00
2026-11-23 20:30  closed  0    2026-11-24 18:00
# Tuesday: a window inside working hours is closed
2026-11-24 16:30  closed  0    18:00
2026-11-24 17:29  closed  0    18:00
2026-11-24 17:30  closed  0    18:00
# Friday to Sunday: working hours of the ward cut Saturday's window in two
2026-11-27 20:30  closed  0    2026-11-28 20:00
2026-11-28 11:00  closed  0    20:00
2026-11-28 18:00  closed  0    20:00
2026-11-28 19:59  closed  0    20:00
2026-11-28 20:00  open    180  2026-11-29 01:00
2026-11-28 22:59  open    1    2026-11-29 01:00
2026-11-28 23:00  closed  0    2026-11-29 01:00
2026-11-29 00:59  closed  0    01:00
2026-11-29 01:00  open    360  2026-11-30 18:00
2026-11-29 04:00  open    180  2026-11-30 18:00
2026-11-29 06:59  open    1    2026-11-30 18:00
2026-11-29 07:00  closed  0    2026-11-30 18:00
2026-11-29 07:59  closed  0    2026-11-30 18:00
2026-11-29 10:30  closed  0    2026-11-30 18:00
2026-11-29 18:00  closed  0    2026-11-30 18:00
# a worked Saturday: evening and Saturday's window are one, and the ward has no night
2026-10-10 10:00  closed  0    18:00
2026-10-10 18:00  open    780  2026-10-12 18:00
2026-10-10 20:45  open    615  2026-10-12 18:00
2026-10-10 23:30  open    450  2026-10-12 18:00
2026-10-11 06:59  open    1    2026-10-12 18:00
2026-10-11 07:00  closed  0    2026-10-12 18:00
# National Day: no evening of a working day, but Tuesday afternoon is free
2026-09-30 18:00  open    150  2026-10-03 20:00
2026-10-01 18:30  closed  0    2026-10-03 20:00
2026-10-05 18:30  closed  0    2026-10-06 16:00
"""

# A zone whose clock changes: forward on 29 March 2026 at 02:00, back on 25 October at 03:00. Offsets stand in the rows, next openings too.
CLOCKS = {
    "timezone": "Europe/Berlin",
    "calendar": {"country": "DE"},
    "working_hours": {"workday": ["08:00-17:00"], "restday": []},
    "windows": [
        {"name": "night", "days": "saturday", "start": "22:00", "duration": "7h"},
        {"name": "early", "days": "sunday", "start": "02:30", "duration": "6h", "cutoff": "30m"},
    ],
    "freezes": [],
}
CLOCK_ROWS = """
# forward: seven hours of real time end at 06:00; 02:30 does not exist and is 03:30, and its six hours end at 09:30
2026-03-28T22:00:00+01:00  open    600  2026-04-04T22:00:00+02:00
2026-03-29T01:59:00+01:00  open    361  2026-04-04T22:00:00+02:00
2026-03-29T03:00:00+02:00  open    360  2026-04-04T22:00:00+02:00
2026-03-29T05:59:00+02:00  open    181  2026-04-04T22:00:00+02:00
2026-03-29T08:59:00+02:00  open    1    2026-04-04T22:00:00+02:00
2026-03-29T09:00:00+02:00  closed  0    2026-04-04T22:00:00+02:00
# an ordinary Sunday: 02:30 to 08:30, nothing after 08:00
2026-04-05T02:29:00+02:00  open    331  2026-04-11T22:00:00+02:00
2026-04-05T07:59:00+02:00  open    1    2026-04-11T22:00:00+02:00
2026-04-05T08:00:00+02:00  closed  0    2026-04-11T22:00:00+02:00
# back: 02:30 comes twice, the first one counts; its six hours end at 07:30
2026-10-24T22:00:00+02:00  open    600  2026-10-31T22:00:00+01:00
2026-10-25T02:30:00+02:00  open    330  2026-10-31T22:00:00+01:00
2026-10-25T02:30:00+01:00  open    270  2026-10-31T22:00:00+01:00
2026-10-25T06:59:00+01:00  open    1    2026-10-31T22:00:00+01:00
2026-10-25T07:00:00+01:00  closed  0    2026-10-31T22:00:00+01:00
"""


def rows(sections: dict[str, Any], text: str) -> list[Any]:
    """Return the rows of a table as test cases."""
    cases = []
    for line in text.strip().splitlines():
        if not line.startswith("#"):
            words = line.split()
            at = words.pop(0) if "T" in line else f"{words.pop(0)}T{words.pop(0)}"
            state, minutes, *opens = words
            opening = "T".join([at[:10], *opens][-2:]) if "T" not in opens[0] else opens[0]
            cases.append(pytest.param(sections, at, state, int(minutes), opening, id=at))
    return cases


CASES = [*rows(NIGHTS, NIGHT_ROWS), *rows(MEETING, MEETING_ROWS), *rows(CLOCKS, CLOCK_ROWS)]


def test_there_are_two_hundred_of_them() -> None:
    assert len({(id(case.values[0]), case.id) for case in CASES}) >= 200


@pytest.mark.parametrize(("sections", "at", "state", "minutes", "opening"), CASES)
def test_moment(
    contract_data: Callable[..., dict[str, Any]],
    sections: dict[str, Any],
    at: str,
    state: str,
    minutes: int,
    opening: str,
) -> None:
    contract = read_contract(contract_data(**sections))
    moments = [datetime.fromisoformat(text) for text in (at, opening)]
    moment, expected = (m if m.tzinfo else m.replace(tzinfo=contract.zone) for m in moments)
    found = window_state(contract, moment)
    assert (found.state, found.seconds_left, found.next_open) == (state, minutes * 60, expected)
