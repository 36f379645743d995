"""The Ansible module `backup_standing_info`."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.traumalink.ops.plugins.module_utils.drill_result import SUCCESS, DrillResult, write_result
from ansible_collections.traumalink.ops.plugins.modules import backup_standing_info
from watch_samples import SETTINGS


@pytest.fixture
def ask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """Give the module over a folder of results; by keyword how many days ago a drill was."""
    (tmp_path / "drills").mkdir()
    (tmp_path / "watch.json").write_text(json.dumps(SETTINGS))

    def call(days_ago: float | None = None, settings: str = "watch.json") -> dict[str, Any]:
        if days_ago is not None:
            drilled_at = datetime.now(UTC) - timedelta(days=days_ago)
            write_result(
                DrillResult("20261122-220000F", drilled_at, SUCCESS, "", 9.0), tmp_path / "drills", getpass.getuser()
            )
        given = {"settings": str(tmp_path / settings), "drills": str(tmp_path / "drills")}
        with patch_module_args(given), pytest.raises(SystemExit):
            backup_standing_info.main()
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    return call


def test_a_young_drill_proves(ask: Callable[..., dict[str, Any]]) -> None:
    assert (ask(2)["unproven"], ask(2)["proven"]) == ("", ["20261122-220000F"])


def test_an_old_drill_proves_nothing_any_more(ask: Callable[..., dict[str, Any]]) -> None:
    assert "run traumalink.ops.drill" in ask(60)["unproven"]


def test_without_a_drill_nothing_is_proven(ask: Callable[..., dict[str, Any]]) -> None:
    assert ask()["unproven"].startswith("no drill has brought a backup back yet")


def test_without_settings_there_is_no_site(ask: Callable[..., dict[str, Any]]) -> None:
    assert "run traumalink.ops.site" in ask(settings="nothing.json")["msg"]
