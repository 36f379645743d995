"""Which set and timeline a restore takes, what it says beforehand, and what it refuses: all decided before anything is changed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import restore_search
from ansible_collections.traumalink.ops.plugins.module_utils.restore_goal import instant
from ansible_collections.traumalink.ops.plugins.module_utils.restore_options import GapError, RefusedError
from ansible_collections.traumalink.ops.plugins.module_utils.restore_plan import RestorePlan
from ansible_collections.traumalink.ops.plugins.module_utils.wal import lsn_text, segment_name
from ansible_collections.traumalink.ops.plugins.module_utils.wal_records import Ended
from restore_samples import NOW, Wal, at, backup_in, forked, lsn, whole

FIRST, SECOND, THIRD = backup_in(5), backup_in(10), backup_in(25, 2)


def minute(value: float) -> str:
    """Type a time."""
    return instant(at(value))


def refusal(wal: Wal, *sets: Any, **wanted: Any) -> str:
    """Return why it is refused."""
    with pytest.raises(RefusedError, match=r" Nothing was changed$") as refused:
        wal.planner(*sets, **wanted).plan()
    return str(refused.value)


# --- to the end ---


def test_goes_to_the_end_from_the_newest_set_and_says_what_was_the_last_commit() -> None:
    wal = whole()
    plan = wal.planner(FIRST, SECOND).plan()
    assert (plan.backup, plan.timeline, plan.type, plan.target, plan.last_segment) == (
        SECOND,
        1,
        "default",
        "",
        segment_name(1, 20),
    )
    assert plan.last_commit == plan.wanted_commit == at(20.75)
    assert plan.recovered.endswith(f"along timeline 1, every commit up to {minute(20.75)}")
    assert plan.lost == f"what was committed after {minute(20.75)} and never came into the archive"
    assert (plan.reach, plan.beyond) == (lsn_text(lsn(20)), "")
    assert plan.possible == f"from {minute(5 + 31 / 60)} to {minute(20.75)}"
    assert wal.looked == {segment_name(1, 20)}, "only the last segment can hold the last commit"


def test_takes_the_set_that_is_named() -> None:
    assert whole().planner(FIRST, SECOND, set=FIRST.label).plan().backup == FIRST


def test_without_a_program_to_look_it_still_goes_to_the_end_and_says_what_is_not_known() -> None:
    plan = whole().planner(FIRST, readable=False).plan()
    assert (plan.last_segment, plan.last_commit) == (segment_name(1, 20), None)
    assert plan.notes == ("no commit's time is known: pg_waldump is not installed",)
    assert plan.lost == f"what was committed after segment {segment_name(1, 20)} and never came into the archive"
    assert "no target can be looked for in the archived WAL: pg_waldump" in refusal(
        whole(), FIRST, time=minute(12), readable=False
    )


# --- to a target ---


@pytest.mark.parametrize(
    ("wanted", "backup", "target", "last", "reach", "beyond"),
    [
        ({"time": minute(12.5)}, SECOND, "2026-11-29 01:12:30.000000+00", 12.25, lsn(12, 0x400001), lsn(12, 0xC00000)),
        ({"time": minute(12.75)}, SECOND, "2026-11-29 01:12:45.000000+00", 12.75, lsn(12, 0xC00001), lsn(13, 0x400000)),
        ({"time": minute(13.1)}, SECOND, "2026-11-29 01:13:06.000000+00", 12.75, lsn(12, 0xC00001), lsn(13, 0x400000)),
        ({"time": minute(10.2)}, FIRST, "2026-11-29 01:10:12.000000+00", 9.75, lsn(9, 0xC00001), lsn(10, 0x400000)),
        ({"name": "here"}, SECOND, "here", 13.25, lsn(13, 0x600001), None),
        ({"lsn": lsn_text(lsn(12, 0x500000))}, SECOND, lsn_text(lsn(12, 0x500000)), 12.25, lsn(12, 0x500001), None),
        ({"lsn": lsn_text(lsn(10, 0x700))}, FIRST, lsn_text(lsn(10, 0x700)), 9.75, lsn(10, 0x701), None),
        ({"lsn": SECOND.lsn_stop}, SECOND, SECOND.lsn_stop, 9.75, lsn(10, 0x801), None),
        ({"lsn": lsn_text(lsn(20, 0xC00100))}, SECOND, lsn_text(lsn(20, 0xC00100)), 20.75, lsn(20, 0xC00101), None),
        ({"xid": "2700"}, SECOND, "2700", 13.75, lsn(13, 0xC00001), None),
        ({"xid": "1600"}, FIRST, "1600", 8.25, lsn(8, 0x400001), None),
    ],
)  # fmt: skip
def test_reaches_a_target_from_the_newest_set_that_was_complete_before_it(
    wanted: dict[str, str], backup: object, target: str, last: float | None, reach: int, beyond: int | None
) -> None:
    wal = whole().point("here", 13)
    plan = wal.planner(FIRST, SECOND, **wanted).plan()
    assert (plan.backup, plan.type, plan.target, plan.timeline) == (backup, next(iter(wanted)), target, 1)
    assert plan.last_commit == plan.wanted_commit == (at(last) if last else None)
    assert (plan.reach, plan.beyond) == (lsn_text(reach), lsn_text(beyond) if beyond else "")
    assert plan.lost == f"every later commit; the archive holds them up to {minute(20.75)}"
    assert plan.segments_looked == len(wal.looked) > 0


def test_a_set_that_is_named_must_lie_before_the_target() -> None:
    assert whole().planner(FIRST, SECOND, set=FIRST.label, time=minute(12.5)).plan().backup == FIRST
    said = refusal(whole(), FIRST, SECOND, set=SECOND.label, time=minute(8))
    assert f"lies before backup {SECOND.label} was complete" in said


@pytest.mark.parametrize("name", ["it's", "back\\slash"])
def test_a_restore_points_name_is_written_as_postgresql_reads_it(name: str) -> None:
    plan = whole().point(name, 13).planner(FIRST, name=name).plan()
    assert plan.target == {"it's": "it''s", "back\\slash": "back\\\\slash"}[name]


# --- refused targets ---


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ({"time": instant(NOW.replace(hour=23))}, "lies in the future: it is 2026-11-29 11:00:00 UTC now"),
        ({"time": minute(3)}, f"lies before backup {FIRST.label} was complete"),
        ({"time": minute(5.5)}, f"lies before backup {FIRST.label} was complete"),
        ({"time": minute(21)}, "the archive ends before it. Leave the target out to restore to the end"),
        ({"time": minute(20.75)}, "the archive ends before it"),
        ({"name": "nowhere"}, 'there is no restore point "nowhere" in the archived WAL behind the first backup (16 segments were looked'),
        ({"name": "early"}, 'there is no restore point "early"'),
        ({"lsn": "0/1400FFFF"}, None),
        ({"lsn": "0/14C00101"}, "is not in the archived WAL behind the first backup"),
        ({"lsn": "7/0"}, "is not in the archived WAL"),
        ({"lsn": "0/4000000"}, "is not in the archived WAL behind the first backup"),
        ({"xid": "999"}, "the end of transaction 999 is not in the archived WAL"),
        ({"xid": "5000"}, f"transaction 5000 was rolled back at {minute(17.9)}"),
        ({"xid": "5002"}, f"transaction 5002 is a part of transaction 5001, which ended at {minute(18.9)}: name that"),
    ],
)  # fmt: skip
def test_what_cannot_be_reached_is_refused_with_the_possible_range(wanted: dict[str, str], why: str | None) -> None:
    wal = whole().point("early", 3)
    wal.ended(17, Ended(lsn(17, 0xD00000), 5000, at(17.9), committed=False))
    wal.ended(18, Ended(lsn(18, 0xD00000), 5001, at(18.9), parts=(5002,)))
    if why is None:
        assert wal.planner(FIRST, SECOND, **wanted).plan().type == "lsn"
        return
    said = refusal(wal, FIRST, SECOND, **wanted)
    assert why in said
    assert said.endswith(f"Possible is any time from {minute(5 + 31 / 60)} to {minute(20.75)}. Nothing was changed")


@pytest.mark.parametrize(
    ("wanted", "other"), [({"xid": "1800"}, "Name the newest"), ({"xid": "3900", "set": FIRST.label}, "Name another")]
)
def test_what_was_not_looked_for_everywhere_is_not_said_to_be_nowhere(
    monkeypatch: pytest.MonkeyPatch, wanted: dict[str, str], other: str
) -> None:
    monkeypatch.setattr(restore_search, "MOST_SEGMENTS", 6)
    said = refusal(whole(), FIRST, SECOND, **wanted)
    assert "is not in what was looked through of the archived WAL: 6 WAL segments (0 GiB), " in said
    assert f". {other} backup that was complete before it by restore_set" in said
    assert whole().planner(FIRST, SECOND, xid="1800", set=FIRST.label).plan().last_commit == at(9.25)


def test_a_restore_point_that_was_not_looked_for_everywhere_may_be_there_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restore_search, "MOST_SEGMENTS", 6)
    plan = whole().point("twice", 7).point("twice", 18).planner(FIRST, name="twice").plan()
    assert plan.last_commit == at(18.25)
    assert "so there may be another restore point" in plan.notes[0]


def test_two_restore_points_of_one_name_are_refused_with_their_places() -> None:
    said = refusal(whole().point("twice", 12).point("twice", 14), FIRST, name="twice")
    places = (
        f"timeline 1, {lsn_text(lsn(12, 0x600000))}, after the commit of {minute(12.25)}; "
        f"timeline 1, {lsn_text(lsn(14, 0x600000))}, after the commit of {minute(14.25)}"
    )
    assert f'restore point "twice" can mean 2 things; choose by restore_target_lsn instead: {places}' in said


# --- gaps ---


def test_a_gap_on_the_way_is_refused_with_the_time_at_stake_and_the_words_that_accept_it() -> None:
    said = refusal(whole().lose(14, 15), FIRST, SECOND)
    assert said.startswith(
        f"2 WAL segments are missing, {segment_name(1, 14)} to {segment_name(1, 15)} in the repository"
    )
    assert f"what was committed after {minute(13.75)} and before {minute(16.25)} is in there" in said
    assert f"all that was committed later, the last at {minute(20.75)}, is lost too" in said
    assert f'-e \'{{"restore_accept_loss": "lose every commit after {minute(13.75)}"}}\'' in said


@pytest.mark.parametrize("wanted", [{}, {"time": minute(18.5)}, {"xid": "3700"}, {"lsn": lsn_text(lsn(14, 1))}])
def test_goes_up_to_the_gap_and_nothing_beyond_once_the_loss_is_repeated(wanted: dict[str, str]) -> None:
    words = f"lose every commit after {minute(13.75)}"
    for other in ("", "yes", "lose every commit", words.upper()):
        with pytest.raises(GapError, match=re.escape(words)):
            whole().lose(14, 15).planner(FIRST, SECOND, accept=other, **wanted).plan()
    plan = whole().lose(14, 15).planner(FIRST, SECOND, accept=f" {words}", **wanted).plan()
    assert (plan.backup, plan.type, plan.target) == (SECOND, "lsn", lsn_text(lsn(13, 0xC00100)))
    assert (plan.reach, plan.beyond) == (lsn_text(lsn(13, 0xC00101)), lsn_text(lsn(14)))
    assert (plan.last_segment, plan.last_commit) == (segment_name(1, 13), at(13.75))
    assert plan.wanted_commit == (at(20.75) if not wanted else at(18.25) if "time" in wanted else plan.wanted_commit)
    assert (
        plan.lost
        == f"2 WAL segments are missing, {segment_name(1, 14)} to {segment_name(1, 15)}: every commit after {minute(13.75)}"
    )


def test_without_a_program_to_look_the_words_name_the_segment() -> None:
    words = f"lose all WAL from {segment_name(1, 14)} on"
    assert words in refusal(whole().lose(14), FIRST, readable=False)
    plan = whole().lose(14).planner(FIRST, readable=False, accept=words).plan()
    assert (plan.type, plan.target, plan.reach) == ("default", "", lsn_text(lsn(13) + 1))


@pytest.mark.parametrize("wanted", [{"time": minute(12.5)}, {"xid": "2700"}, {"lsn": lsn_text(lsn(13, 0xFFFF00))}])
def test_a_gap_behind_the_target_is_in_nobodys_way(wanted: dict[str, str]) -> None:
    plan = whole().lose(14).planner(FIRST, **wanted).plan()
    assert (plan.type, plan.gap) == (next(iter(wanted)), None)


def test_a_set_whose_own_wal_is_missing_gives_way_to_an_earlier_one_up_to_the_gap() -> None:
    wal = whole().lose(10)
    words = f"lose every commit after {minute(9.75)}"
    assert words in refusal(wal, FIRST, SECOND)
    plan = wal.planner(FIRST, SECOND, accept=words).plan()
    assert (plan.backup, plan.last_commit) == (FIRST, at(9.75))
    assert f"{segment_name(1, 10)} is missing in the repository, which backup {SECOND.label} needs" in plan.notes[0]
    assert f"which backup {SECOND.label} needs: it cannot be restored" in refusal(wal, SECOND)


# --- timelines ---


def test_follows_the_newest_timeline_and_says_what_the_other_still_holds() -> None:
    plan = forked().planner(FIRST).plan()
    assert (plan.timeline, plan.last_segment) == (2, segment_name(2, 30))
    assert plan.notes == (
        f"timeline 1 goes on to segment {segment_name(1, 20)} behind 0/F800000, where it was left: that does not come back "
        "(restore_timeline=1 brings it)",
    )
    assert forked().planner(FIRST, THIRD).plan().backup == THIRD


def test_the_timeline_that_was_left_comes_back_when_it_is_chosen() -> None:
    plan = forked().planner(FIRST, THIRD, timeline="1").plan()
    assert (plan.backup, plan.timeline, plan.last_segment, plan.last_commit) == (
        FIRST,
        1,
        segment_name(1, 20),
        at(20.75),
    )
    assert "no backup leads to timeline 3" in refusal(forked(), FIRST, THIRD, timeline="3")


def test_a_newest_timeline_that_did_not_come_from_the_set_is_refused_and_named() -> None:
    late = backup_in(18)  # of timeline 1, behind the place where timeline 2 left it
    said = refusal(forked(), FIRST, late)
    assert f"The newest timeline in the archive is 2, and it did not come from backup {late.label}" in said
    assert (
        f"Choose by restore_timeline what comes back (and by restore_set an earlier backup): 1 goes on to segment {segment_name(1, 20)}"
        in said
    )
    assert forked().planner(FIRST, late, timeline="1").plan().backup == late
    assert forked().planner(FIRST, late, timeline="2").plan().backup == FIRST


def test_a_timeline_whose_history_is_lost_is_unexpected_too() -> None:
    wal = forked()
    wal.histories.clear()
    assert "The newest timeline in the archive is 2, and it did not come from" in refusal(wal, FIRST)


def test_several_timelines_that_came_from_the_set_are_refused_and_named() -> None:
    wal = forked().leave(1, lsn(17), 3).write(3, range(17, 20), later=200)
    said = refusal(wal, FIRST)
    assert f"Several timelines came from backup {FIRST.label}: 3 and 2" in said
    assert "2 (left timeline 1 at 0/F800000) goes on to segment" in said
    assert wal.planner(FIRST, timeline="2").plan().timeline == 2


@pytest.mark.parametrize(
    ("wanted", "timeline", "last"),
    [
        ({"time": minute(12.5)}, 2, 12.25),  # on both, before they part
        ({"time": minute(14.8)}, 2, 14.75),
        ({"time": minute(80.5)}, 2, 80.25),  # timeline 1 had ended before
        ({"xid": "3700"}, 1, None),  # after the place where timeline 2 left
        ({"xid": "5900"}, 2, None),
        ({"name": "left"}, 1, 17.25),
        ({"time": minute(17.5), "timeline": "1"}, 1, 17.25),
        ({"time": minute(17.5), "timeline": "2"}, 2, 15.25),
    ],
)
def test_takes_the_timeline_on_which_the_target_lies(wanted: dict[str, str], timeline: int, last: float | None) -> None:
    plan = forked().point("left", 17).planner(FIRST, **wanted).plan() if wanted != {"xid": "3700"} else only_on_one()
    assert plan.timeline == timeline
    if last is not None:
        assert plan.last_commit == at(last)


def only_on_one() -> RestorePlan:
    """Plan for a transaction that timeline 1 alone has."""
    wal = forked().ended(18, Ended(lsn(18, 0xD00000), 7777, at(18.9)))
    return wal.planner(FIRST, xid="7777").plan()


def test_a_time_that_both_timelines_went_through_is_refused_until_one_is_chosen() -> None:
    said = refusal(forked(), FIRST, time=minute(17.5))
    assert f"{minute(17.5)} can mean 2 things; choose by restore_timeline" in said
    assert f"timeline 1, {lsn_text(lsn(17, 0xC00000))}, after the commit of {minute(17.25)}" in said
    assert f"timeline 2, {lsn_text(lsn(15, 0xC00000))}, after the commit of {minute(15.25)}" in said


def test_a_timeline_that_was_left_before_the_target_is_refused() -> None:
    said = refusal(forked().point("left", 17), FIRST, name="left", timeline="2")
    assert 'there is no restore point "left" in the archived WAL on timeline 2' in said


def test_a_restore_that_was_killed_behind_its_promotion_finds_its_target_again() -> None:
    # The new timeline's history and first segment are archived, with nothing committed on it that is later than the target.
    wal = whole().leave(1, lsn(15, 0x800000), 2).write(2, [15], begin=lsn(15, 0x800000))
    wal.content[segment_name(2, 15)] = wal.content[segment_name(2, 15)].__class__(
        wal.content[segment_name(1, 15)].ends[:1]
    )
    plan = wal.planner(FIRST, time=minute(15.5)).plan()
    assert (plan.timeline, plan.last_commit) == (1, at(15.25))
