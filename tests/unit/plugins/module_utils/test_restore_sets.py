"""A set that was seen to be good comes back before a newer one of which nothing is known, and one in doubt only where somebody names it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.drill_result import FAILED, SUCCESS, DrillResult
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest_sets import Backup
from ansible_collections.traumalink.ops.plugins.module_utils.restore_goal import instant
from ansible_collections.traumalink.ops.plugins.module_utils.restore_options import GapError, RefusedError
from ansible_collections.traumalink.ops.plugins.module_utils.restore_planner import Planner
from ansible_collections.traumalink.ops.plugins.module_utils.restore_sets import doubt, preferred
from backup_samples import proof
from restore_samples import Wal, at, backup_in, forked, whole

OLD, FIRST, SECOND = backup_in(3), backup_in(5), backup_in(10)
DAMAGED = replace(SECOND, checksum_errors=True)
TARGETS = [{}, {"time": instant(at(17.5))}, {"name": "here"}, {"xid": "3400"}, {"lsn": "0/11500000"}]


def drill(backup: Backup, outcome: str = FAILED) -> dict[str, DrillResult]:
    """Return the result of a set's drill."""
    return {
        backup.label: DrillResult(
            backup.label, at(60), outcome, "" if outcome == SUCCESS else "2 rows are missing", 60.0
        )
    }


def planner(*sets: Backup, wal: Wal | None = None, proven: tuple[Backup, ...] = (), **wanted: str) -> Planner:
    """Return the planner of a restore; `proven` are the sets that have a proof."""
    story = wal or whole().point("here", 17)
    proofs = {backup.label: proof(0, label=backup.label, system_id=7, proven_to=backup.wal_stop) for backup in proven}
    return replace(story.planner(*sets, **wanted), proofs=proofs)


# --- what speaks against a set, and the order ---


def test_a_set_with_damaged_pages_or_a_failed_drill_is_in_doubt() -> None:
    assert doubt(SECOND, {}) == doubt(SECOND, drill(SECOND, SUCCESS)) == doubt(SECOND, drill(FIRST)) == ""
    assert doubt(replace(SECOND, checksum_errors=None), {}) == "", "a server without checksums tells nothing"
    assert doubt(DAMAGED, drill(SECOND, SUCCESS)) == "holds pages with wrong checksums"
    assert doubt(SECOND, drill(SECOND)) == "failed its drill of 2026-11-29 (2 rows are missing)"


def test_proven_sets_come_before_newer_ones_without_a_proof() -> None:
    proofs = planner(proven=(OLD, FIRST)).proofs
    assert preferred([OLD, FIRST, SECOND], proofs) == [FIRST, OLD, SECOND]
    assert preferred([OLD, FIRST, SECOND], {}) == [SECOND, FIRST, OLD]


# --- the plan ---


@pytest.mark.parametrize("wanted", TARGETS)
def test_a_proven_set_comes_back_before_a_newer_one_without_a_proof(wanted: dict[str, str]) -> None:
    plan = planner(OLD, FIRST, SECOND, proven=(OLD, FIRST), **wanted).plan()
    assert plan.backup == FIRST
    assert plan.notes == (
        f"backup {SECOND.label} is newer and has no proof, so {FIRST.label} takes its place (restore_set={SECOND.label} takes it all the same)",
    )


@pytest.mark.parametrize("wanted", TARGETS)
@pytest.mark.parametrize(
    ("newer", "why"), [(DAMAGED, "holds pages with wrong checksums"), (SECOND, "failed its drill")]
)
def test_a_set_in_doubt_is_left_alone_even_where_nothing_is_proven_of_the_other(
    newer: Backup, why: str, wanted: dict[str, str]
) -> None:
    plan = replace(planner(FIRST, newer, **wanted), drills=drill(SECOND) if newer is SECOND else {}).plan()
    assert plan.backup == FIRST
    assert f"backup {SECOND.label} is newer and {why}" in plan.notes[0]


