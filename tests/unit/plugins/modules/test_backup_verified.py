"""The Ansible module `backup_verified`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.backup_verification import Unproven, Verified
from ansible_collections.traumalink.ops.plugins.module_utils.files import TextFile
from ansible_collections.traumalink.ops.plugins.modules import backup_verified
from backup_samples import observed

Run = Callable[..., dict[str, Any]]
SITE = {"stanza": "lab", "user": "pgbackrest", "repository_path": "/srv/repository", "label": "A", "retention_days": 9}
SEEN = observed()


@pytest.fixture
def module(on_runner: Callable[[ModuleType], Run]) -> Run:
    """Give the module."""
    return on_runner(backup_verified)


def test_hands_over_what_the_database_saw(module: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []
    warned: list[str] = []
    monkeypatch.setattr(backup_verified.AnsibleModule, "warn", lambda _self, text: warned.append(text))

    def verify(self: Any, *given: Any, **options: Any) -> Verified:
        calls.append((self, given, options))
        return Verified({"label": "A"}, ["careful"], TextFile(Path("/p/A.json"), "{}"), ["B"], "C", ["away"])

    monkeypatch.setattr(backup_verified.Verification, "run", verify)
    result = module(
        **SITE, observed=SEEN.facts(), wait_seconds=3, size_expected=True, second_label="B", second_problem="away"
    )
    looked, given, options = calls[0]
    assert given == ("A", SEEN)
    assert options == {
        "size_expected": True,
        "retention_days": 9,
        "vault": True,
        "second": "B",
        "second_problem": "away",
    }
    assert (looked.engine.stanza, looked.repository, looked.wait_seconds) == ("lab", Path("/srv/repository"), 3)
    assert result["figures"] == {"label": "A", "warnings": "careful"}
    assert (result["removed"], result["kept"], result["artefact"]["size_bytes"]) == (["B"], "C", 2)
    assert result["second_problems"] == ["away"]
    assert warned == ["careful"], "whoever watches the run sees it"


def test_a_backup_that_does_not_count_fails_with_every_problem(module: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def verify(*_given: Any, **_options: Any) -> None:
        raise Unproven(["one", "two"])

    monkeypatch.setattr(backup_verified.Verification, "run", verify)
    result = module(**SITE, observed=SEEN.facts())
    assert result["failed"]
    assert result["msg"] == "backup A does not count: one; two"
    assert result["problems"] == ["one", "two"]


@pytest.mark.parametrize("seen", [{}, {"during": []}, {**SEEN.facts(), "surprise": 1}])
def test_half_of_what_the_database_saw_is_refused(module: Run, runner: Any, seen: dict[str, Any]) -> None:
    result = module(**SITE, observed=seen)
    assert result["failed"]
    assert result["msg"].startswith("what the database saw of the backup is incomplete")
    assert runner.calls == []


def test_check_mode_looks_at_nothing(module: Run, runner: Any) -> None:
    assert module(True, **SITE, observed={})["changed"] is True
    assert runner.calls == []
