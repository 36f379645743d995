"""What tests of Ansible modules share: a repository's description and a module that runs on an injected runner."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def on_runner(
    runner: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[[ModuleType], Run]:
    """Give a function that makes an Ansible module callable with the test's runner in place of real commands.

    Whether it runs in check mode is the first argument, by position: a module may have an argument `check` of its own.
    """

    def bind(module: ModuleType) -> Run:
        monkeypatch.setattr(module, "run", runner)

        def call(check_mode: bool = False, /, **arguments: Any) -> dict[str, Any]:
            capsys.readouterr()
            with patch_module_args({**arguments, "_ansible_check_mode": check_mode}), pytest.raises(SystemExit):
                module.main()
            result: dict[str, Any] = json.loads(capsys.readouterr().out)
            return result

        return call

    return bind


def backup_set(number: int, **changes: Any) -> dict[str, Any]:
    """Describe a backup as pgBackRest does."""
    return {
        "label": f"20261123-01370{number}F",
        "type": "full",
        "prior": None,
        "error": False,
        "timestamp": {"start": 1795397820 + number, "stop": 1795397822 + number},
        "lsn": {"start": "0/5000028", "stop": "0/5000770"},
        "archive": {"start": f"00000001000000000000000{number}", "stop": f"00000001000000000000000{number}"},
        "info": {"size": 30575473, "delta": 30575473, "repository": {"delta": 3783472, "size": 3783472}},
        **changes,
    }


@pytest.fixture
def repository_text() -> Callable[..., str]:
    """Give a function that returns what `pgbackrest info` prints of the stanza `lab` with so many full sets."""

    wal = [{"database": {"id": 1}, "id": "15-1", "min": "01", "max": "09"}]

    def text(sets: int = 1, code: int = 0, message: str = "ok", archive: list[dict[str, Any]] = wal) -> str:
        stanza = {
            "name": "lab",
            "status": {"code": code, "message": message},
            "db": [{"id": 1, "system-id": 7, "version": "15"}],
            "archive": archive,
            "backup": [backup_set(number) for number in range(1, sets + 1)],
        }
        return json.dumps([stanza])

    return text
