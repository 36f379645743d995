"""The application module: a host without a release has nothing to do."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.traumalink.ops.plugins.modules import application


def run(capsys: pytest.CaptureFixture[str], state: str) -> dict:
    with patch_module_args({"state": state}), pytest.raises(SystemExit):
        application.main()
    return json.loads(capsys.readouterr().out)


def test_a_host_without_a_release_has_nothing_to_do(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(application, "deployed", list)
    answer = run(capsys, "stopped")
    assert (answer["changed"], answer["units"], answer["applications"]) == (False, [], [])


def test_a_damaged_register_is_told(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    def damaged() -> list:
        raise OSError("releases.json is cut short")

    monkeypatch.setattr(application, "deployed", damaged)
    answer = run(capsys, "started")
    assert answer["failed"]
    assert "cut short" in answer["msg"]


def test_an_unknown_state_is_refused(capsys) -> None:
    assert "state" in run(capsys, "paused")["msg"]
