"""The Ansible modules `file_backup` and `file_backup_verified`, over a runner that starts nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.traumalink.ops.plugins.module_utils import restic
from ansible_collections.traumalink.ops.plugins.module_utils.file_proof import FileProof
from ansible_collections.traumalink.ops.plugins.modules import file_backup, file_backup_verified

SUMMARY = json.dumps(
    {
        "message_type": "summary",
        "snapshot_id": "9cb28017ff",
        "total_files_processed": 3,
        "total_bytes_processed": 70,
        "data_added": 7,
    }
)
LISTED = json.dumps([{"short_id": "9cb28017", "time": "2026-11-25T09:28:55Z", "hostname": "app1", "paths": ["/srv"]}])

TAKEN = {"host": "app1", "id": "9cb28017", "at": "2026-11-25T09:28:55+00:00", "files": 3, "bytes": 70}

kept: list[FileProof] = []


@pytest.fixture
def call(runner: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Give a call of one of the modules."""
    for name in ("crt", "key", "pass"):
        (tmp_path / name).write_text(name)
    monkeypatch.setattr(restic, "RUNTIME", tmp_path)
    own = {"passphrase_file": str(tmp_path / "pass")}
    taking = {
        "repository": "rest:https://ops1:8434/app1",
        "paths": [str(tmp_path)],
        "host": "app1",
        "certificate": str(tmp_path / "crt"),
        "key": str(tmp_path / "key"),
    }
    kept.clear()
    verifying = {"directory": "/r", "user": "files", "snapshots": [TAKEN], "retention_days": 7}

    def run(module: Any, check_mode: bool = False) -> dict[str, Any]:
        monkeypatch.setattr(module, "run", runner)
        monkeypatch.setattr(file_backup_verified, "write_proof", kept.append)
        given = {**own, **(taking if module is file_backup else verifying), "_ansible_check_mode": check_mode}
        capsys.readouterr()
        with patch_module_args(given), pytest.raises(SystemExit):
            module.main()
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        return result

    return run


def test_takes_a_backup_and_creates_the_repository_first(call: Any, runner: Any) -> None:
    runner.on("cat", status=1, err="Fatal: unable to open config file").on("init").on("backup", out=SUMMARY)
    result = call(file_backup)
    assert result["snapshot"]["id"] == "9cb28017"
    assert [next(word for word in argv if word in ("cat", "init", "backup")) for argv in runner.calls] == [
        "cat",
        "init",
        "backup",
    ]
    assert all(any(word.startswith("--tls-client-cert=") for word in argv) for argv in runner.calls)


def test_a_repository_that_is_there_is_not_created(call: Any, runner: Any) -> None:
    runner.on("cat").on("backup", out=SUMMARY)
    assert call(file_backup)["changed"] is True
    assert runner.asked("init") == []


def test_what_was_taken_counts_after_it_was_read_and_only_then_old_ones_go(call: Any, runner: Any) -> None:
    runner.on("snapshots", out=LISTED).on("check", out="no errors were found").on("forget")
    assert call(file_backup_verified)["kept"] == {"app1": 1}
    order = [next(word for word in argv if word in ("snapshots", "check", "forget")) for argv in runner.calls]
    assert order == ["snapshots", "check", "forget", "snapshots"]
    assert {options["user"] for options in runner.options} == {"files"}
    assert [(proof.host, proof.snapshot, proof.files, proof.bytes) for proof in kept] == [("app1", "9cb28017", 3, 70)]


def test_one_that_is_not_there_fails_and_nothing_is_removed(call: Any, runner: Any) -> None:
    runner.on("snapshots", out="[]")
    assert "9cb28017 of app1 is not in /r/app1" in call(file_backup_verified)["msg"]
    runner.on("snapshots", out=LISTED).on("check", out="error: pack is damaged")
    assert "/r/app1 is damaged" in call(file_backup_verified)["msg"]
    assert runner.asked("forget") == []
    assert kept == [], "what does not count is not kept in mind"


def test_one_that_goes_with_the_old_ones_fails(call: Any, runner: Any) -> None:
    runner.on("snapshots", out=[LISTED, "[]"]).on("check", out="no errors were found").on("forget")
    assert "has gone from /r/app1" in call(file_backup_verified)["msg"]


def test_check_mode_takes_and_removes_nothing(call: Any, runner: Any) -> None:
    assert call(file_backup, check_mode=True)["changed"] is True
    assert call(file_backup_verified, check_mode=True)["changed"] is True
    assert runner.calls == []
