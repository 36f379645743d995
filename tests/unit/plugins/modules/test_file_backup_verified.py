"""The Ansible module `file_backup_verified`, over a runner that starts nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.traumalink.ops.plugins.module_utils.file_proof import FileProof
from ansible_collections.traumalink.ops.plugins.modules import file_backup_verified

LISTED = json.dumps([{"short_id": "9cb28017", "time": "2026-11-25T09:28:55Z", "hostname": "app1", "paths": ["/srv"]}])
TAKEN = {"host": "app1", "id": "9cb28017", "at": "2026-11-25T09:28:55+00:00", "files": 3, "bytes": 70}


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[FileProof]:
    """Give what is kept in mind for drills and the watch."""
    proofs: list[FileProof] = []
    monkeypatch.setattr(file_backup_verified, "write_proof", proofs.append)
    return proofs


@pytest.fixture
def call(
    runner: Any,
    kept: list[FileProof],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Any:
    """Give a call of the module."""
    for host in ("app1", "app2"):
        (tmp_path / f"{host}.passphrase").write_text(f"of {host}")
        (tmp_path / f"{host}.login").write_text("login")
    monkeypatch.setattr(file_backup_verified, "run", runner)
    given = {"directory": "/r", "user": "files", "snapshots": [TAKEN], "retention_days": 7}

    def run(**changes: Any) -> dict[str, Any]:
        capsys.readouterr()
        with (
            patch_module_args({"credentials": str(tmp_path), **given, **changes}),
            pytest.raises(SystemExit),
        ):
            file_backup_verified.main()
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        return result

    return run


def test_what_was_taken_counts_after_it_was_read_and_only_then_old_ones_go(
    call: Any, runner: Any, kept: list[FileProof]
) -> None:
    runner.on("snapshots", out=LISTED).on("unlock").on("check", out="no errors were found").on("forget")
    assert call()["kept"] == {"app1": 1}
    order = [next(word for word in argv if word in ("snapshots", "check", "forget", "unlock")) for argv in runner.calls]
    assert order == ["snapshots", "unlock", "check", "forget", "snapshots"]
    assert {options["user"] for options in runner.options} == {"files"}
    assert [(proof.host, proof.snapshot, proof.files, proof.bytes) for proof in kept] == [("app1", "9cb28017", 3, 70)]


def test_each_repository_is_opened_with_its_host_s_own_passphrase(call: Any, runner: Any) -> None:
    runner.on("snapshots", out=LISTED).on("unlock").on("check", out="no errors were found").on("forget")
    call(snapshots=[TAKEN, {**TAKEN, "host": "app2"}])
    used = {tuple(sorted(options["environment"].items())) for options in runner.options}
    assert used == {
        (("RESTIC_PASSWORD", f"of {host}"), ("RESTIC_REPOSITORY", f"/r/{host}")) for host in ("app1", "app2")
    }


def test_one_that_is_not_there_fails_and_nothing_is_removed(call: Any, runner: Any, kept: list[FileProof]) -> None:
    runner.on("snapshots", out="[]")
    assert "9cb28017 of app1 is not in /r/app1" in call()["msg"]
    runner.on("snapshots", out=LISTED).on("unlock").on("check", out="error: pack is damaged")
    assert "/r/app1 is damaged" in call()["msg"]
    assert runner.asked("forget") == []
    assert kept == [], "what does not count is not kept in mind"


def test_one_that_goes_with_the_old_ones_fails(call: Any, runner: Any) -> None:
    runner.on("snapshots", out=[LISTED, "[]"]).on("unlock").on("check", out="no errors were found").on("forget")
    assert "has gone from /r/app1" in call()["msg"]


@pytest.mark.parametrize("entry", [{}, {**TAKEN, "at": "yesterday"}, {**TAKEN, "files": None}])
def test_what_file_backup_did_not_give_is_told(call: Any, runner: Any, entry: dict[str, Any]) -> None:
    assert "snapshots has an entry that file_backup did not give" in call(snapshots=[entry])["msg"]
    assert runner.calls == []


def test_check_mode_looks_at_nothing(call: Any, runner: Any) -> None:
    assert call(_ansible_check_mode=True)["changed"] is True
    assert runner.calls == []
