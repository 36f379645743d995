"""The Ansible module `postgresql_restore_point`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.traumalink.ops.plugins.module_utils.command import Completed
from ansible_collections.traumalink.ops.plugins.modules import postgresql_restore_point

SEGMENT = "000000010000000000000042"


def call(capsys: pytest.CaptureFixture[str], name: str = "upgrade_1", *, check_mode: bool = False) -> dict[str, Any]:
    """Run the module."""
    with patch_module_args({"name": name, "_ansible_check_mode": check_mode}), pytest.raises(SystemExit):
        postgresql_restore_point.main()
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stand for a server that archives at once; give what it was told."""
    said: list[str] = []

    def psql(argv: Sequence[str], **_options: Any) -> Completed:
        said.append(argv[-1])
        answer = f"0/42000110\x1f{SEGMENT}" if "create_restore_point" in argv[-1] else f"{SEGMENT}\x1f"
        return Completed(tuple(argv), 0, answer + "\n", "")

    monkeypatch.setattr(postgresql_restore_point, "run", psql)
    return said


def test_it_tells_the_point(capsys: pytest.CaptureFixture[str]) -> None:
    found = call(capsys)
    assert (found["changed"], found["point"]["name"], found["point"]["segment"]) == (True, "upgrade_1", SEGMENT)


def test_check_mode_makes_none(capsys: pytest.CaptureFixture[str], server: list[str]) -> None:
    assert call(capsys, check_mode=True)["point"] is None
    assert server == []


def test_an_unfit_name_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert "no name of a restore point" in call(capsys, "it's")["msg"]
