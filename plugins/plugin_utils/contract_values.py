# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The single values of a contract: times of day, hours, days, moments, expressions; each read from text with a message that says what to write.

Errors are ValueErrors, since pydantic gathers those; their text is "what is wrong, what to write instead".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.plugin_utils import duration
from ansible_collections.traumalink.ops.plugins.plugin_utils.jmespath_check import checked_expression
from ansible_collections.traumalink.ops.plugins.plugin_utils.near_words import near
from pydantic import PlainValidator, WithJsonSchema

__all__ = [
    "DAYS",
    "WEEKDAYS",
    "YEARS",
    "Dates",
    "DayNames",
    "Duration",
    "EntriesError",
    "Expression",
    "Hours",
    "HoursOrOne",
    "Moment",
    "PublicKey",
    "TimeOfDay",
    "TimeRange",
    "Zone",
]

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Dated = TypeVar("Dated", date, datetime)
Value = TypeVar("Value")
DAYS = ("any", "workday", "restday", *WEEKDAYS)
SOME_DAYS = "any, workday, restday, or names such as [saturday, sunday]"
# What people write first; the words near to them mean other days.
MEANT_DAYS = {
    "holiday": "restday",
    "holidays": "restday",
    "weekend": "restday",
    "weekday": "workday",
    "weekdays": "workday",
}
DAY_MINUTES = 24 * 60
YEARS = range(2000, 2101)  # days and zones are counted forth and back from a date, which must not leave the calendar
CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"


class EntriesError(OpsError, ValueError):
    """Entries of a list are wrong; `faults` has each one's place in the list, and what is wrong with it."""

    def __init__(self, faults: Sequence[tuple[int, str]]) -> None:
        super().__init__("; ".join(words for _, words in faults))
        self.faults = tuple(faults)


@dataclass(frozen=True)
class TimeRange:
    """Hours of a day by the clock on the wall, in minutes after midnight; an end after 24:00 lies on the next day."""

    start_minutes: int
    end_minutes: int

    def __str__(self) -> str:
        end = self.end_minutes if self.end_minutes == DAY_MINUTES else self.end_minutes % DAY_MINUTES
        return f"{_clock(self.start_minutes)}-{_clock(end)}"

    def minutes(self) -> set[int]:
        """Return every minute of a day that it covers, whatever the day."""
        return {minute % DAY_MINUTES for minute in range(self.start_minutes, self.end_minutes)}


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _shown(value: object) -> str:
    """Return a value as the file has it."""
    return json.dumps(value, ensure_ascii=False, default=str)


def _each(read: Callable[[object], Value], entries: Sequence[object]) -> tuple[Value, ...]:
    """Return what all entries of a list say. Raises EntriesError: with every one that says nothing."""
    found, faults = [], []
    for number, entry in enumerate(entries):
        try:
            found.append(read(entry))
        except ValueError as error:
            faults.append((number, str(error)))
    if faults:
        raise EntriesError(faults)
    return tuple(found)


