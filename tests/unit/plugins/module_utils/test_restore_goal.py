"""What a person types as the target of a restore: read as one meaning, or refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.restore_goal import (
    GoalError,
    instant,
    read_goal,
    read_time,
)


@pytest.mark.parametrize(
    ("typed", "at"),
    [
        ("2026-11-29 03:15:00+08:00", datetime(2026, 11, 28, 19, 15, tzinfo=UTC)),
        ("2026-11-29T03:15:00.25+08", datetime(2026, 11, 28, 19, 15, 0, 250000, tzinfo=UTC)),
        ("2026-11-29 03:15 Asia/Shanghai", datetime(2026, 11, 28, 19, 15, tzinfo=UTC)),
        ("2026-11-28T19:15:00Z", datetime(2026, 11, 28, 19, 15, tzinfo=UTC)),
        ("2026-11-28 19:15:00 UTC", datetime(2026, 11, 28, 19, 15, tzinfo=UTC)),
        ("2026-11-28 15:45:00 -0330", datetime(2026, 11, 28, 19, 15, tzinfo=UTC)),
        ("2026-11-28 19:15:00,5 UTC+00:00", datetime(2026, 11, 28, 19, 15, 0, 500000, tzinfo=UTC)),
        ("2026-06-28 19:15:00 Europe/Berlin", datetime(2026, 6, 28, 17, 15, tzinfo=UTC)),
    ],
)
def test_a_time_with_its_zone_has_one_meaning(typed: str, at: datetime) -> None:
    assert read_time(typed) == at
    assert read_time(instant(at)) == at


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("2026-11-29 03:15:00", "has no time zone, so it may be any of 24 hours; write it as"),
        ("2026-11-29 03:15:00 CST", "'CST' is no time zone that has one meaning"),
        ("2026-11-29 03:15:00 Asia/Nowhere", "'Asia/Nowhere' is no time zone"),
        ("2026-11-29 03:15:00 ../../etc/passwd", "is no time zone"),
        ("2026-11-31 03:15:00+08:00", "is no time; write it as 2026-11-29 03:15:00"),
        ("yesterday", "is no time"),
        ("29.11.2026 03:15 +08:00", "is no time"),
        (
            "2026-10-25 02:30:00 Europe/Berlin",
            "was twice, .* write 2026-10-25 00:30:00 UTC or 2026-10-25 01:30:00 UTC",
        ),
        ("2026-03-29 02:30:00 Europe/Berlin", "was never: the clocks of Europe/Berlin were put forward over it"),
    ],
)
def test_a_time_with_no_meaning_or_several_is_refused(typed: str, why: str) -> None:
    with pytest.raises(GoalError, match=why):
        read_goal({"time": typed})


@pytest.mark.parametrize(
    ("given", "kind", "value", "words"),
    [
        ({}, "end", "", "the end of the archived WAL"),
        ({"time": " ", "name": "", "lsn": "", "xid": ""}, "end", "", "the end of the archived WAL"),
        (
            {"time": "2026-11-29 03:15:00+08:00"},
            "time",
            "2026-11-28 19:15:00.000000+00",
            "2026-11-28 19:15:00 UTC",
        ),
        ({"name": "before it's 升级"}, "name", "before it's 升级", 'restore point "before it\'s 升级"'),
        ({"lsn": "0/07a00028"}, "lsn", "0/7A00028", "position 0/7A00028"),
        ({"xid": " 4711 "}, "xid", "4711", "transaction 4711"),
        ({"xid": str(2**32 + 4711)}, "xid", "4711", "transaction 4711"),
    ],
)
def test_reads_each_kind_of_target(given: dict[str, str], kind: str, value: str, words: str) -> None:
    goal = read_goal(given)
    assert (goal.kind, goal.value, goal.words) == (kind, value, words)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (
            {"time": "2026-11-29 03:15:00Z", "xid": "5"},
            "restore_target_time and restore_target_xid are given; a restore",
        ),
        ({"name": "a\nb"}, "can be no restore point's name"),
        ({"name": "长" * 22}, "at most 63 bytes"),
        ({"lsn": "7A00028"}, "restore_target_lsn: '7A00028' is no WAL position; one looks like"),
        ({"xid": "-5"}, "is no transaction's number"),
        ({"xid": "2"}, "is no transaction's number"),
        ({"xid": "４７１１"}, "is no transaction's number"),
        ({"xid": str(2**64)}, "is no transaction's number"),
    ],
)
def test_refuses_what_is_no_target(given: dict[str, str], why: str) -> None:
    with pytest.raises(GoalError, match=why):
        read_goal(given)
