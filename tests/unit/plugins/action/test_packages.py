"""The action `packages`: apt is called only where something is missing. The question is put to this machine's own dpkg."""

from __future__ import annotations

import shutil
import subprocess
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.action import packages


@pytest.fixture
def act(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give the action by names: what it returns, and what apt was asked."""
    monkeypatch.setattr(packages.ActionBase, "run", lambda *_arguments: {})

    def call(*names: str, host: str = "") -> tuple[dict[str, Any], list[dict[str, Any]]]:
        asked: list[dict[str, Any]] = []

        def command(text: str) -> dict[str, Any]:
            done = subprocess.run(["/bin/sh", "-c", host or text], capture_output=True, text=True, check=False)
            return {"rc": done.returncode, "stdout": done.stdout, "stderr": done.stderr}

        def module(module_name: str, module_args: dict[str, Any], task_vars: object) -> dict[str, Any]:
            assert module_name == "ansible.builtin.apt"
            asked.append(module_args)
            return {"changed": True, "stdout": "installed"}

        action = packages.ActionModule.__new__(packages.ActionModule)
        action._task = SimpleNamespace(args={"name": list(names)})
        action._low_level_execute_command, action._execute_module = command, module
        return action.run(), asked

    return call


def installed() -> str:
    """Return a package of this machine that somebody has asked for."""
    if shutil.which("apt-mark") is None:
        pytest.skip("this machine is no Debian")
    done = subprocess.run(["apt-mark", "showmanual"], capture_output=True, text=True, check=True)
    return done.stdout.split()[0]


def test_apt_is_not_called_where_all_is_there(act: Any) -> None:
    assert act(installed()) == ({"changed": False}, [])
    assert act() == ({"changed": False}, [])


def test_apt_is_asked_for_all_of_them_where_one_is_missing(act: Any) -> None:
    result, asked = act("dpkg", "no-such-package'; exit 1; '")
    assert result == {"changed": True, "stdout": "installed"}
    assert asked == [
        {"name": ["dpkg", "no-such-package'; exit 1; '"], "install_recommends": False, "update_cache": True, "cache_valid_time": 86400}
    ]  # fmt: skip


def test_a_host_that_does_not_say_is_left_to_apt(act: Any) -> None:
    assert len(act("dpkg", host="exit 7")[1]) == 1
