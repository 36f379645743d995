"""Opening an operation: what becomes of the ledger's answers. The action's own tests open a real ledger."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.plugin_utils import operation_opening
from ansible_collections.traumalink.ops.plugins.plugin_utils.operation_request import OPTIONS, REQUEST_OPTIONS
from ansible_collections.traumalink.ops.plugins.plugin_utils.policy import policy_of
from ansible_collections.traumalink.ops.plugins.plugin_utils.remote_ledger import OpsAwayError, RemoteLedger

HELD = {
    "run_id": "20261125-033000-3f9a2c", "verb": "backup", "actor": "li.na@c1", "since": "2026-11-25T03:30:00Z", "hosts": ["db1"],
    "renewed_at": "first", "expires_at": "2026-11-25T03:31:00+00:00", "mode": "exclusive",
}  # fmt: skip
BUSY = {"answer": "busy", "operations": [HELD], "settled": []}
ACQUIRED = {"answer": "acquired", "operations": [], "settled": [], "head": {"sequence": 7}}
Open = Callable[..., dict[str, Any]]


@pytest.fixture
def asked() -> list[dict[str, Any]]:
    """Give what the ledger was asked."""
    return []


@pytest.fixture
def opening(monkeypatch: pytest.MonkeyPatch, asked: list[dict[str, Any]], tmp_path: Path) -> Open:
    """Give an attempt to open a verb, whose ledger gives these answers one after another; waiting takes no time."""
    clock = SimpleNamespace(now=0.0)
    sleep = lambda seconds: setattr(clock, "now", clock.now + seconds)  # noqa: E731
    monkeypatch.setattr(operation_opening, "time", SimpleNamespace(monotonic=lambda: clock.now, sleep=sleep))

    def call(
        verb: str, *answers: dict[str, Any] | Exception, refusal: str = "", check: bool = False, **changes: Any
    ) -> dict[str, Any]:
        left = list(answers)

        def run(_module: str, arguments: dict[str, Any]) -> dict[str, Any]:
            asked.append(arguments)
            answer = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(answer, Exception):
                raise answer
            return answer

        options = {**OPTIONS, **REQUEST_OPTIONS}
        given = {name: option.get("default") for name, option in options.items()}
        given |= {
            "verb": verb,
            "site": "lab",
            "hosts": ["db1"],
            "ops": "ops1",
            "controller_records": str(tmp_path / "kept"),
        }
        record = {"verb": verb, "emergency": None}
        verdict: Any = SimpleNamespace(refusal=refusal)
        return operation_opening.Opening(
            {**given, **changes},
            RemoteLedger(run, lambda _text: None, lambda _text: None),
            lambda: (policy_of(verb), verdict, dict(record)),
            lambda head: {**head, "signature": "signed"},
            lambda run_id, _since: tmp_path / run_id,
            check,
        ).run()

    return call


def test_what_is_free_is_taken_with_its_keeper_and_countersignature(opening: Open, asked: list[dict[str, Any]]) -> None:
    opened = opening("site", ACQUIRED)
    assert (opened["opened"], opened["head"]) == (True, {"sequence": 7, "signature": "signed"})
    assert opened["keeper_file"].endswith(opened["record"]["run_id"])
    assert (asked[0]["state"], asked[0]["mode"]) == ("opened", "exclusive")


def test_a_ledger_that_is_slow_to_answer_is_nobody_who_was_waited_for(
    opening: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else everything would be looked at a second time, on a site where nobody has worked meanwhile."""
    slow = itertools.count(0, 10)
    monkeypatch.setattr(operation_opening, "time", SimpleNamespace(monotonic=lambda: next(slow), sleep=lambda _: None))
    assert opening("restore", ACQUIRED)["waited_seconds"] == 0
    assert opening("backup", BUSY, ACQUIRED)["waited_seconds"] > 0


def test_a_backup_waits_and_says_how_long(opening: Open) -> None:
    assert opening("backup", BUSY, BUSY, BUSY, ACQUIRED)["waited_seconds"] == 6
    with pytest.raises(OpsError, match="backup of lab is refused after waiting 4 s: backup 20261125-033000-3f9a2c"):
        opening("backup", BUSY, lock_wait="3s")


def test_the_gate_is_asked_again_each_time(opening: Open, asked: list[dict[str, Any]]) -> None:
    with pytest.raises(OpsError, match="the window has closed"):
        opening("backup", ACQUIRED, refusal="the window has closed")
    assert asked == []


def test_a_restore_is_told_what_it_ends(opening: Open) -> None:
    answer = opening("restore", BUSY)
    assert (answer["opened"], [entry["end"] for entry in answer["unsettled"]]) == (False, [True])


def test_check_mode_takes_nothing(opening: Open) -> None:
    opened = opening("site", ACQUIRED, check=True)
    assert (opened["opened"], opened["head"], opened["keeper_file"]) == (True, None, "")


def test_without_ops_only_a_restore_opens(opening: Open) -> None:
    away = OpsAwayError("no route to host")
    with pytest.raises(OpsError, match=r"site of lab is refused: ops1 cannot be reached \(no route to host\)"):
        opening("site", away)
    assert opening("restore", away)["away"]


@pytest.mark.parametrize("seconds", [0, 4, 121])
def test_a_lease_of_an_odd_length_is_refused(opening: Open, seconds: int) -> None:
    with pytest.raises(OpsError, match="must be 5 to 120; 60 serves"):
        opening("site", ACQUIRED, lease_seconds=seconds)
