"""Whether a backup counts: one case for each thing that the engine's own commands do not notice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.backup_judgement import (
    Evidence,
    problems,
    proof_of,
    second_problems,
    warnings,
)
from ansible_collections.traumalink.ops.plugins.module_utils.backup_proof import Canary, Content, Table
from ansible_collections.traumalink.ops.plugins.module_utils.wal import segment_name
from backup_samples import NOW, archive, full, observed, proof, proofs, stanza

GOOD = Evidence(stanza(full()), archive(*range(2, 9)), full().label, observed(), proofs(proof(1)))


def judged(**changes: Any) -> str:
    """Return the problems of evidence with changes."""
    return "; ".join(problems(replace(GOOD, **changes)))


def test_a_good_backup_has_no_problem_and_no_warning() -> None:
    assert judged() == ""
    assert list(warnings(GOOD)) == []


def test_its_proof_holds_what_was_seen() -> None:
    kept = proof_of(GOOD, NOW, 12345)
    assert (kept.label, kept.type, kept.taken_at, kept.repository_free_bytes) == (full().label, "full", NOW, 12345)
    assert kept.during == Canary(2, "0/5000200"), "the first row that was committed between start and stop"
    assert kept.after == Canary(4, "0/7000300")
    assert (kept.wal_start, kept.wal_stop, kept.proven_to) == tuple(segment_name(1, number) for number in (5, 6, 7))
    assert kept.content == observed().content
    assert (kept.database_bytes, kept.repository_bytes, kept.next_xid, kept.timeline) == (1000, 100, 4711, 1)
    assert kept.extensions == {"trauma/plpgsql": "1.0"}


@pytest.mark.parametrize("missing", [5, 6])
def test_a_missing_segment_that_the_set_needs_is_named(missing: int) -> None:
    said = judged(archive=archive(*(number for number in range(2, 9) if number != missing)))
    assert said.startswith(
        f"WAL segment {segment_name(1, missing)} is missing in the repository, which backup {full().label} needs"
    )
    assert "it cannot be restored" in said
    assert "-e backup_type=full" in said


def test_a_missing_segment_that_holds_the_rows_after_it_is_named() -> None:
    said = judged(archive=archive(5, 6))
    assert said.startswith(f"WAL segment {segment_name(1, 7)} is missing in the repository, which holds the rows after")
    assert "pg_stat_archiver" in said
    assert judged(archive=archive(5, 6, 7)) == "", "what came later is not needed"


def test_a_row_at_the_very_start_of_a_segment_lies_in_the_one_before() -> None:
    at_the_border = observed(after=Canary(4, "0/8000000"), proven_to=segment_name(1, 7))
    assert judged(archive=archive(5, 6, 7), observed=at_the_border) == ""


@pytest.mark.parametrize(
    "rows", [(), (Canary(1, "0/4FFFFF0"),), (Canary(1, "0/5000028"),), (Canary(1, "0/6000201"),)],
)  # fmt: skip
def test_without_a_row_that_was_committed_beside_it_it_does_not_count(rows: tuple[Canary, ...]) -> None:
    said = judged(observed=observed(during=rows))
    assert said.startswith("no row was committed between 0/5000028 and 0/6000200, while backup")
    with pytest.raises(ValueError, match="nothing is proven"):
        proof_of(replace(GOOD, observed=observed(during=rows)), NOW, 1)


def test_a_row_after_it_that_lies_before_its_end_is_another_backups() -> None:
    assert "another backup was seen" in judged(observed=observed(after=Canary(4, "0/6000100")))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"stanza": stanza()}, "the repository does not list backup"),
        ({"stanza": stanza(full(), status=6, message="requested backup not found")}, "says of itself: requested backup not found"),
        ({"stanza": stanza(full(), system_id=5)}, "is of the database 5, but 7711173079095454119 runs on the database host"),
        ({"stanza": stanza(full(checksum_errors=True))}, "holds pages with wrong checksums"),
        ({"stanza": stanza(full(database_bytes=499, backup_bytes=400))}, "is of 499 bytes, less than half of"),
        ({"stanza": stanza(full(backup_bytes=0))}, "has copied nothing, although rows were committed"),
        ({"observed": observed(timeline=2, proven_to=segment_name(2, 7))}, "was taken on another timeline than the database writes now"),
    ],
)  # fmt: skip
def test_each_problem_is_named(changes: dict[str, Any], said: str) -> None:
    assert said in judged(**changes)


def test_a_person_can_say_that_the_size_is_right() -> None:
    small = stanza(full(database_bytes=499, backup_bytes=0))
    assert "run again with -e backup_size_expected=true" in judged(stanza=small)
    assert judged(stanza=small, size_expected=True) == ""


def test_the_size_is_judged_by_the_last_set_that_was_proven() -> None:
    half = stanza(full(database_bytes=500))
    assert judged(stanza=half) == ""
    assert judged(stanza=half, proofs={}) == "", "the first has nothing to be compared with"
    assert "less than half" in judged(stanza=half, proofs=proofs(proof(2), proof(1, database_bytes=1001)))
    assert judged(stanza=half, proofs=proofs(proof(2, database_bytes=1001), proof(1))) == ""


def test_what_does_not_spoil_the_set_is_a_warning() -> None:
    unread = observed(
        content=(Content("trauma", "0/7", {"a": Table(1, "1")}, left_out=("trauma.locked",)),), busy=("b",)
    )
    said = list(warnings(replace(GOOD, stanza=stanza(full(checksum_errors=None)), observed=unread)))
    assert "no page checksums" in said[0]
    assert said[1] == "b"
    assert said[2] == "trauma.locked of trauma could not be read, so nothing is proven of them"
    assert judged(stanza=stanza(full(checksum_errors=None)), observed=unread) == ""


def test_a_gap_between_two_sets_is_a_warning_for_whoever_wants_a_time_in_it() -> None:
    (said,) = warnings(replace(GOOD, archive=archive(2, 3, 5, 6, 7)))
    assert said.startswith(
        f"WAL segment {segment_name(1, 4)} is missing in the repository, between backups {proof(1).label} and"
    )
    assert list(warnings(replace(GOOD, archive=archive(5, 6, 7), proofs={}))) == []
    assert list(warnings(replace(GOOD, archive=archive(5, 6, 7), proofs=proofs(proof(1, system_id=5))))) == []


def test_a_set_of_the_second_repository_needs_no_rows_beside_it_but_all_wal_up_to_them() -> None:
    there = replace(GOOD, observed=observed(during=()), proofs={})
    assert list(second_problems(there)) == []
    for missing in (5, 6, 7):
        (said,) = second_problems(replace(there, archive=archive(*(n for n in range(2, 9) if n != missing))))
        assert said.startswith(f"WAL segment {segment_name(1, missing)} is missing")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"stanza": stanza()}, "does not list backup"),
        ({"stanza": stanza(full(), status=2, message="no valid backups")}, "no valid backups"),
        ({"stanza": stanza(full(), system_id=5)}, "is of the database 5"),
        ({"stanza": stanza(full(checksum_errors=True))}, "wrong checksums"),
    ],
)
def test_what_is_wrong_with_a_set_of_the_second_repository_is_named(changes: dict[str, Any], words: str) -> None:
    (said,) = second_problems(replace(GOOD, **changes))
    assert words in said
