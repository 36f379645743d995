"""The ways that lead on from a set: one for each timeline that came from it, with what is missing on it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest_sets import Backup, Stanza
from ansible_collections.traumalink.ops.plugins.module_utils.restore_way import Way, own_sets, ways_from
from ansible_collections.traumalink.ops.plugins.module_utils.wal import segment_name
from ansible_collections.traumalink.ops.plugins.module_utils.wal_archive import Gap
from backup_samples import proof
from restore_samples import Wal, backup_in, forked, lsn, whole

SET = backup_in(5)
LONG = replace(SET, wal_stop=segment_name(1, 7))  # writes went on while it was taken


def gap(first: int, last: int, timeline: int = 1) -> Gap:
    """Return a gap from one segment to another."""
    return Gap(segment_name(timeline, first), segment_name(timeline, last), last - first + 1)


def only(wal: Wal) -> Way:
    """Return the one way from SET."""
    (way,) = ways_from(SET, wal.archive, None)
    return way


# --- the sets ---


def test_sets_of_a_database_that_was_replaced_are_none_of_the_stanzas() -> None:
    same, before, untold = backup_in(5), backup_in(6, database_id="14-1"), replace(backup_in(7), database_id=None)
    stanza = Stanza("lab", 0, "ok", 7, None, None, (same, before, untold), "15-1")
    assert own_sets(stanza, {}) == [same, untold]


@pytest.mark.parametrize(("system_id", "proven_by", "belongs"), [(7, 7, True), (7, 8, False), (None, 8, True)])
def test_a_proof_tells_of_which_database_a_set_is(system_id: int | None, proven_by: int, belongs: bool) -> None:
    stanza = Stanza("lab", 0, "ok", system_id, None, None, (SET, backup_in(6)), "15-1")
    proofs = {SET.label: proof(0, label=SET.label, system_id=proven_by)}
    assert own_sets(stanza, proofs) == ([SET] if belongs else []) + [backup_in(6)]


# --- the ways ---


def test_one_timeline_is_one_way_to_its_last_segment() -> None:
    way = only(whole())
    assert (way.backup, way.timeline, way.begin, way.end, way.last) == (SET, 1, 5, 20, segment_name(1, 20))
    assert (way.gaps, way.broken) == ((), None)
    assert way.held(20) == whole().archive.segments[segment_name(1, 20)]
    assert way.held(21) is None


def test_a_way_begins_where_the_set_is_complete() -> None:
    (way,) = ways_from(LONG, whole().archive, None)
    assert way.begin == 7


def test_the_newest_timeline_comes_first_and_is_followed_over_the_place_where_it_began() -> None:
    new, old = ways_from(SET, forked().archive, None)
    assert [(way.timeline, way.last) for way in (new, old)] == [(2, segment_name(2, 30)), (1, segment_name(1, 20))]
    assert [new.name(number) for number in (14, 15, 16)] == [
        segment_name(1, 14),
        segment_name(2, 15),
        segment_name(2, 16),
    ]
    assert [old.name(number) for number in (14, 15, 16)] == [segment_name(1, number) for number in (14, 15, 16)]


@pytest.mark.parametrize(
    ("backup", "timelines"),
    [
        (backup_in(14), [2, 1]),
        (backup_in(15), [2, 1]),  # complete in the first half of the segment in which timeline 1 was left
        (backup_in(16), [1]),  # behind that place
        (backup_in(25, 2), [2]),
    ],
)
def test_only_timelines_that_left_behind_the_set_came_from_it(backup: Backup, timelines: list[int]) -> None:
    assert [way.timeline for way in ways_from(backup, forked().archive, None)] == timelines


def test_a_timeline_whose_history_is_missing_leads_nowhere() -> None:
    wal = forked()
    wal.histories.clear()
    assert [way.timeline for way in ways_from(SET, wal.archive, None)] == [1]


def test_a_timeline_of_a_timeline_came_from_the_set_too() -> None:
    wal = forked().leave(2, lsn(20), 3).write(3, range(20, 23))
    assert [way.timeline for way in ways_from(SET, wal.archive, None)] == [3, 2, 1]
    assert [way.timeline for way in ways_from(backup_in(25, 2), wal.archive, None)] == [2]


# --- what is missing ---


@pytest.mark.parametrize(
    ("lost", "gaps", "broken"),
    [
        ([14, 15], [gap(14, 15)], None),
        ([8, 14, 15], [gap(8, 8), gap(14, 15)], None),
        ([6], [gap(6, 6)], gap(6, 6)),
        ([5, 6, 7, 8], [gap(5, 8)], gap(5, 8)),
        ([7, 9], [gap(7, 7), gap(9, 9)], gap(7, 7)),
        ([4], [], None),  # before the set
        ([20], [], None),  # nobody can tell that there was one
    ],
)
def test_what_the_set_itself_needs_breaks_it_and_what_comes_later_does_not(
    lost: list[int], gaps: list[Gap], broken: Gap | None
) -> None:
    (way,) = ways_from(LONG, whole().lose(*lost).archive, None)
    assert (list(way.gaps), way.broken) == (gaps, broken)


@pytest.mark.parametrize(
    ("position", "met"),
    [(lsn(13, 0xFFFFFF), None), (lsn(14), gap(14, 15)), (lsn(16), gap(14, 15)), (lsn(20), gap(14, 15))],
)
def test_a_replay_meets_the_first_gap_on_its_way(position: int, met: Gap | None) -> None:
    assert only(whole().lose(14, 15, 18)).gap_before(position) == met


def test_what_was_seen_in_the_archive_when_the_set_was_taken_is_missing_and_not_the_end() -> None:
    seen = proof(0, label=SET.label, proven_to=segment_name(1, 22))
    (way,) = ways_from(SET, whole().archive, seen)
    assert (way.last, way.gaps) == (segment_name(1, 22), (gap(21, 22),))
    (way,) = ways_from(SET, whole().lose(*range(5, 21)).archive, None)
    assert (way.last, way.broken) == (SET.wal_stop, gap(5, 5)), "the set's own WAL is known without a proof"


def test_a_proof_says_nothing_of_another_timeline() -> None:
    seen = proof(0, label=SET.label, proven_to=segment_name(1, 40))
    new, old = ways_from(SET, forked().archive, seen)
    assert (new.last, new.gaps) == (segment_name(2, 30), ())
    assert (old.last, old.gaps) == (segment_name(1, 40), (gap(21, 40),))
