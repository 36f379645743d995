"""A rhythm as AWX's recurrence rule: its words, which AWX's own checks take. On which days it falls, the tests of the timetable see."""

from __future__ import annotations

from datetime import time

import awx_rules
import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.awx_schedule import rrule
from ansible_collections.traumalink.ops.plugins.plugin_utils.timetable import Daily, Monthly, Rhythm, Weekly


@pytest.mark.parametrize(
    ("rhythm", "rule"),
    [
        (Daily(), "FREQ=DAILY;INTERVAL=1"),
        (Daily(but=("sunday",)), "FREQ=DAILY;INTERVAL=1;BYDAY=MO,TU,WE,TH,FR,SA"),
        (Weekly("sunday"), "FREQ=WEEKLY;INTERVAL=1;BYDAY=SU"),
        (Monthly(), "FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=1"),
        (Monthly(3, (1, 3)), "FREQ=MONTHLY;INTERVAL=3;BYDAY=SU;BYSETPOS=1,3"),
    ],
)
def test_each_rhythm_is_a_rule_that_awx_takes(rhythm: Rhythm, rule: str) -> None:
    made = rrule(rhythm, time(1, 30), "Asia/Shanghai")
    assert made == f"DTSTART;TZID=Asia/Shanghai:20250101T013000 RRULE:{rule}"
    awx_rules.schedule_rule(made)
