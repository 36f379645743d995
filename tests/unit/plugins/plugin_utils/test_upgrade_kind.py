"""The kind of an upgrade, by what is pending."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.upgrade_kind import upgrade_kind


def steps(text: str) -> list[dict[str, Any]]:
    """Return the migrations that a text such as `e1 c2` names: kind and number, each expected to take so many seconds."""
    kinds = {"e": "expand", "c": "contract", "b": "breaking"}
    return [{"id": word[1:], "kind": kinds[word[0]], "expected_seconds": int(word[1:])} for word in text.split()]


@pytest.mark.parametrize(
    ("migrations", "pending", "kind", "applied", "left", "seconds"),
    [
        ("", "", "app-only", "", "", 0),
        ("e1 e2", "", "app-only", "", "", 0),
        ("e1 e2", "2", "expand", "2", "", 2),
        ("e1 e2 c3", "2 3", "expand", "2", "3", 2),
        ("e1 c3", "3", "app-only", "", "3", 0),
        ("e1 e2 b4", "2 4", "breaking", "2 4", "", 6),
        ("b1 e2", "2", "expand", "2", "", 2),
        ("e1 b2 e4 c8", "1 2 4 8", "breaking", "1 2 4", "8", 7),
    ],
)
def test_kind_and_what_is_left_for_finalize(
    migrations: str, pending: str, kind: str, applied: str, left: str, seconds: int
) -> None:
    found = upgrade_kind(steps(migrations), pending.split())
    assert (found.kind, found.apply, found.left) == (kind, tuple(applied.split()), tuple(left.split()))
    assert found.expected_seconds == seconds
    assert found.problems == ()


@pytest.mark.parametrize(
    ("pending", "refused"), [("3 4", True), ("3 4 5", True), ("4", False), ("3", False), ("3 5", False)]
)
def test_a_contract_migration_that_would_be_applied_with_a_later_one_is_refused(pending: str, refused: bool) -> None:
    problems = upgrade_kind(steps("e1 c3 e4 c5"), pending.split()).problems
    assert bool(problems) is refused
    if refused:
        assert problems[0].startswith("The contract migration 3 is pending and stands before 4 in the manifest")
        assert "traumalink.ops.finalize" in problems[0]
