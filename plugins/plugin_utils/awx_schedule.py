# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An appointment as AWX's recurrence rule.

Source of the rules: AWX, awx/api/serializers.py, SchedulePreviewSerializer.validate_rrule: DTSTART with its zone once, INTERVAL in each rule, no BYDAY
with a number (BYSETPOS says it), no EXDATE or RDATE.
"""

from __future__ import annotations

from datetime import time

from ansible_collections.traumalink.ops.plugins.plugin_utils.contract_values import WEEKDAYS
from ansible_collections.traumalink.ops.plugins.plugin_utils.timetable import Daily, Rhythm, Weekly

__all__ = ["rrule"]

# A fixed first day: with today's, applying the same data tomorrow would change every schedule. January, so that quarters begin with the year's.
FIRST_DAY = "20250101"


def rrule(rhythm: Rhythm, at: time, zone: str) -> str:
    """Return the rule of a rhythm.

    Args:
        at: when, by the clock of `zone`, a name of the IANA database; whole minutes.
    """
    return f"DTSTART;TZID={zone}:{FIRST_DAY}T{at:%H%M}00 RRULE:{_rule(rhythm)}"


def _rule(rhythm: Rhythm) -> str:
    if isinstance(rhythm, Daily):
        days = [day for day in WEEKDAYS if day not in rhythm.but]
        return "FREQ=DAILY;INTERVAL=1" + (f";BYDAY={_days(*days)}" if rhythm.but else "")
    if isinstance(rhythm, Weekly):
        return f"FREQ=WEEKLY;INTERVAL=1;BYDAY={_days(rhythm.weekday)}"
    months = f"FREQ=MONTHLY;INTERVAL={rhythm.months}"
    if not rhythm.places:
        return f"{months};BYMONTHDAY=1"
    return f"{months};BYDAY={_days(rhythm.weekday)};BYSETPOS={','.join(str(place) for place in rhythm.places)}"


def _days(*names: str) -> str:
    return ",".join(name[:2].upper() for name in names)
