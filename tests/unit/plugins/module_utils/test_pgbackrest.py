"""pgBackRest's commands: what is asked of it, and what is made of its answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest import (
    BackupError,
    DamagedFile,
    DamageError,
    PgBackRest,
    engine_version,
    parse_info,
    repository_at,
)
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest_failure import RunningEngine
from info_samples import FULL, INCREMENT, MANIFEST, REAL, changed, without

GIVEN = {
    "PGBACKREST_REPO1_PATH": "/srv/r",
    "PGBACKREST_REPO1_CIPHER_TYPE": "aes-256-cbc",
    "PGBACKREST_REPO1_CIPHER_PASS": "geheim",
}


def engine(runner: Any, *running: RunningEngine) -> PgBackRest:
    return PgBackRest(runner, "lab", "pgbackrest", running=lambda: list(running))


def test_runs_as_its_user_on_its_stanza_with_errors_on_the_console(runner: Any) -> None:
    runner.on("info", out=REAL)
    assert engine(runner).info().newest.label == INCREMENT  # type: ignore[union-attr]
    assert runner.calls == [["pgbackrest", "--stanza=lab", "--log-level-console=warn", "info", "--output=json"]]
    assert runner.options == [{"user": "pgbackrest"}]


def test_a_passphrase_to_try_goes_by_environment_and_shuts_the_configuration_out(runner: Any) -> None:
    runner.on("info", out=REAL)
    repository_at(runner, Path("/srv/r"), "geheim", "lab", "root").info()
    assert "--no-config" in runner.calls[0]
    assert "geheim" not in " ".join(runner.calls[0])
    assert runner.options == [{"user": "root", "environment": GIVEN}]


def test_a_failed_command_names_the_attempt_and_the_first_error(runner: Any) -> None:
    runner.on("pgbackrest", err="ERROR: [124]: unable to connect\n", status=124)
    for attempt, said in (
        (engine(runner).info, "reading the repository failed: "),
        (engine(runner).create_stanza, "creating the stanza lab failed: "),
        (engine(runner).check, "seeing a WAL segment arrive in the repository failed: "),
    ):
        with pytest.raises(BackupError) as caught:
            attempt()
        assert str(caught.value) == said + "[124]: unable to connect"


LISTING = json.dumps(
    {
        ".": {"type": "path"},
        "15-1/0000000200000000": {"type": "path"},
        f"15-1/0000000200000000/000000020000000000000008-{'ab' * 20}.zst": {
            "type": "file",
            "size": 77,
            "time": 1795397820,
        },
        "15-1/00000002.history": {"type": "file", "size": 48, "time": 1795397820},
        "archive.info": {"type": "file", "size": 400, "time": 1795397820},
    }
)


def test_the_archive_is_what_is_listed_with_the_histories_of_its_timelines(runner: Any) -> None:
    runner.on("repo-ls", "archive/lab", "--recurse", out=LISTING)
    runner.on("repo-get", "archive/lab/15-1/00000002.history", out="1\t0/7A00028\tno recovery target specified\n")
    held = engine(runner).archive("15-1")
    assert [segment.size_bytes for segment in held.segments.values()] == [77]
    assert held.gaps("000000010000000000000006", "000000020000000000000008")[0].first == "000000010000000000000006"
    assert held.newest_timeline == 2


def test_an_archive_can_be_looked_at_with_a_passphrase_of_ones_own(runner: Any) -> None:
    runner.on("repo-ls", out=LISTING).on("repo-get", out="1\t0/7A00028\tx\n")
    repository_at(runner, Path("/srv/r"), "geheim", "lab", "root").archive("15-1")
    assert all("--no-config" in argv for argv in runner.calls)
    assert [options["environment"] for options in runner.options] == [GIVEN, GIVEN]


def test_creates_and_checks(runner: Any) -> None:
    runner.on("pgbackrest")
    engine(runner).create_stanza()
    engine(runner).check()
    assert [argv[-1] for argv in runner.calls] == ["stanza-create", "check"]


@pytest.mark.parametrize("kind", ["full", "diff", "incr"])
def test_a_backup_is_the_set_that_the_repository_holds_afterwards(runner: Any, kind: str) -> None:
    runner.on("info", out=[without(INCREMENT), REAL]).on("backup")
    assert engine(runner).backup(kind).label == INCREMENT
    assert [argv[3:] for argv in runner.asked("backup")] == [["--repo=1", f"--type={kind}", "backup"]]


def test_the_second_repository_gets_a_backup_of_its_own_that_is_looked_up_there(runner: Any) -> None:
    runner.on("info", out=[second(without(INCREMENT)), second(REAL)]).on("backup")
    assert engine(runner).second.backup("incr").label == INCREMENT
    assert [argv[3:] for argv in runner.calls] == [
        ["--repo=2", "info", "--output=json"], ["--repo=2", "--type=incr", "backup"], ["--repo=2", "info", "--output=json"],
    ]  # fmt: skip


def test_an_exit_status_is_not_taken_for_a_backup_in_the_second_repository_either(runner: Any) -> None:
    runner.on("info", out=second(REAL)).on("backup")
    with pytest.raises(
        BackupError, match="into repository 2 ended without an error, but repository 2 holds no new set"
    ):
        engine(runner).second.backup("incr")


def test_a_second_repository_that_cannot_be_read_is_named(runner: Any) -> None:
    runner.on("info", err="ERROR: [124]: unable to connect\n", status=124)
    with pytest.raises(BackupError, match=r"^reading repository 2 failed: "):
        engine(runner).second.info()


def second(text: str) -> str:
    """Return what `info` says of one repository as if it were the second."""
    (whole,) = json.loads(text)
    for entry in [*whole["db"], *(each["database"] for each in [*whole["archive"], *whole["backup"]])]:
        entry["repo-key"] = 2
    return json.dumps([{**whole, "repo": [{**repository, "key": 2} for repository in whole["repo"]]}])


def test_the_first_backup_of_all_counts(runner: Any) -> None:
    runner.on("info", out=[changed(backup=[]), without(INCREMENT)]).on("backup")
    assert engine(runner).backup("full").label == FULL


@pytest.mark.parametrize("after", [without(INCREMENT), changed(backup=[])])
def test_an_exit_status_is_not_taken_for_a_backup(runner: Any, after: str) -> None:
    runner.on("info", out=[without(INCREMENT), after]).on("backup")
    with pytest.raises(BackupError, match="ended without an error, but the repository holds no new set"):
        engine(runner).backup("incr")


def test_a_backup_that_fails_is_told_and_not_looked_for(runner: Any) -> None:
    runner.on("info", out=REAL).on("backup", out="P00  ERROR: [056]: unable to find primary cluster\n", status=56)
    with pytest.raises(BackupError, match=r"^the full backup of lab failed: \[056\]: unable to find primary cluster$"):
        engine(runner).backup("full")
    assert len(runner.asked("info")) == 1


def test_a_set_with_damaged_pages_is_an_alarm_that_names_files_and_pages(runner: Any) -> None:
    entries = json.loads(REAL)[0]["backup"]
    damaged = [entries[0], {**entries[1], "error": True}]
    runner.on("info", out=[without(INCREMENT), changed(backup=damaged)]).on("backup")
    runner.on("repo-get", f"backup/lab/{INCREMENT}/backup.manifest", out=MANIFEST)
    with pytest.raises(
        DamageError, match=rf"^backup {INCREMENT} holds pages with wrong checksums \(base/5/16385, base/5/16385\.1\)"
    ) as caught:
        engine(runner).backup("incr")
    assert caught.value.files == (
        DamagedFile("base/5/16385", ((7, 7), (9, 12))),
        DamagedFile("base/5/16385.1", ()),
    )


def test_what_is_too_old_is_removed_by_time(runner: Any) -> None:
    runner.on("expire")
    engine(runner).expire(9)
    assert runner.calls[0][3:] == ["--repo1-retention-full-type=time", "--repo1-retention-full=9", "expire"]


def test_tells_its_version(runner: Any) -> None:
    runner.on("pgbackrest", "version", out="pgBackRest 2.55.1\n")
    assert engine_version(runner) == "2.55.1"
    runner.on("pgbackrest", "version", out="", err="no such file", status=1)
    with pytest.raises(BackupError, match="printed no version: no such file"):
        engine_version(runner)


def test_a_database_whose_server_was_restarted_just_now_is_looked_for_again(runner: Any) -> None:
    slept: list[float] = []

    def listen() -> None:
        if len(slept) == 2:
            runner.on("stanza-create")

    runner.on("stanza-create", err="ERROR: [056]: unable to find primary cluster - cannot proceed\n", status=56)

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        listen()

    engine(runner).create_stanza(sleep=sleep)
    assert slept == [1.0, 2.0]


def test_a_database_that_never_answers_is_a_failure(runner: Any) -> None:
    slept: list[float] = []
    runner.on("stanza-create", err="ERROR: [056]: unable to find primary cluster - cannot proceed\n", status=56)
    with pytest.raises(BackupError, match="unable to find primary cluster"):
        engine(runner).create_stanza(sleep=slept.append)
    assert sum(slept) == 15


def test_another_error_of_the_stanza_is_not_tried_again(runner: Any) -> None:
    runner.on("stanza-create", err="ERROR: [028]: backup and archive info files do not match the database\n", status=28)
    with pytest.raises(BackupError, match="do not match the database"):
        engine(runner).create_stanza(sleep=pytest.fail)


def test_a_stanza_that_is_locked_for_moments_is_waited_for(runner: Any) -> None:
    slept: list[float] = []
    locked = "ERROR: [050]: unable to acquire lock on file '/run/pgbackrest/lab-archive.lock': Resource temporarily unavailable\n"

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            runner.on("stanza-create")

    runner.on("stanza-create", err=locked, status=50)
    engine(runner).create_stanza(sleep=sleep)
    assert slept == [1.0, 2.0, 4.0]


def test_a_stanza_that_stays_locked_is_a_failure_that_names_who_holds_it(runner: Any) -> None:
    slept: list[float] = []
    runner.on("stanza-create", err="ERROR: [050]: unable to acquire lock on file 'x'\n", status=50)
    with pytest.raises(BackupError) as caught:
        engine(runner, RunningEngine(4711, "backup")).create_stanza(sleep=slept.append)
    assert str(caught.value) == (
        "creating the stanza lab failed: another backup still runs (process 4711); wait until it has ended, and run again"
    )
    assert sum(slept) == 60


def test_a_backup_beside_another_is_refused_at_once(runner: Any) -> None:
    runner.on("info", out=REAL).on("backup", err="ERROR: [050]: unable to acquire lock on file 'x'\n", status=50)
    with pytest.raises(
        BackupError, match=r"^the incr backup of lab failed: another backup still runs \(process 4711\);"
    ):
        engine(runner, RunningEngine(4711, "backup")).backup("incr")


def test_a_second_repository_that_has_no_stanza_yet_gets_it(runner: Any) -> None:
    empty = {"cipher": "none", "key": 2, "status": {"code": 1, "message": "missing stanza path"}}
    stanza = parse_info(changed(repo=[*json.loads(REAL)[0]["repo"], empty]), "lab")
    assert (stanza.exists, stanza.everywhere) == (True, False)
    runner.on("stanza-create")
    assert engine(runner).settle_stanza(stanza, stanza.system_id, replace=False) == "create"
    assert len(runner.asked("stanza-create")) == 1
    assert engine(runner).settle_stanza(parse_info(REAL, "lab"), stanza.system_id, replace=False) is None
