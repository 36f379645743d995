"""Which backup is due, and how long sets stay."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.backup_kind import days_to_keep, due_kind
from ansible_collections.traumalink.ops.plugins.module_utils.drill_result import DrillResult
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest_sets import Backup
from backup_samples import NOW, full, proof, proofs, stanza

WEEK = timedelta(days=7)


@pytest.mark.parametrize(
    ("days_ago", "kind"), [(0.5, "incr"), (6, "incr"), (6.7, "incr"), (6.8, "full"), (7, "full"), (30, "full")]
)
def test_a_full_backup_is_due_when_the_newest_is_a_week_old(days_ago: float, kind: str) -> None:
    assert due_kind(stanza(full(20), full(days_ago)), proofs(proof(days_ago)), WEEK, NOW) == kind


def test_the_first_is_a_full_one() -> None:
    assert due_kind(stanza(), {}, WEEK, NOW) == "full"


def test_nothing_is_built_on_a_full_set_of_which_nothing_is_proven() -> None:
    assert due_kind(stanza(full(1)), {}, WEEK, NOW) == "full"
    assert due_kind(stanza(full(8), full(1)), proofs(proof(8)), WEEK, NOW) == "full"


def test_nothing_is_built_on_a_full_set_of_another_database() -> None:
    assert due_kind(stanza(full(1)), proofs(proof(1, system_id=5)), WEEK, NOW) == "full"


def test_increments_in_between_do_not_count_as_full_ones() -> None:
    increment = full(1, type="incr", label=f"{full(7).label}_20261124-221000I")
    assert due_kind(stanza(full(7), increment), proofs(proof(7)), WEEK, NOW) == "full"


def test_a_daily_rule_leaves_a_daily_backup_its_kind() -> None:
    assert due_kind(stanza(full(1)), proofs(proof(1)), timedelta(days=1), NOW) == "full"
    assert due_kind(stanza(full(0.5)), proofs(proof(0.5)), timedelta(days=1), NOW) == "incr"


def test_without_a_drill_the_contract_says_how_long() -> None:
    assert kept(full(20), full(1)) == (7, None)
    assert kept(full(20), drills=(drill("20260101-000000F"),)) == (7, None), "that set is gone already"


def test_the_set_that_a_drill_has_proven_last_stays() -> None:
    held = (full(30), full(20.5), full(1))
    assert kept(*held, drills=(drill(full(30).label), drill(full(20.5).label))) == (22, full(20.5).label)
    assert kept(*held, drills=(drill(full(1).label),)) == (7, full(1).label)


def test_what_a_proven_increment_builds_on_stays_too() -> None:
    increment = full(12, type="incr", label=f"{full(15.2).label}_20261113-221000I")
    assert kept(full(15.2), increment, drills=(drill(increment.label),)) == (17, increment.label)


def test_a_set_whose_later_drill_failed_stays_until_another_comes_back() -> None:
    failed = drill(full(20.5).label, "failed", succeeded_before=NOW - timedelta(days=18))
    assert kept(full(20.5), full(1), drills=(failed,)) == (22, full(20.5).label)
    assert kept(full(30), full(20.5), drills=(failed, drill(full(30).label))) == (31, full(30).label)
    assert kept(full(20.5), full(1), drills=(failed, drill(full(1).label))) == (7, full(1).label)
    assert kept(full(20.5), full(1), drills=(drill(full(20.5).label, "failed"),)) == (7, None), "it never came back"


def test_a_set_of_which_nothing_is_proven_covers_no_time() -> None:
    held = (full(29), full(22), full(15.2), full(8), full(1))
    assert kept(*held, unproven=(full(8),)) == (17, None), "down to the newest proven one of that age"
    assert kept(*held, unproven=(full(8), full(15.2))) == (23, None)
    assert kept(*held, unproven=held[:-1]) == (7, None), "none that counts is that old"
    assert kept(*held, unproven=(full(1), full(15.2))) == (7, None), (
        "the engine keeps the one eight days old, which counts"
    )


def test_a_set_that_did_not_come_back_covers_no_time() -> None:
    held = (full(15.2), full(8), full(1))
    assert kept(*held, drills=(drill(full(8).label, "failed"),)) == (17, None)


def test_a_set_that_grows_too_old_while_this_is_decided_is_seen() -> None:
    held = (full(14), full(6.99), full(0))
    assert kept(*held, unproven=(full(6.99),)) == (15, None)
    assert kept(*held) == (7, None)


def kept(
    *held: Backup, drills: tuple[DrillResult, ...] = (), unproven: tuple[Backup, ...] = ()
) -> tuple[int, str | None]:
    """Return what is to be kept of proven sets, but for some."""
    proven = {backup.label for backup in held} - {backup.label for backup in unproven}
    return days_to_keep(stanza(*held), proven, {each.label: each for each in drills}, 7, NOW)


def drill(label: str, outcome: str = "success", **changes: Any) -> DrillResult:
    """Return the result of a drill of that set."""
    return DrillResult(label, NOW, outcome, "", 9.0, **changes)
