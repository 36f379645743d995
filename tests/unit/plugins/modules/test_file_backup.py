"""The Ansible module `file_backup`, over a runner that starts nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.traumalink.ops.plugins.module_utils import restic
from ansible_collections.traumalink.ops.plugins.modules import file_backup

SUMMARY = json.dumps(
    {
        "message_type": "summary",
        "snapshot_id": "9cb28017ff",
        "total_files_processed": 3,
        "total_bytes_processed": 70,
        "data_added": 7,
    }
)


@pytest.fixture
def call(runner: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Give a call of the module."""
    for name in ("crt", "key", "app1.passphrase", "app1.login"):
        (tmp_path / name).write_text(name)
    monkeypatch.setattr(restic, "RUNTIME", tmp_path)
    own = {"credentials": str(tmp_path)}
    taking = {
        "repository": "rest:https://ops1:8434/app1",
        "paths": [str(tmp_path)],
        "host": "app1",
        "certificate": str(tmp_path / "crt"),
        "key": str(tmp_path / "key"),
    }

    monkeypatch.setattr(file_backup, "run", runner)

    def run(check_mode: bool = False) -> dict[str, Any]:
        given = {**own, **taking, "_ansible_check_mode": check_mode}
        capsys.readouterr()
        with patch_module_args(given), pytest.raises(SystemExit):
            file_backup.main()
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        return result

    return run


def test_takes_a_backup_and_creates_the_repository_first(call: Any, runner: Any) -> None:
    runner.on("cat", status=1, err="Fatal: unable to open config file: <config/> does not exist").on("init").on(
        "backup", out=SUMMARY
    )
    result = call()
    assert result["snapshot"]["id"] == "9cb28017"
    assert [next(word for word in argv if word in ("cat", "init", "backup")) for argv in runner.calls] == [
        "cat",
        "init",
        "backup",
    ]
    assert all(any(word.startswith("--tls-client-cert=") for word in argv) for argv in runner.calls)
    place = "rest:https://app1:app1.login@ops1:8434/app1"
    assert {options["environment"]["RESTIC_REPOSITORY"] for options in runner.options} == {place}


def test_a_repository_that_is_there_is_not_created_and_loses_the_locks_of_killed_processes(
    call: Any, runner: Any
) -> None:
    runner.on("cat").on("unlock").on("backup", out=SUMMARY)
    assert call()["changed"] is True
    assert runner.asked("init") == []
    order = [next(word for word in argv if word in ("cat", "unlock", "backup")) for argv in runner.calls]
    assert order == ["cat", "unlock", "backup"]


def test_check_mode_takes_nothing(call: Any, runner: Any) -> None:
    assert call(check_mode=True)["changed"] is True
    assert runner.calls == []
