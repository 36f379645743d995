"""The Ansible module `file_restore_info`, over a runner that starts nothing."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.traumalink.ops.plugins.module_utils.file_proof import FileProof
from ansible_collections.traumalink.ops.plugins.modules import file_restore_info
from backup_samples import NOW

LISTED = json.dumps(
    [
        {"short_id": name, "time": at.isoformat(), "hostname": "app1", "paths": ["/srv/uploads", "/etc/trauma"]}
        for name, at in (("aaaaaaaa", NOW - timedelta(days=1)), ("bbbbbbbb", NOW))
    ]
)


@pytest.fixture
def call(runner: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Give a call of the module for a repository with two backups, the older of which was read back."""
    (tmp_path / "app1").mkdir()
    (tmp_path / "app1" / "config").write_text("")
    for name in ("app1.passphrase", "app1.login", "app2.passphrase", "app2.login"):
        (tmp_path / name).write_text(name)
    proof = FileProof("app1", "aaaaaaaa", NOW - timedelta(hours=23), 3, 70)
    monkeypatch.setattr(file_restore_info, "read_file_proofs", lambda: {"app1": proof})
    monkeypatch.setattr(file_restore_info, "run", runner)
    runner.on("snapshots", out=LISTED).on("stats", out='{"total_size":70,"total_file_count":3}')

    def run(**given: Any) -> dict[str, Any]:
        capsys.readouterr()
        asked = {"directory": str(tmp_path), "credentials": str(tmp_path), "user": "files", "host": "app1", **given}
        with patch_module_args(asked), pytest.raises(SystemExit):
            file_restore_info.main()
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        return result

    return run


def test_plans_the_newest_whole(call: Any, runner: Any) -> None:
    result = call()
    assert result["changed"] is False
    assert result["plan"] == {
        "snapshot": "bbbbbbbb",
        "taken_at": NOW.isoformat(timespec="seconds"),
        "paths": ["/etc/trauma", "/srv/uploads"],
        "bytes": 70,
        "counted": False,
        "others": [f"bbbbbbbb of {NOW:%Y-%m-%dT%H:%M:%S+00:00}", f"aaaaaaaa of {NOW - timedelta(days=1):%Y-%m-%dT%H:%M:%S+00:00}"],
    }  # fmt: skip
    assert {options["user"] for options in runner.options} == {"files"}
    assert all("--no-lock" in argv for argv in runner.calls)


def test_a_part_of_an_older_one_whose_size_nobody_knows(call: Any, runner: Any) -> None:
    plan = call(snapshot="aaaaaaaa", paths=["/srv/uploads/2026"])["plan"]
    assert (plan["snapshot"], plan["paths"], plan["bytes"], plan["counted"]) == (
        "aaaaaaaa",
        ["/srv/uploads/2026"],
        None,
        True,
    )
    assert runner.asked("stats") == []


def test_says_what_is_not_there(call: Any) -> None:
    assert "no snapshot cc of app1; choose one of bbbbbbbb" in call(snapshot="cc")["msg"]
    assert "/opt is not in snapshot bbbbbbbb" in call(paths=["/opt"])["msg"]
    assert "there is no backup of the files of app2" in call(host="app2")["msg"]
    assert "app3.passphrase cannot be read" in call(host="app3")["msg"]
