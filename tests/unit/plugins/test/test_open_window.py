"""The test says whether it fits, in a real template too."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.test.open_window import TestModule as Module

open_window = Module().tests()["open_window"]


@pytest.mark.parametrize(
    ("at", "needs", "expected"),
    [
        ("2026-10-01T23:00:00+08:00", None, True),
        ("2026-10-01T23:00:00+08:00", "5h15m", True),
        ("2026-10-01T23:00:00+08:00", "5h16m", False),
        ("2026-10-01T20:00:00+08:00", None, False),
    ],
)
def test_says_whether_it_fits(
    contract_data: Callable[..., dict[str, Any]], at: str, needs: str | None, expected: bool
) -> None:
    assert open_window(contract_data(), at=at, needs=needs) is expected


def test_works_on_a_contract_with_templates_in_it(contract_data: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    """Ansible hands a plugin values that render themselves; all of it must be seen rendered."""
    variables = tmp_path / "variables.yml"
    variables.write_text(json.dumps({"contract": contract_data(timezone="{{ zone }}"), "zone": "Asia/Shanghai"}))
    asked = "[contract is traumalink.ops.open_window(at=at), (contract | traumalink.ops.window_state(at=at)).state]"
    argv = ["ansible", "localhost", "-e", f"@{variables}", "-e", "at=2026-10-01T23:00:00+08:00", "--one-line"]
    argv += ["-m", "ansible.builtin.debug", "-a", json.dumps({"msg": f"{{{{ {asked} }}}}"})]
    printed = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    assert json.loads(printed.split("=>", 1)[1])["msg"] == [True, "open"]
