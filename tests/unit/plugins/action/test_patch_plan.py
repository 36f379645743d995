"""The action `patch_plan`: writes and prints a plan, reads it, and compares it with what is there now."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.traumalink.ops.plugins.action import patch_plan
from ansible_collections.traumalink.ops.plugins.plugin_utils import controller_action

Act = Callable[..., tuple[dict[str, Any], list[str]]]
UPDATE = {
    "name": "libssl3", "source": "openssl", "installed": "1", "installed_source": "1", "candidate": "2", "candidate_source": "2", "security": True,
    "changelog": True, "vulnerabilities": [], "way_back": "", "old_package": True, "step": "system",
    "architecture": "amd64",
}  # fmt: skip
HOST = {
    "updates": [UPDATE], "broken": [], "held": [], "kept_back": [], "other": [], "support": [], "known": [], "security_source": True,
    "restarts": {"known": True, "services": [], "reboot": []}, "packages": {},
}  # fmt: skip


@pytest.fixture
def act(monkeypatch: pytest.MonkeyPatch) -> Act:
    """Give the action, and what it prints."""
    monkeypatch.setattr(controller_action.ActionBase, "run", lambda *_arguments: {})

    def call(check: bool = False, **arguments: Any) -> tuple[dict[str, Any], list[str]]:
        printed: list[str] = []
        action = patch_plan.ActionModule.__new__(patch_plan.ActionModule)
        action._task = SimpleNamespace(args={"site": "my_hospital", **arguments}, check_mode=check)
        action._display = SimpleNamespace(display=printed.append)
        return action.run(), printed

    return call


def test_the_plan_is_written_and_its_sha256_is_that_of_the_file(act: Act, tmp_path: Path) -> None:
    file = tmp_path / "plans" / "plan.json"
    result, printed = act(state="made", file=str(file), hosts={"app1": HOST})
    assert result["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert printed == ["\n".join(result["lines"])]
    assert act(state="read", file=str(file))[0]["names"] == {"app1": ["libssl3"]}


def test_check_mode_prints_and_writes_nothing(act: Act, tmp_path: Path) -> None:
    _result, printed = act(True, state="made", file=str(tmp_path / "plan.json"), hosts={"app1": HOST})
    assert "openssl" in printed[0]
    assert not (tmp_path / "plan.json").exists()


def test_what_is_there_now_is_compared(act: Act, tmp_path: Path) -> None:
    file = str(tmp_path / "plan.json")
    act(state="made", file=file, hosts={"app1": HOST})
    same = act(state="compared", file=file, hosts={"app1": HOST})[0]
    assert same["differences"] == []
    assert [change["name"] for change in same["remaining"]["app1"]["system"]] == ["libssl3"]
    assert same["waiting"] == ["app1"]
    other = act(state="compared", file=file, hosts={"app1": {**HOST, "updates": [{**UPDATE, "candidate": "3"}]}})[0]
    assert other["differences"] == ["app1: libssl3 would go 1 → 3, approved was 1 → 2"]
    broken = act(state="compared", file=file, hosts={"app1": {**HOST, "updates": [], "broken": ["x"]}})[0]
    assert broken["broken"] == ["app1"]


def test_a_path_that_is_relative_is_refused(act: Act) -> None:
    with pytest.raises(AnsibleActionFail, match="must be an absolute path on the controller"):
        act(state="made", file="plan.json", hosts={})
