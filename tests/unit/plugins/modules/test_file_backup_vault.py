"""The Ansible module `file_backup_vault`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.vault_copy import Copied, VaultError
from ansible_collections.traumalink.ops.plugins.module_utils.vault_files import FileVault
from ansible_collections.traumalink.ops.plugins.modules import file_backup_vault
from vault_samples import written

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def module(on_runner: Callable[[ModuleType], Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Give the module over a vault that copies in, and back."""
    monkeypatch.setattr(file_backup_vault, "run", None, raising=False)
    monkeypatch.setattr(FileVault, "keep", lambda _self: Copied(3, 9))
    monkeypatch.setattr(FileVault, "give_back", lambda _self, _user: Copied(0, 0))
    call, given = on_runner(file_backup_vault), {"settings": str(written(tmp_path)), "directory": "/r", "user": "x"}
    return lambda check_mode=False, **changes: call(check_mode, **{**given, **changes})


@pytest.mark.parametrize(("back", "expected"), [(False, (True, 3, 9)), (True, (False, 0, 0))])
def test_copies_in_or_back(module: Run, back: bool, expected: tuple[bool, int, int]) -> None:
    result = module(back=back)
    assert (result["changed"], result["files"], result["bytes"]) == expected


@pytest.mark.parametrize(
    ("back", "method", "said"),
    [(False, "keep", "were not copied into the vault: x"), (True, "give_back", "did not come back from the vault: x")],
)
def test_what_is_wrong_is_told(
    module: Run, monkeypatch: pytest.MonkeyPatch, back: bool, method: str, said: str
) -> None:
    def fails(*_given: Any) -> None:
        raise VaultError("x")

    monkeypatch.setattr(FileVault, method, fails)
    assert module(back=back)["msg"] == f"the backups of files {said}"


def test_without_settings_it_says_who_writes_them(module: Run) -> None:
    assert "run traumalink.ops.site" in module(settings="/nowhere.json")["msg"]
    assert module(True, settings="/nowhere.json")["changed"] is False


def test_check_mode_says_whether_it_would(module: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FileVault, "keep", None)
    assert module(True)["changed"] is True
    assert module(True, back=True)["changed"] is False
