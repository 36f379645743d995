"""The Ansible module `backup_vault`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.vault import Kept, Vault, VaultError
from ansible_collections.traumalink.ops.plugins.modules import backup_vault
from vault_samples import written

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def module(on_runner: Callable[[ModuleType], Run]) -> Run:
    """Give the module."""
    return on_runner(backup_vault)


@pytest.fixture
def settings(tmp_path: Path) -> str:
    """Give the file of the settings."""
    return str(written(tmp_path))


@pytest.mark.parametrize(("files", "changed"), [(3, True), (0, False)])
def test_brings_sets_too_and_waits_for_the_timer(
    module: Run, settings: str, monkeypatch: pytest.MonkeyPatch, files: int, changed: bool
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(
        Vault, "keep", lambda self, **options: asked.append((self.wait_seconds, options)) or Kept(files, 9, ("A",))
    )
    result = module(settings=settings, wait_seconds=5)
    assert asked == [(5, {"wal_only": False})]
    assert (result["changed"], result["files"], result["bytes"], result["sets"]) == (changed, files, 9, ["A"])


def test_an_alarm_fails_with_its_words(module: Run, settings: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def keep(_self: Vault, **_options: Any) -> Kept:
        raise VaultError("/r/x changed")

    monkeypatch.setattr(Vault, "keep", keep)
    result = module(settings=settings)
    assert result["failed"]
    assert result["msg"] == "the second copy was not made: /r/x changed"


def test_without_settings_it_says_who_writes_them(module: Run, tmp_path: Path) -> None:
    result = module(settings=str(tmp_path / "none.json"))
    assert result["failed"]
    assert "run traumalink.ops.site" in result["msg"]


def test_check_mode_copies_nothing(module: Run, settings: str, runner: Any) -> None:
    assert module(True, settings=settings)["changed"] is True
    assert runner.calls == []
