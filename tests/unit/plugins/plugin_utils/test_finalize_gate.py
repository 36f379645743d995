"""A finalize ends the way back, so it waits for its day, and is for what runs on all hosts."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.filter import finalize_problems as problems_filter
from ansible_collections.traumalink.ops.plugins.module_utils.slots import Register, Staged
from ansible_collections.traumalink.ops.plugins.plugin_utils.finalize_gate import finalize_problems

NOW = datetime(2026, 11, 29, 22, 0, tzinfo=UTC)
SHA256 = "2" * 64
MANIFEST: dict[str, Any] = {
    "version": "2.0.0",
    "migrations": [{"id": "0002", "kind": "expand"}, {"id": "0004", "kind": "contract"}],
}


def register(version: str = "2.0.0", days: float = 8, sha256: str = SHA256) -> dict[str, Any]:
    """Return the register of a host on which a version is current for so many days."""
    at = (NOW - timedelta(days=days)).isoformat()
    return asdict(Register().staged(version, Staged(sha256, "vendor"), "green").activated(version, at))


def test_what_was_current_for_a_week_may_be_finalized() -> None:
    assert finalize_problems({"app1": register(), "app2": register()}, MANIFEST, SHA256, 7, NOW) == []


@pytest.mark.parametrize(
    ("registers", "manifest", "said"),
    [
        ({"app1": register(days=6.5)}, MANIFEST, "run it again in 12 h 00 min"),
        ({"app1": register(), "app2": register("1.1.0")}, MANIFEST, "app2 runs 1.1.0, and the release is 2.0.0"),
        ({"app1": asdict(Register())}, MANIFEST, "app1 runs no version"),
        ({"app1": register(sha256="3" * 64)}, MANIFEST, "from another archive"),
        ({"app1": register()}, {**MANIFEST, "migrations": MANIFEST["migrations"][:1]}, "nothing to finalize"),
    ],
)
def test_what_speaks_against_it_is_said(registers: dict[str, Any], manifest: dict[str, Any], said: str) -> None:
    (problem,) = finalize_problems(registers, manifest, SHA256, 7, NOW)
    assert said in problem


def test_one_that_was_cut_off_may_go_on_at_once() -> None:
    begun = register(days=0) | {"final": "2.0.0"}
    assert finalize_problems({"app1": begun}, MANIFEST, SHA256, 7, NOW) == []


def test_the_filter_hands_on() -> None:
    call = problems_filter.FilterModule().filters()["finalize_problems"]
    assert "run it again in" in call({"app1": register(days=-400)}, MANIFEST, SHA256, "7")[0]
