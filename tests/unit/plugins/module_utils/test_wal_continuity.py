"""Whether the WAL leads on from each set, also over timelines and while segments still arrive."""

from __future__ import annotations

from ansible_collections.traumalink.ops.plugins.module_utils.wal import SEGMENT_BYTES, segment_name
from ansible_collections.traumalink.ops.plugins.module_utils.wal_archive import Archived, Gap, History, WalArchive
from ansible_collections.traumalink.ops.plugins.module_utils.wal_continuity import continuity, settled_continuity
from backup_samples import NOW, archive, full, proof, proofs, stanza


def timelines(first: range, second: range, left_at: int) -> WalArchive:
    """Return an archive whose timeline 2 was begun in the middle of segment `left_at`."""
    names = [segment_name(1, number) for number in first] + [segment_name(2, number) for number in second]
    history = History(2, ((1, left_at * SEGMENT_BYTES + 100),))
    return WalArchive({name: Archived(name, 1, NOW) for name in names}, {2: history})


def test_each_set_goes_as_far_as_the_archive() -> None:
    (way,) = continuity(stanza(full()), archive(*range(4, 12)), {})
    assert (way.label, way.first, way.last, way.gaps) == (full().label, segment_name(1, 5), segment_name(1, 11), ())
    assert way.whole


def test_gaps_are_named_and_told_from_what_the_set_needs() -> None:
    (way,) = continuity(stanza(full()), archive(5, 7, 9, 10), {})
    assert way.gaps == (Gap(segment_name(1, 6), segment_name(1, 6), 1), Gap(segment_name(1, 8), segment_name(1, 8), 1))
    assert [way.needs(gap) for gap in way.gaps] == [True, False]
    assert not way.whole


def test_what_was_there_when_the_set_was_proven_and_is_gone_is_missing_not_the_end() -> None:
    known = proofs(proof(0, proven_to=segment_name(1, 9)))
    (way,) = continuity(stanza(full()), archive(5, 6, 7), known)
    assert way.gaps == (Gap(segment_name(1, 8), segment_name(1, 9), 2),)
    assert continuity(stanza(full()), archive(5, 6, 7), {})[0].gaps == ()


def test_a_repository_without_any_wal_breaks_every_set() -> None:
    (way,) = continuity(stanza(full()), WalArchive(), {})
    assert way.gaps == (Gap(segment_name(1, 5), segment_name(1, 6), 2),)
    assert way.needs(way.gaps[0])


def test_the_way_leads_onto_the_timeline_of_a_restore() -> None:
    (way,) = continuity(stanza(full()), timelines(range(5, 9), range(8, 12), 8), {})
    assert (way.last, way.gaps) == (segment_name(2, 11), ())


def test_a_set_of_a_timeline_that_was_left_before_it_goes_as_far_as_its_own() -> None:
    (way,) = continuity(stanza(full()), timelines(range(3, 9), range(4, 12), 4), {})
    assert (way.last, way.gaps, way.problem) == (segment_name(1, 8), (), "")


def test_a_missing_history_is_a_problem_where_no_other_way_is_left() -> None:
    lost = WalArchive({segment_name(2, 7): Archived("", 1, NOW)})
    on_two = full(wal_start=segment_name(2, 5), wal_stop=segment_name(2, 6))
    (way,) = continuity(stanza(on_two), lost, {})
    assert "00000002.history" in way.problem
    assert not way.whole


def test_sets_of_an_earlier_database_are_left_out() -> None:
    known = proofs(proof(1, system_id=5), proof(0))
    numbered = stanza(full(1, database_id="15-1"), full(database_id="15-2"), database_id="15-2")
    assert [way.label for way in continuity(numbered, archive(*range(2, 9)), {})] == [full().label]
    assert [way.label for way in continuity(stanza(full(1), full()), archive(*range(2, 9)), known)] == [full().label]


def test_a_segment_that_arrives_a_moment_later_is_not_missing() -> None:
    looks = [archive(5, 6, 8), archive(5, 6, 7, 8)]
    paused: list[float] = []
    found, (way,) = settled_continuity(stanza(full()), lambda: looks.pop(0), {}, paused.append)
    assert way.whole
    assert segment_name(1, 7) in found.segments
    assert len(paused) == 1


def test_an_archive_without_gaps_is_looked_at_once() -> None:
    looks = [archive(5, 6, 7)]
    _found, (way,) = settled_continuity(stanza(full()), lambda: looks.pop(0), {}, lambda _seconds: None)
    assert way.whole
    assert looks == []
