"""Backups of files: what restic says counts, and what it leaves."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import restic as restic_file
from ansible_collections.traumalink.ops.plugins.module_utils.restic import (
    FilesError,
    Restic,
    client_certificate,
    moment,
    secrets_of,
)

SUMMARY = {
    "message_type": "summary",
    "snapshot_id": "9cb2801797ba85a1",
    "total_files_processed": 3,
    "total_bytes_processed": 70,
    "data_added": 7,
}
LISTED = [
    {"short_id": "bbbbbbbb", "time": "2026-11-25T09:28:55.994726204+08:00", "hostname": "app1", "paths": ["/srv"]},
    {"short_id": "aaaaaaaa", "time": "2026-11-24T09:28:55Z", "hostname": "app1", "paths": ["/srv"]},
]


@pytest.fixture
def restic(runner: Any) -> Restic:
    """Give a repository that is reached over TLS."""
    return Restic(runner, "rest:https://ops1:8434/app1", "geheim", options=("--cacert=/ca",), login="app1:allein")


def test_a_backup_tells_what_was_read_and_added(restic: Restic, runner: Any, tmp_path: Path) -> None:
    runner.on("backup", out='{"message_type":"status"}\n' + json.dumps(SUMMARY) + "\n")
    taken = restic.backup([str(tmp_path)], "app1")
    assert (taken.id, taken.host, taken.files, taken.bytes, taken.added_bytes) == ("9cb28017", "app1", 3, 70, 7)
    assert runner.calls[0][:3] == ["restic", "--no-cache", "--cacert=/ca"]
    assert runner.calls[0][-2:] == ["--", str(tmp_path)]
    assert taken.facts()["paths"] == [str(tmp_path)]


def test_a_snapshot_before_that_cannot_be_read_does_not_hide_the_damage(
    restic: Restic, runner: Any, tmp_path: Path
) -> None:
    runner.on(
        "backup", status=3, out=json.dumps(SUMMARY) + "\n", err='{"message_type":"error","error":{},"item":"/srv"}'
    )
    runner.on("backup", "--force", out=json.dumps(SUMMARY) + "\n")
    taken = restic.backup([str(tmp_path)], "app1")
    assert taken.id == "9cb28017", "every file was read"
    assert ["--force" in call for call in runner.calls] == [False, True]


def test_passphrase_and_login_go_in_by_the_environment_alone(restic: Restic, runner: Any) -> None:
    runner.on("cat")
    assert restic.exists()
    assert runner.options[0]["environment"] == {
        "RESTIC_REPOSITORY": "rest:https://app1:allein@ops1:8434/app1",
        "RESTIC_PASSWORD": "geheim",
    }
    for secret in ("geheim", "allein"):
        assert secret not in str(runner.calls)
        assert secret not in repr(Restic(len, "/r", "geheim", login="app1:allein"))  # type: ignore[arg-type]


def test_a_repository_on_this_host_needs_no_login(runner: Any) -> None:
    runner.on("check", out="no errors were found")
    Restic(runner, "/r/app1", "geheim", "files").check()
    assert runner.options[0]["environment"]["RESTIC_REPOSITORY"] == "/r/app1"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"status": 3, "out": json.dumps(SUMMARY), "err": "error: open /srv/x: permission denied"}, "could not be read, and are not in the backup: error: open /srv/x"),
        ({"status": 1, "err": "Fatal: no space left"}, "failed .* Fatal: no space left"),
        ({"out": '{"message_type":"status"}'}, r"failed \(restic ended with status 0\)"),
        ({"out": json.dumps({**SUMMARY, "total_files_processed": 0})}, "holds no file"),
    ],
)  # fmt: skip
def test_a_backup_that_lacks_files_is_none(
    restic: Restic, runner: Any, tmp_path: Path, answer: dict[str, Any], said: str
) -> None:
    runner.on("backup", **answer)
    with pytest.raises(FilesError, match=said):
        restic.backup([str(tmp_path)], "app1")


@pytest.mark.parametrize(
    "words",
    [
        "Fatal: unable to open config file: <config/> does not exist\nIs there a repository at the following location?\nrest:https://x/",
        "Fatal: repository does not exist: unable to open config file: <config/> does not exist",
    ],
)
def test_a_repository_that_is_not_there_can_be_created(restic: Restic, runner: Any, words: str) -> None:
    runner.on("cat", status=1, err=words).on("init")
    assert not restic.exists()
    restic.create()
    assert runner.asked("init")


def test_locks_of_killed_processes_are_removed_and_hinder_no_look(restic: Restic, runner: Any) -> None:
    runner.on("unlock").on("cat")
    restic.unlock()
    assert restic.exists()
    assert runner.calls[0][-2:] == ["unlock", "--remove-all"]
    assert "--no-lock" in runner.calls[1]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Fatal: wrong password or no key found", "passphrase does not open"),
        (
            'Fatal: unable to open config file: Head "https://x/config": connection refused\nIs there a repository at the following location?',
            "cannot be reached: Fatal: unable to open config file: Head .* connection refused",
        ),
        (
            "Fatal: unable to open config file: unexpected HTTP response (403): 403 Forbidden\nIs there a repository at",
            "does not let this host into rest:https://ops1:8434/app1; run",
        ),
    ],
)
def test_one_that_cannot_be_opened_or_reached_is_not_created_anew(
    restic: Restic, runner: Any, said: str, told: str
) -> None:
    runner.on("cat", status=1, err=said)
    with pytest.raises(FilesError, match=told):
        restic.exists()


def test_snapshots_are_listed_oldest_first_with_their_times(restic: Restic, runner: Any) -> None:
    runner.on("snapshots", out=json.dumps(LISTED))
    assert [each.id for each in restic.snapshots()] == ["aaaaaaaa", "bbbbbbbb"]
    runner.on("snapshots", out="null")
    assert restic.snapshots() == []


def test_damage_is_told_whatever_the_status(restic: Restic, runner: Any) -> None:
    runner.on("check", out="no errors were found\n")
    restic.check()
    runner.on("check", out="pack 9cb28017 contains 1 error\n")
    with pytest.raises(FilesError, match="is damaged: pack 9cb28017 contains 1 error"):
        restic.check()
    runner.on("check", status=1, out="no errors were found")
    with pytest.raises(FilesError, match="is damaged"):
        restic.check()


def test_a_snapshot_comes_back_and_is_read_again(restic: Restic, runner: Any, tmp_path: Path) -> None:
    runner.on("restore")
    restic.restore("9cb28017", tmp_path)
    assert runner.calls[0][-5:] == ["restore", "9cb28017", "--no-lock", "--verify", f"--target={tmp_path}"]
    runner.on("restore", status=1, err="Fatal: pack is damaged")
    with pytest.raises(FilesError, match=r"bringing 9cb28017 of .* back failed .* pack is damaged"):
        restic.restore("9cb28017", tmp_path)


def test_the_newest_stays_whatever_its_age(restic: Restic, runner: Any) -> None:
    runner.on("forget")
    restic.expire(7)
    assert runner.calls[0][-4:] == ["forget", "--keep-within=7d", "--keep-last=1", "--prune"]
    runner.on("forget", status=1, err="Fatal: locked\nruntime.goexit\n\t/usr/lib/go/asm.s:1594\n")
    with pytest.raises(FilesError, match=r"Fatal: locked$"):
        restic.expire(7)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-25T09:28:55.994726204Z", datetime(2026, 11, 25, 9, 28, 55, tzinfo=UTC)),
        ("2026-11-25T09:28:55.9+08:00", datetime(2026, 11, 25, 1, 28, 55, tzinfo=UTC)),
        ("2026-11-25T09:28:55+08:00", datetime(2026, 11, 25, 1, 28, 55, tzinfo=UTC)),
    ],
)
def test_times_of_go_are_read(text: str, expected: datetime) -> None:
    assert moment(text) == expected


def test_certificate_and_key_stand_in_one_file_that_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restic_file, "RUNTIME", tmp_path / "run")
    (tmp_path / "crt").write_text("C\n")
    (tmp_path / "key").write_text("K\n")
    with client_certificate(tmp_path / "crt", tmp_path / "key") as both:
        assert both.read_text() == "C\nK\n"
        assert both.stat().st_mode & 0o777 == 0o600
    assert not both.exists()
    with (
        pytest.raises(FilesError, match="gone cannot be read"),
        client_certificate(tmp_path / "gone", tmp_path / "key"),
    ):
        pass


def test_the_key_that_a_killed_process_left_is_removed_and_that_of_a_living_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restic_file, "RUNTIME", tmp_path)
    (tmp_path / "crt").write_text("C\n")
    (tmp_path / "key").write_text("K\n")
    own, living, dead = (tmp_path / f"restic-{number}.pem" for number in (os.getpid(), 4711, 4712))
    (tmp_path / "proc" / "4711").mkdir(parents=True)
    for left in (own, living, dead):
        left.write_text("left")
    with client_certificate(tmp_path / "crt", tmp_path / "key", processes=tmp_path / "proc") as both:
        assert both == own
        assert own.read_text() == "C\nK\n"
        assert sorted(tmp_path.glob("*.pem")) == sorted([own, living])
    assert list(tmp_path.glob("*.pem")) == [living]


def test_a_host_s_secrets_are_read_from_its_files(tmp_path: Path) -> None:
    (tmp_path / "app1.passphrase").write_text("geheim\n")
    (tmp_path / "app1.login").write_text("allein\n")
    secrets = secrets_of("app1", tmp_path)
    assert (secrets.passphrase, secrets.login) == ("geheim", "app1:allein")
    assert "geheim" not in repr(secrets)
    with pytest.raises(FilesError, match=r"app2.passphrase cannot be read .*; run traumalink\.ops\.site"):
        secrets_of("app2", tmp_path)
