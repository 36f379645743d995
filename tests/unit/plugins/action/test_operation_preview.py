"""The action `operation` in a preview: the plan is shown before it is approved, in check mode alone, and what cannot be approved is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail

Act = Callable[..., dict[str, Any]]
SHA256 = "5f1e" * 16


def test_a_missing_approval_is_noted_and_not_refused(act: Act) -> None:
    assert "needs the hospital's approval" in act("judged", verb="upgrade", subject=SHA256, check=True)["refusal"]
    judged = act("judged", verb="upgrade", subject=SHA256, preview=True, expected_subject=SHA256.upper(), check=True)
    assert judged["refusal"] == ""
    words = "a run now would be refused: upgrade of lab is refused: upgrade needs the hospital's approval"
    assert any(note.startswith(words) for note in judged["notes"])
    assert judged["notes"][-1] == f"SHA-256 of what would be used: {SHA256}"


def test_a_release_that_is_not_the_one_to_be_approved_is_refused_before_anybody_approves_it(act: Act) -> None:
    judged = act("judged", verb="upgrade", subject=SHA256, preview=True, expected_subject="0" * 64, check=True)
    assert "what would be approved is 0000" in judged["refusal"]
    assert f"this run would use SHA-256 {SHA256}" in judged["refusal"]


def test_it_opens_nothing_and_writes_nothing(act: Act, site: Any) -> None:
    opened = act("opened", verb="upgrade", subject=SHA256, preview=True, check=True)
    assert opened["opened"] is True
    assert site.entries() == []


def test_it_is_for_check_mode_alone(act: Act) -> None:
    """Else it would be a way past the gate."""
    for state in ("judged", "opened"):
        with pytest.raises(AnsibleActionFail, match="operation_preview only shows; run upgrade with --check"):
            act(state, verb="upgrade", subject=SHA256, preview=True)


def test_an_ops_host_that_is_away_is_refused_all_the_same(act: Act, site: Any) -> None:
    site.away = True
    assert "cannot be reached" in act("judged", verb="upgrade", subject=SHA256, preview=True, check=True)["refusal"]
