"""The module `package_updates`: which step it takes, and that what is concluded is not taken back by a recovery."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.apt_get import BROKEN, AptTrouble
from ansible_collections.traumalink.ops.plugins.module_utils.package_changes import Outcome
from ansible_collections.traumalink.ops.plugins.modules import package_updates

GIVEN = {"updates": [], "run_id": "r1", "unconcluded": False, "lock_seconds": 1.0}


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the list in which each step that is taken is noted; the host's last patching is r1, concluded."""
    taken: list[str] = []
    for name in ("fetch", "apply", "undo", "concluded"):
        monkeypatch.setattr(package_updates, name, lambda *_arguments, _name=name, **_options: taken.append(_name))
    monkeypatch.setattr(package_updates.AptGet, "settle", lambda _apt: taken.append("settle") or [])
    monkeypatch.setattr(package_updates, "read_journal", lambda: {"run_id": "r1", "open": False, "changes": []})
    return taken


@pytest.mark.parametrize(
    ("state", "taken"),
    [
        ("settled", ["settle"]),
        ("fetched", ["settle", "fetch"]),
        ("applied", ["settle", "apply"]),
        ("undone", ["settle", "undo"]),
        ("concluded", ["concluded"]),
    ],
)
def test_an_interrupted_dpkg_is_completed_before_anything_else(steps: list[str], state: str, taken: list[str]) -> None:
    package_updates.carry_out({**GIVEN, "state": state}, Outcome(), check=False)
    assert steps == taken


def test_a_package_whose_script_fails_is_put_back_before_the_rest(
    steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def settle(_apt: object) -> list[str]:
        steps.append("settle")
        if "put" not in steps:
            raise AptTrouble("haproxy could not be configured", BROKEN)
        return []

    monkeypatch.setattr(package_updates.AptGet, "settle", settle)
    monkeypatch.setattr(package_updates, "put_old_files_back", lambda *_arguments, **_options: steps.append("put"))
    package_updates.carry_out({**GIVEN, "state": "undone"}, Outcome(), check=False)
    assert steps == ["settle", "put", "settle", "undo"]
    steps.clear()
    with pytest.raises(AptTrouble):
        package_updates.carry_out({**GIVEN, "state": "applied"}, Outcome(), check=False)


def test_a_recovery_takes_nothing_back_that_was_seen_to_work(steps: list[str]) -> None:
    given: dict[str, Any] = {**GIVEN, "state": "undone", "unconcluded": True}
    assert package_updates.carry_out(given, Outcome(), check=False) == ""
    assert steps == []
