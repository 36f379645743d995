"""The action `version_register`: prints the table as it is, writes the file, and fails where a host could not tell."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.traumalink.ops.plugins.action import version_register
from ansible_collections.traumalink.ops.plugins.plugin_utils import controller_action

Act = Callable[..., tuple[dict[str, Any], list[str]]]


@pytest.fixture
def act(monkeypatch: pytest.MonkeyPatch) -> Act:
    """Give the action, and what it prints."""
    monkeypatch.setattr(controller_action.ActionBase, "run", lambda *_arguments: {})

    def call(check: bool = False, **arguments: Any) -> tuple[dict[str, Any], list[str]]:
        printed: list[str] = []
        action = version_register.ActionModule.__new__(version_register.ActionModule)
        action._task = SimpleNamespace(args={"site": "my_hospital", **arguments}, check_mode=check)
        action._display = SimpleNamespace(display=printed.append)
        return action.run(), printed

    return call


def test_prints_the_table_and_changes_nothing(act: Act) -> None:
    result, printed = act(answers={"app1": {"versions": []}})
    assert printed == ["\n".join(result["lines"])]
    assert result["lines"][1] == "app1: no application came here"
    assert result["changed"] is False


def test_writes_the_file_but_not_in_check_mode(act: Act, tmp_path: Path) -> None:
    file = tmp_path / "versions.json"
    assert act(True, answers={"app1": {"versions": []}}, file=str(file))[0]["changed"] is True
    assert not file.exists()
    assert act(answers={"app1": {"versions": []}}, file=str(file))[0]["changed"] is True
    assert json.loads(file.read_text())["hosts"] == {"app1": {"versions": []}}


def test_fails_in_the_end_where_a_host_could_not_tell(act: Act) -> None:
    result, printed = act(answers={"app1": {"versions": []}, "app2": {"problem": "No route to host"}, "app3": {}})
    assert result["failed"]
    assert result["msg"].startswith("The register is not complete. app2: No route to host.")
    assert "app1: no application came here" in printed[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [({"timezone": "Mars"}, "write one such as Asia/Shanghai"), ({"file": "x.json"}, "absolute path")],
)
def test_says_what_is_wrong(act: Act, arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(AnsibleActionFail, match=said):
        act(answers={}, **arguments)
