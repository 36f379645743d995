"""To which moment one database comes back, and with which set: wrong moments are refused with what is possible."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.copy_plan import Moment, moment_of, set_for
from ansible_collections.traumalink.ops.plugins.module_utils.drill_plan import PlanError
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest import Backup, Stanza
from ansible_collections.traumalink.ops.plugins.module_utils.wal_archive import Archived, WalArchive

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
LAST = "000000010000000000000009"


def backup(label: str, day: int, lsn: str) -> Backup:
    stopped = f"2026-11-{day}T02:00:00+00:00"
    return Backup(label, "full", None, stopped, stopped, 2, "0/1000000", lsn, LAST, LAST, 10, 10, 1, False, "15-1")


SETS = (backup("A", 23, "0/3000100"), backup("B", 24, "0/5000100"), backup("C", 25, "0/7000100"))
STANZA = Stanza("lab", 0, "ok", 7, None, LAST, SETS, "15-1")
ARCHIVE = WalArchive({LAST: Archived(LAST, 1, datetime(2026, 11, 25, 11, tzinfo=UTC))})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"time": "2026-11-25 10:00"}, "has no time zone; write it like 2026-10-01T23:00:00+08:00"),
        ({"time": "yesterday"}, "'yesterday' is no time"),
        ({"time": "2026-11-25T21:00:00+08:00"}, "lies in the future; now it is 2026-11-25T12:00:00"),
        ({"lsn": "7"}, "'7' is no WAL position"),
        ({"xid": "12x"}, "'12x' is no transaction id"),
        ({"name": "a\nb"}, "is no name of a restore point"),
        ({"name": "x" * 64}, "63 bytes at most"),
        ({"time": "2026-11-25T10:00:00Z", "lsn": "0/1"}, "restore_target_lsn and restore_target_time are given; one target at most"),
    ],
)  # fmt: skip
def test_a_moment_that_is_none_is_refused(given: dict[str, str], said: str) -> None:
    with pytest.raises(PlanError) as refused:
        moment_of(given, NOW)
    assert said in str(refused.value)
    assert str(refused.value).endswith("Nothing was changed")


@pytest.mark.parametrize(
    ("given", "settings"),
    [
        ({}, {}),
        ({"time": "2026-11-25T10:00:00.5+08:00"}, {"recovery_target_time": "2026-11-25 02:00:00.500000+00", "recovery_target_inclusive": "on"}),
        ({"lsn": "0/5000100"}, {"recovery_target_lsn": "0/5000100", "recovery_target_inclusive": "off"}),
        ({"xid": "742"}, {"recovery_target_xid": "742", "recovery_target_inclusive": "on"}),
        ({"name": "before it's done"}, {"recovery_target_name": "before it's done"}),
    ],
)  # fmt: skip
def test_the_server_pauses_at_the_moment(given: dict[str, str], settings: dict[str, str]) -> None:
    pause = {"recovery_target_action": "pause"} if settings else {}
    assert moment_of({"time": "", "lsn": "", **given}, NOW).settings == {**settings, **pause}


@pytest.mark.parametrize(
    ("given", "label"),
    [
        ({}, "C"),
        ({"time": "2026-11-25T01:59:59Z"}, "B"),
        ({"time": "2026-11-25T02:00:00Z"}, "C"),
        ({"lsn": "0/5000100"}, "B"),
        ({"lsn": "0/50000FF"}, "A"),
        ({"name": "before"}, "C"),
    ],
)
def test_the_newest_set_that_was_complete_is_taken(given: dict[str, str], label: str) -> None:
    assert set_for(moment_of(given, NOW), STANZA, None, ARCHIVE).label == label


def test_a_set_that_is_named_is_taken_where_it_fits() -> None:
    moment = moment_of({"time": "2026-11-24T12:00:00Z"}, NOW)
    assert set_for(moment, STANZA, "A", ARCHIVE).label == "A"
    with pytest.raises(
        PlanError, match=r"backup C was complete at 2026-11-25T02:00:00\+00:00 .* only, after .*; leave restore_set out"
    ):
        set_for(moment, STANZA, "C", ARCHIVE)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"time": "2026-11-22T12:00:00Z"}, "reaches from 2026-11-23T02:00:00+00:00 to 2026-11-25T11:00:00+00:00"),
        ({"time": "2026-11-25T11:30:00Z"}, "lies after the archive's end"),
        ({"lsn": "0/1000200"}, "reaches from 0/3000100 (end of A) on"),
    ],
)
def test_outside_of_what_can_come_back_the_range_is_told(given: dict[str, str], said: str) -> None:
    with pytest.raises(PlanError) as refused:
        set_for(moment_of(given, NOW), STANZA, None, ARCHIVE)
    assert said in str(refused.value)


def test_no_wal_no_time() -> None:
    with pytest.raises(PlanError, match="there is no WAL"):
        set_for(moment_of({"time": "2026-11-25T10:00:00Z"}, NOW), STANZA, None, WalArchive({}))


def test_the_moment_in_words() -> None:
    assert [Moment(kind, value).words for kind, value in (("end", ""), ("lsn", "0/1"), ("xid", "7"), ("name", "x"))] == [
        "the end of the archive", "WAL position 0/1", "transaction 7", "restore point x",
    ]  # fmt: skip
