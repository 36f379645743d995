"""Which backup is due, and how long sets stay."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.backup_kind import days_to_keep, due_kind
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
    assert days_to_keep(stanza(full(20), full(1)), {}, 7, NOW) == (7, None)
    assert days_to_keep(stanza(full(20)), {"20260101-000000F": NOW}, 7, NOW) == (7, None), "that set is gone already"


def test_the_set_that_a_drill_has_proven_last_stays() -> None:
    held = stanza(full(30), full(20.5), full(1))
    assert days_to_keep(held, {full(30).label: NOW, full(20.5).label: NOW}, 7, NOW) == (22, full(20.5).label)
    assert days_to_keep(held, {full(1).label: NOW}, 7, NOW) == (7, full(1).label)


def test_what_a_proven_increment_builds_on_stays_too() -> None:
    increment = full(12, type="incr", label=f"{full(15.2).label}_20261113-221000I")
    assert days_to_keep(stanza(full(15.2), increment), {increment.label: NOW}, 7, NOW) == (17, increment.label)
