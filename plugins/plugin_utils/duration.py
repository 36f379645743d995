# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Durations as people write them: 7h, 45m, 2d, 90s, 1h30m."""

from __future__ import annotations

import re
from datetime import timedelta

from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError

__all__ = ["PATTERN", "DurationError", "duration_text", "duration_words", "read_duration"]

PATTERN = r"(?:([0-9]{1,6})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,6})s)?"
UNITS = {"d": ("d", "day", "days"), "h": ("h", "hr", "hour", "hours"), "m": ("m", "min", "minute", "minutes")}
UNITS["s"] = ("s", "sec", "second", "seconds")


class DurationError(OpsError, ValueError):
    """A value is no duration; the message says what to write."""


def read_duration(value: object) -> timedelta:
    """Return the duration that a text gives, longer than nothing: days, hours, minutes, seconds, each at most once and in this order.

    Raises:
        DurationError: it gives none.
    """
    found = re.fullmatch(PATTERN, value) if isinstance(value, str) and value else None
    if not found:
        shown = f'"{value}"' if isinstance(value, str) else f"{value}"
        raise DurationError(f"{shown} is no duration, write {_meant(value)}")
    days, hours, minutes, seconds = (int(number or 0) for number in found.groups())
    duration = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if not duration:
        raise DurationError(f'"{value}" lasts no time, write for example 45m or 7h')
    return duration


def duration_text(duration: timedelta) -> str:
    """Return a duration as one writes it, 1h30m; what is below a second is left out."""
    left = int(duration.total_seconds())
    parts = []
    for unit, seconds in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        number, left = divmod(left, seconds)
        if number:
            parts.append(f"{number}{unit}")
    return "".join(parts) or "0s"


def duration_words(seconds: float) -> str:
    """Return a time for people: 9 s, 3 min 20 s, 2 h 05 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60:02} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60:02} min"


def _meant(value: object) -> str:
    """Return what to write instead: with the number that was given where there is one."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return f"its unit too: {value}h, {value}m or {value}d"
    found = re.fullmatch(r"([0-9]{1,6})\s*([A-Za-z]+)", value.strip()) if isinstance(value, str) else None
    if found:
        for unit, words in UNITS.items():
            if found[2].lower() in words:
                return f"{int(found[1])}{unit}"
    return "for example 45m, 7h, 2d or 1h30m"
