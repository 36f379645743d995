"""Durations: what people write is read, anything else is answered with what to write."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.duration import (
    DurationError,
    duration_text,
    duration_words,
    read_duration,
)
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7h", 25200), ("45m", 2700), ("2d", 172800), ("90s", 90), ("1h30m", 5400), ("1d2h3m4s", 93784), ("0h1m", 60)],
)
def test_reads(text: str, seconds: int) -> None:
    assert read_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("7 hours", '"7 hours" is no duration, write 7h'),
        ("45 min", '"45 min" is no duration, write 45m'),
        ("2 Days", '"2 Days" is no duration, write 2d'),
        ("30sec", '"30sec" is no duration, write 30s'),
        ("7H", '"7H" is no duration, write 7h'),
        (7, "7 is no duration, write its unit too: 7h, 7m or 7d"),
        ("30m1h", '"30m1h" is no duration, write for example 45m, 7h, 2d or 1h30m'),
        ("1.5h", '"1.5h" is no duration, write for example 45m, 7h, 2d or 1h30m'),
        ("-1h", '"-1h" is no duration, write for example 45m, 7h, 2d or 1h30m'),
        ("", '"" is no duration, write for example 45m, 7h, 2d or 1h30m'),
        ("１h", '"１h" is no duration, write for example 45m, 7h, 2d or 1h30m'),
        ("7h\n", '"7h\n" is no duration, write 7h'),
        (True, "True is no duration, write for example 45m, 7h, 2d or 1h30m"),
        (None, "None is no duration, write for example 45m, 7h, 2d or 1h30m"),
        ("0m", '"0m" lasts no time, write for example 45m or 7h'),
    ],
)
def test_says_what_to_write(value: object, message: str) -> None:
    with pytest.raises(DurationError) as caught:
        read_duration(value)
    assert str(caught.value) == message


@given(st.integers(min_value=1, max_value=10**9))
def test_what_is_shown_can_be_read(seconds: int) -> None:
    assert read_duration(duration_text(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


def test_no_time_has_a_text_too() -> None:
    assert duration_text(timedelta()) == "0s"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.6, "1 min 00 s"), (200, "3 min 20 s"), (7500, "2 h 05 min")]
)
def test_times_are_for_people(seconds: float, text: str) -> None:
    assert duration_words(seconds) == text