def test_a_set_in_doubt_comes_back_where_it_is_named_and_says_why_not_to() -> None:
    plan = planner(FIRST, DAMAGED, proven=(FIRST,), set=DAMAGED.label).plan()
    assert (plan.backup, plan.notes) == (DAMAGED, (f"backup {DAMAGED.label} holds pages with wrong checksums",))


def test_a_site_with_nothing_but_doubt_is_told_what_to_name() -> None:
    with pytest.raises(RefusedError) as refused:
        replace(planner(FIRST, DAMAGED), drills=drill(FIRST)).plan()
    assert str(refused.value) == (
        f"No backup of lab is beyond doubt. Left out, unless restore_set names it: {DAMAGED.label}, which holds pages with wrong checksums; "
        f"{FIRST.label}, which failed its drill of 2026-11-29 (2 rows are missing). Nothing was changed"
    )


def test_a_refusal_names_what_was_left_out() -> None:
    with pytest.raises(RefusedError) as refused:
        replace(planner(FIRST, SECOND, time=instant(at(7))), drills=drill(FIRST)).plan()
    assert f"lies before backup {SECOND.label} was complete" in str(refused.value)
    assert f"Possible is any time from {instant(at(10 + 31 / 60))} to" in str(refused.value)
    assert f" Left out, unless restore_set names it: {FIRST.label}, which failed its drill" in str(refused.value)


def test_that_nothing_is_proven_of_what_comes_back_is_said_where_sets_are_proven() -> None:
    assert (
        f"nothing is proven of backup {SECOND.label}"
        in planner(SECOND, backup_in(25, 2), proven=(backup_in(25, 2),), set=SECOND.label).plan().notes
    )
    assert planner(SECOND).plan().notes == (), "in the vault there are no proofs"


def test_a_drill_that_went_well_makes_an_older_set_no_better_than_a_newer_proven_one() -> None:
    plan = replace(planner(FIRST, SECOND, proven=(FIRST, SECOND)), drills=drill(FIRST, SUCCESS)).plan()
    assert (plan.backup, plan.notes) == (SECOND, ())


# --- what stands against the order ---


@pytest.mark.parametrize("wanted", TARGETS)
def test_a_gap_between_a_proven_set_and_a_newer_one_costs_nothing(wanted: dict[str, str]) -> None:
    plan = planner(FIRST, SECOND, wal=whole().point("here", 17).lose(8), proven=(FIRST,), **wanted).plan()
    assert (plan.backup, plan.gap) == (SECOND, None)
    assert plan.notes == (f"nothing is proven of backup {SECOND.label}",)


@pytest.mark.parametrize("wanted", TARGETS)
def test_where_all_meet_the_same_gap_the_proven_one_stands(wanted: dict[str, str]) -> None:
    gone = whole().point("here", 17).lose(14)
    with pytest.raises(GapError):
        planner(FIRST, SECOND, wal=gone, proven=(FIRST,), **wanted).plan()
    agreed = f"lose every commit after {instant(at(13.75))}"
    plan = planner(FIRST, SECOND, wal=gone, proven=(FIRST,), accept=agreed, **wanted).plan()
    assert plan.backup == FIRST
    assert plan.last_commit == at(13.75)


def test_a_proven_set_whose_own_wal_is_missing_gives_way_to_one_without_a_proof() -> None:
    plan = planner(FIRST, SECOND, wal=whole().lose(5), proven=(FIRST,)).plan()
    assert plan.backup == SECOND
    assert any("another backup takes its place" in note for note in plan.notes)


def test_a_newer_set_of_another_timeline_is_no_offer_and_still_asks_which_is_meant() -> None:
    late = backup_in(18)  # of timeline 1, behind the place where timeline 2 left it
    with pytest.raises(RefusedError, match=f"it did not come from backup {late.label}"):
        planner(FIRST, late, wal=forked(), proven=(FIRST,)).plan()
    plan = planner(FIRST, late, wal=forked(), proven=(FIRST,), timeline="2").plan()
    assert plan.backup == FIRST
    assert not any(late.label in note for note in plan.notes)
