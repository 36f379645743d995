"""What a restore can choose from, and how a refusal says so."""

from __future__ import annotations

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.backup_proof import Proof
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest_sets import Backup
from ansible_collections.traumalink.ops.plugins.module_utils.restore_goal import instant
from ansible_collections.traumalink.ops.plugins.module_utils.restore_options import Options, RefusedError, Wanted
from ansible_collections.traumalink.ops.plugins.module_utils.wal import segment_name
from backup_samples import proof, stanza
from restore_samples import NOW, Wal, at, backup_in, forked, whole

FIRST, SECOND = backup_in(5), backup_in(10)


def options(
    wal: Wal, *sets: Backup, label: str = "", proofs: dict[str, Proof] | None = None, readable: bool = True
) -> Options:
    """Return what can be chosen from these sets."""
    return Options(Wanted(label=label), stanza(*sets), wal.archive, proofs or {}, wal if readable else None, NOW)


# --- the sets ---


@pytest.mark.parametrize(("label", "sets"), [("", [SECOND, FIRST]), (FIRST.label, [FIRST]), (SECOND.label, [SECOND])])
def test_the_newest_set_comes_first_and_a_named_one_alone(label: str, sets: list[Backup]) -> None:
    assert options(whole(), FIRST, SECOND, label=label).sets == sets


@pytest.mark.parametrize(
    ("sets", "label", "why"),
    [
        ([], "", "The repository holds no backup of lab. Nothing was changed"),
        ([backup_in(5, database_id="14-1")], "", "The repository holds no backup of lab. Nothing was changed"),
        (
            [FIRST, SECOND],
            "20260101-000000F",
            f"the repository holds no backup 20260101-000000F of lab; there is: {FIRST.label}, {SECOND.label}. Nothing was changed",
        ),
        (
            [FIRST, backup_in(10, database_id="14-1")],
            SECOND.label,
            f"the repository holds no backup {SECOND.label} of lab; there is: {FIRST.label}. Nothing was changed",
        ),
    ],
)
def test_a_set_that_is_not_there_is_refused_with_those_that_are(sets: list[Backup], label: str, why: str) -> None:
    with pytest.raises(RefusedError) as refused:
        _ = options(whole(), *sets, label=label).sets
    assert str(refused.value) == why


# --- the ways ---


def test_ways_know_what_the_proof_of_their_set_has_seen() -> None:
    proofs = {FIRST.label: proof(0, label=FIRST.label, proven_to=segment_name(1, 22))}
    chosen = options(whole(), FIRST, SECOND, proofs=proofs)
    assert [way.last for way in chosen.ways(FIRST)] == [segment_name(1, 22)]
    assert [way.last for way in chosen.ways(SECOND)] == [segment_name(1, 20)]


@pytest.mark.parametrize(("since", "begins"), [(None, 5), (0, 0), (12, 12)])
def test_a_search_begins_with_the_set_or_where_it_is_told_to(since: int | None, begins: int) -> None:
    chosen = options(whole(), FIRST)
    (way,) = chosen.ways(FIRST)
    search = chosen.search(way, since)
    assert search is not None
    assert (search.way, search.since) == (way, begins)


def test_without_a_reader_there_is_no_search_and_no_commit_s_time() -> None:
    chosen = options(whole(), FIRST, readable=False)
    (way,) = chosen.ways(FIRST)
    assert chosen.search(way) is None
    assert chosen.final(way) is None


def test_the_last_commit_of_a_way_is_that_of_its_own_timeline() -> None:
    chosen = options(forked(), FIRST)
    assert [chosen.final(way) for way in chosen.ways(FIRST)] == [at(30.75 + 60), at(20.75)]


# --- in words ---


def test_a_timeline_is_described_by_where_it_came_from_and_how_far_it_goes() -> None:
    chosen = options(forked(), FIRST)
    assert [chosen.described(way) for way in chosen.ways(FIRST)] == [
        f"2 (left timeline 1 at 0/F800000) goes on to segment {segment_name(2, 30)}, last commit {instant(at(90.75))}",
        f"1 goes on to segment {segment_name(1, 20)}, last commit {instant(at(20.75))}",
    ]
    blind = options(forked(), FIRST, readable=False)
    assert blind.described(blind.ways(FIRST)[1]) == f"1 goes on to segment {segment_name(1, 20)}"


@pytest.mark.parametrize(
    ("wal", "sets", "readable", "possible"),
    [
        (whole(), [FIRST, SECOND], True, f"from {instant(at(5 + 31 / 60))} to {instant(at(20.75))}"),
        (whole(), [SECOND], True, f"from {instant(at(10 + 31 / 60))} to {instant(at(20.75))}"),
        (forked(), [FIRST, SECOND], True, f"from {instant(at(5 + 31 / 60))} to {instant(at(90.75))}"),
        (whole(), [FIRST, SECOND], False, f"from {instant(at(5 + 31 / 60))} to the end of the archive"),
    ],
)
def test_the_possible_range_goes_from_the_second_after_the_first_set_to_the_last_commit(
    wal: Wal, sets: list[Backup], readable: bool, possible: str
) -> None:
    assert options(wal, *sets, readable=readable).possible == possible


def test_the_range_is_that_of_all_sets_whichever_is_named_and_stands_in_each_refusal() -> None:
    chosen = options(whole(), FIRST, SECOND, label=SECOND.label)
    said = str(chosen.refused("it cannot be had"))
    assert said == f"it cannot be had. Possible is any time {chosen.possible}. Nothing was changed"
    assert chosen.possible.startswith(f"from {instant(at(5 + 31 / 60))} ")
