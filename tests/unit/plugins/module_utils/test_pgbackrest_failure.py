"""What a failed command of pgBackRest means. The texts are real ones, of version 2.45 in the lab."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import pgbackrest_failure
from ansible_collections.traumalink.ops.plugins.module_utils.command import Completed
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest_failure import (
    BackupError,
    RunningEngine,
    explain,
    failure,
    running_engines,
)

LOCKED = (
    "P00  ERROR: [050]: unable to acquire lock on file '/run/pgbackrest/lab-backup.lock': Resource temporarily unavailable\n"
    "       HINT: is another pgBackRest process running?\n"
)
REMOTE = LOCKED.replace("unable", "raised from remote-0 tls protocol on 'db1': unable").replace("-backup", "-archive")
MISMATCH = (
    "P00  ERROR: [028]: backup and archive info files exist but do not match the database\n       HINT: stanza?\n"
)
NO_WAL = "P00  ERROR: [082]: WAL segment 00000001000000000000000D was not archived before the 60000ms timeout\n"


def failed(status: int, output: str = "", *running: RunningEngine, repository: Path | None = None) -> BackupError:
    return failure(Completed(("pgbackrest",), status, output, ""), "the backup", running=running, repository=repository)


@pytest.mark.parametrize(
    ("output", "explained"),
    [
        ("ERROR: [073]: unable to list file\n", "[073]: unable to list file"),
        (
            "2026-11-23 01:37:00.123 P00   WARN: no prior backup exists\n"
            "2026-11-23 01:37:01.123 P00  ERROR: [082]: WAL segment was not archived\n       HINT: check the log\n"
            "2026-11-23 01:37:02.123 P00  ERROR: [199]: later\n",
            "[082]: WAL segment was not archived",
        ),
        ("something\n  else\n", "something else"),
        ("x" * 900, "x" * 400),
        ("", ""),
    ],
)
def test_an_error_becomes_one_line(output: str, explained: str) -> None:
    assert explain(output) == explained


@pytest.mark.parametrize(("status", "number", "name"), [(-9, 9, "SIGKILL"), (137, 9, "SIGKILL"), (-15, 15, "SIGTERM")])
def test_a_command_that_was_killed_is_told_as_killed(status: int, number: int, name: str) -> None:
    assert str(failed(status)).startswith(f"the backup was killed by signal {number} ({name}): ")
    assert str(failed(status)).endswith("Run it again")


@pytest.mark.parametrize("status", [63, 124, 250])
def test_a_silent_failure_says_at_least_where_to_look(status: int) -> None:
    assert str(failed(status)) == (
        f"the backup failed: pgbackrest ended with status {status} and said nothing; its logs lie in /var/log/pgbackrest"
    )


def test_what_the_engine_says_of_its_end_counts_more_than_its_status() -> None:
    assert str(failed(137, "P00  ERROR: [063]: terminated on signal [SIGTERM]\n")) == (
        "the backup failed: [063]: terminated on signal [SIGTERM]"
    )


@pytest.mark.parametrize(
    ("output", "running", "said"),
    [
        (LOCKED, [RunningEngine(7, "backup")], "another backup still runs (process 7); wait until it has ended, and"),
        (LOCKED, [RunningEngine(7, "expire")], "another pgbackrest expire still runs (process 7); wait until"),
        (LOCKED, [], "another pgbackrest still runs ([050]: unable to acquire lock on file '/run/pgbackrest/lab-back"),
        # Whoever holds it there is no process of this host.
        (REMOTE, [RunningEngine(7, "backup")], "another pgbackrest still runs ([050]: raised from remote-0 tls protoc"),
    ],
)
def test_a_lock_is_told_by_who_holds_it(output: str, running: list[RunningEngine], said: str) -> None:
    error = failed(50, output, *running)
    assert str(error).startswith(f"the backup failed: {said}")
    assert str(error).endswith("wait until it has ended, and run again")
    assert error.code == 50


def test_a_stanza_of_another_database_comes_with_the_ways_out() -> None:
    error = failed(28, MISMATCH)
    assert error.code == 28
    for way in ("do not match the database", "disk is mounted", "traumalink.ops.restore", "backup_loss_confirm="):
        assert way in str(error)


@pytest.mark.parametrize(
    ("free_mib", "said"),
    [(12, "has 12 MiB free: it is full. Enlarge it, or make room there"), (255, "it is full"), (256, "256 MiB free")],
)
def test_wal_that_does_not_arrive_comes_with_the_repository_s_room(
    monkeypatch: pytest.MonkeyPatch, free_mib: int, said: str
) -> None:
    asked: list[Path] = []

    class Usage:
        free = free_mib * 1024**2

    monkeypatch.setattr(pgbackrest_failure.shutil, "disk_usage", lambda path: asked.append(path) or Usage)
    error = failed(82, NO_WAL, repository=Path("/var/lib/pgbackrest"))
    assert str(error).startswith("the backup failed: [082]: WAL segment 00000001000000000000000D was not archived")
    assert said in str(error)
    assert ("full" in str(error)) is (free_mib < 256)
    assert (asked, error.code) == ([Path("/var/lib/pgbackrest")], 82)


def test_away_from_the_repository_no_room_is_told() -> None:
    assert "free" not in str(failed(82, NO_WAL))


def test_finds_the_engines_that_run_by_what_they_do(tmp_path: Path) -> None:
    commands = (
        (7, "pgbackrest\0--stanza=lab\0restore\0"),
        (8, "pgbackrest\0server\0"),
        (9, "/bin/sh\0restore\0backup\0"),
        (10, "/usr/bin/pgbackrest\0--stanza=lab\0--type=full\0backup\0"),
        (11, "pgbackrest\0--process=1\0backup:local\0"),
        (12, "pgbackrest\0--stanza=lab\0info\0"),
    )
    for process, words in commands:
        (tmp_path / str(process)).mkdir()
        (tmp_path / str(process) / "cmdline").write_text(words)
    (tmp_path / "13").mkdir()  # it has ended meanwhile
    assert running_engines(processes=tmp_path) == [RunningEngine(10, "backup")]
    assert running_engines(["restore"], tmp_path) == [RunningEngine(7, "restore")]