def read_time(value: object) -> time:
    """Return a time of day from "HH:MM"."""
    if isinstance(value, str) and re.fullmatch(CLOCK, value):
        return time.fromisoformat(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < DAY_MINUTES:
        # YAML 1.1 reads 22:00 as the number 1320, to the base of sixty
        raise ValueError(f'{value} is no time of day, write "{_clock(value)}" in quotes')
    raise ValueError(f'{_shown(value)} is no time of day, write for example "22:00" in quotes')


def read_range(value: object) -> TimeRange:
    """Return hours from "HH:MM-HH:MM"; 24:00 is an end too."""
    if not isinstance(value, str) or not re.fullmatch(f"{CLOCK}-({CLOCK}|24:00)", value):
        raise ValueError(f'{_shown(value)} is no range of hours, write for example "08:00-12:00"')
    start, end = (int(text[:2]) * 60 + int(text[3:]) for text in value.split("-"))
    if start == end:
        raise ValueError(f'{_shown(value)} lasts no time, write "00:00-24:00" for the whole day')
    return TimeRange(start, end if end > start else end + DAY_MINUTES)


def read_ranges(value: object) -> tuple[TimeRange, ...]:
    """Return hours from a list of them."""
    if not isinstance(value, list):
        raise ValueError(f'{_shown(value)} is no list of hours, write for example ["08:00-12:00", "14:00-17:30"]')
    return _each(read_range, value)


def read_one_or_more_ranges(value: object) -> tuple[TimeRange, ...]:
    """Return hours from one range or a list of them."""
    return (read_range(value),) if isinstance(value, str) else read_ranges(value)


def read_days(value: object) -> tuple[str, ...]:
    """Return kinds of days and weekday names, from one or a list of them."""
    if value == []:
        raise ValueError(f"no day is given, write {SOME_DAYS}")
    return _each(_day, value) if isinstance(value, list) else (_day(value),)


def _day(value: object) -> str:
    if isinstance(value, str) and value in DAYS:
        return value
    meant = MEANT_DAYS.get(str(value).lower()) or near(str(value), DAYS) or SOME_DAYS
    raise ValueError(f"{_shown(value)} is no kind of day, write {meant}")


def read_date(value: object) -> date:
    """Return a date from YYYY-MM-DD."""
    try:
        found = date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        found = None
    if found is None:
        raise ValueError(f"{_shown(value)} is no date, write for example 2027-02-05")
    return _of_our_time(found)


def read_dates(value: object) -> tuple[date, ...]:
    """Return dates from a list of YYYY-MM-DD and of YYYY-MM-DD/YYYY-MM-DD, first and last day of several."""
    if not isinstance(value, list):
        raise ValueError(f"{_shown(value)} is no list of dates, write for example [2027-02-05, 2027-02-06/2027-02-11]")
    return tuple(day for days in _each(_stretch, value) for day in days)


def _stretch(value: object) -> list[date]:
    ends = [read_date(text) for text in value.split("/")] if isinstance(value, str) else [read_date(value)]
    if len(ends) > 2 or ends[-1] < ends[0] or (ends[-1] - ends[0]).days > 31:
        raise ValueError(f"{_shown(value)} is no stretch of days, write first and last: 2027-02-06/2027-02-11")
    return [ends[0] + timedelta(days=number) for number in range((ends[-1] - ends[0]).days + 1)]


def read_moment(value: object) -> date | datetime:
    """Return a date, or a moment by the site's clock (or with an offset of its own)."""
    kind = date if isinstance(value, str) and len(value) == 10 else datetime
    try:
        found = kind.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None:
        raise ValueError(f"{_shown(value)} is no date, write for example 2026-12-01, or 2026-12-01T18:00 for a moment")
    return _of_our_time(found)


def _of_our_time(value: Dated) -> Dated:
    if value.year not in YEARS:
        raise ValueError(f"{value.isoformat()} lies outside {YEARS[0]} to {YEARS[-1]}, write a date of these years")
    return value


def read_zone(value: object) -> ZoneInfo:
    """Return a time zone of the IANA database by its name."""
    try:
        if isinstance(value, str) and value:
            return ZoneInfo(value)
    except (OSError, ValueError, KeyError):  # ZoneInfoNotFoundError is a KeyError; a folder's name is an OSError
        pass
    raise ValueError(f"{_shown(value)} is no time zone, write a name such as Asia/Shanghai")


def read_key(value: object) -> str:
    """Return a public key as ssh-keygen writes it into its .pub file."""
    kinds = r"ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com"
    if isinstance(value, str) and re.fullmatch(rf"(?:{kinds}) [A-Za-z0-9+/=]{{40,}}(?: [^\n]*)?", value.strip()):
        return value.strip()
    raise ValueError("is no public key, write the one line of the contact's .pub file: ssh-ed25519 AAAA…")


def _typed(read: Callable[[Any], Any], schema: dict[str, Any]) -> tuple[PlainValidator, WithJsonSchema]:
    return PlainValidator(read), WithJsonSchema(schema)


_RANGE = {"type": "string", "pattern": f"^{CLOCK}-({CLOCK}|24:00)$", "examples": ["08:00-12:00"]}
_DATE = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}(/[0-9]{4}-[0-9]{2}-[0-9]{2})?$"}
_DAY = {"enum": list(DAYS)}

Duration = Annotated[
    timedelta,
    *_typed(duration.read_duration, {"type": "string", "pattern": f"^(?=.){duration.PATTERN}$", "examples": ["45m"]}),
]
TimeOfDay = Annotated[time, *_typed(read_time, {"type": "string", "pattern": f"^{CLOCK}$", "examples": ["22:00"]})]
Hours = Annotated[
    tuple[TimeRange, ...], *_typed(read_ranges, {"type": "array", "items": _RANGE, "examples": [["08:00-12:00"]]})
]
HoursOrOne = Annotated[
    tuple[TimeRange, ...], *_typed(read_one_or_more_ranges, {"anyOf": [_RANGE, {"type": "array", "items": _RANGE}]})
]
DayNames = Annotated[
    tuple[str, ...], *_typed(read_days, {"anyOf": [_DAY, {"type": "array", "items": _DAY}], "examples": ["any"]})
]
Dates = Annotated[
    tuple[date, ...], *_typed(read_dates, {"type": "array", "items": _DATE, "examples": [["2027-02-05"]]})
]
Moment = Annotated[date | datetime, *_typed(read_moment, {"type": "string", "examples": ["2026-12-01"]})]
Zone = Annotated[ZoneInfo, *_typed(read_zone, {"type": "string", "examples": ["Asia/Shanghai"]})]
PublicKey = Annotated[str, *_typed(read_key, {"type": "string", "examples": ["ssh-ed25519 AAAA…"]})]
Expression = Annotated[
    str, *_typed(checked_expression, {"type": "string", "examples": ["verb=='backup' && outcome=='success'"]})
]
