"""pgBackRest: its commands, and what its `info` says. The texts are real ones, of version 2.45 in the lab."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest import (
    BackupError,
    DamagedFile,
    DamageError,
    PgBackRest,
    Stanza,
    engine_version,
    parse_info,
)
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest_failure import RunningEngine

FULL, INCREMENT = "20261123-013700F", "20261123-013700F_20261123-013705I"
# Printed by `pgbackrest info --output=json`, wrapped here.
REAL = (
    '[{"archive":[{"database":{"id":1,"repo-key":1},"id":"15-1","max":"000000010000000000000007",'
    '"min":"000000010000000000000001"}],"backup":[{"archive":{"start":"000000010000000000000005",'
    '"stop":"000000010000000000000005"},"backrest":{"format":5,"version":"2.45"},"database":{"id":1,"repo-key":1},'
    '"error":false,"info":{"delta":30575473,"repository":{"delta":3783472,"size":3783472},"size":30575473},'
    '"label":"20261123-013700F","lsn":{"start":"0/5000028","stop":"0/5000770"},"prior":null,"reference":null,'
    '"timestamp":{"start":1795397820,"stop":1795397822},"type":"full"},{"archive":{"start":"000000010000000000000006",'
    '"stop":"000000010000000000000007"},"backrest":{"format":5,"version":"2.45"},"database":{"id":1,"repo-key":1},'
    '"error":false,"info":{"delta":794890,"repository":{"delta":100288,"size":3783472},"size":30575473},'
    '"label":"20261123-013700F_20261123-013705I","lsn":{"start":"0/6000028","stop":"0/7000050"},'
    '"prior":"20261123-013700F","reference":["20261123-013700F"],"timestamp":{"start":1795397825,"stop":1795397827},'
    '"type":"incr"}],"cipher":"aes-256-cbc","db":[{"id":1,"repo-key":1,"system-id":7711173079095454119,"version":"15"}],'
    '"name":"lab","repo":[{"cipher":"aes-256-cbc","key":1,"status":{"code":0,"message":"ok"}}],'
    '"status":{"code":0,"lock":{"backup":{"held":false}},"message":"ok"}}]'
)
ABSENT = (
    '[{"archive":[],"backup":[],"cipher":"aes-256-cbc","db":[],"name":"lab","repo":[{"cipher":"aes-256-cbc","key":1,'
    '"status":{"code":1,"message":"missing stanza path"}}],'
    '"status":{"code":1,"lock":{"backup":{"held":false}},"message":"missing stanza path"}}]'
)
# What a wrong passphrase gives: exit status 0, and decrypted noise (raw control characters too) within the message.
OTHER = (
    '[{"archive":[],"backup":[],"cipher":"aes-256-cbc","db":[],"name":"lab","repo":[{"cipher":"aes-256-cbc","key":1,'
    '"status":{"code":99,"message":"%s"}}],"status":{"code":99,"lock":{"backup":{"held":false}},"message":"other"}}]'
)
NOISE = (
    "[FormatError] unable to load info file '/var/lib/pgbackrest/backup/lab/backup.info' or "
    "'/var/lib/pgbackrest/backup/lab/backup.info.copy':\\n"
    "FormatError: key/value found outside of section at line 1: \x14FWy@K\ufffdl\ufffd\x1c\x01\x12HG\ufffd\\b\u06ae3\\n"
    "HINT: backup.info cannot be opened and is required to perform a backup.\\n"
    "HINT: has a stanza-create been performed?"
)
NOT_READABLE = "[PathOpenError] unable to list file info for path '/root/backup': [13] Permission denied"


def changed(**changes: Any) -> str:
    """Return the real text with other values at the top of its stanza."""
    return json.dumps([{**json.loads(REAL)[0], **changes}])


def with_status(code: int, message: str) -> str:
    """Return the real text with another status."""
    return changed(status={"code": code, "lock": {"backup": {"held": False}}, "message": message})


def without(label: str) -> str:
    """Return the real text without one set."""
    return changed(backup=[entry for entry in json.loads(REAL)[0]["backup"] if entry["label"] != label])


def engine(runner: Any, *running: RunningEngine) -> PgBackRest:
    return PgBackRest(runner, "lab", "pgbackrest", running=lambda: list(running))


# --- what info says ---


def test_reads_the_stanza() -> None:
    stanza = parse_info(REAL, "lab")
    assert stanza.exists
    assert (stanza.name, stanza.status, stanza.message) == ("lab", 0, "ok")
    assert stanza.system_id == 7711173079095454119
    assert (stanza.wal_min, stanza.wal_max) == ("000000010000000000000001", "000000010000000000000007")
    assert [backup.label for backup in stanza.backups] == [FULL, INCREMENT]


def test_reads_every_figure_of_a_set() -> None:
    newest = parse_info(REAL, "lab").newest
    assert newest is not None
    assert newest.facts() == {
        "label": INCREMENT,
        "type": "incr",
        "prior": FULL,
        "started_at": "2026-11-23T01:37:05+00:00",
        "stopped_at": "2026-11-23T01:37:07+00:00",
        "seconds": 2,
        "lsn_start": "0/6000028",
        "lsn_stop": "0/7000050",
        "wal_start": "000000010000000000000006",
        "wal_stop": "000000010000000000000007",
        "database_bytes": 30575473,
        "backup_bytes": 794890,
        "repository_bytes": 100288,
        "checksum_errors": False,
        "database_id": "15-1",
    }


def test_a_full_set_builds_on_none_and_may_say_nothing_of_checksums() -> None:
    entry = json.loads(REAL)[0]["backup"][0]
    del entry["error"]
    (backup,) = parse_info(changed(backup=[entry]), "lab").backups
    assert (backup.type, backup.prior, backup.checksum_errors) == ("full", None, None)


@pytest.mark.parametrize(
    ("text", "exists", "status"),
    [
        (REAL, True, 0),
        (with_status(2, "no valid backups"), True, 2),
        (ABSENT, False, 1),
        (with_status(3, "missing stanza data"), False, 3),
        (ABSENT.replace('"lab"', '"other_site"'), False, 1),
        ("[]", False, 1),
    ],
)
def test_tells_whether_the_stanza_exists(text: str, exists: bool, status: int) -> None:
    stanza = parse_info(text, "lab")
    assert (stanza.exists, stanza.status) == (exists, status)


def test_names_the_folder_of_the_databases_wal() -> None:
    assert parse_info(REAL, "lab").database_id == "15-1"
    assert parse_info(ABSENT, "lab").database_id is None
    databases = [{"id": 1, "system-id": 11, "version": "15"}, {"id": 2, "system-id": 22, "version": "17"}]
    assert parse_info(changed(db=databases, archive=[]), "lab").database_id == "17-2", "before its first WAL too"


@pytest.mark.parametrize("text", [ABSENT, "[]"])
def test_nothing_there_is_nothing_there(text: str) -> None:
    assert parse_info(text, "lab") == Stanza("lab", 1, "missing stanza path", None, None, None, ())
    assert parse_info(text, "lab").newest is None


def test_wal_is_that_of_the_newest_database_after_a_major_upgrade() -> None:
    old, new = {"min": "A1", "max": "A9"}, {"min": "B1", "max": "B2"}
    databases = [{"id": 1, "system-id": 11, "version": "15"}, {"id": 2, "system-id": 22, "version": "17"}]
    archives = [{"database": {"id": 1}, "id": "15-1", **old}, {"database": {"id": 2}, "id": "17-2", **new}]
    stanza = parse_info(changed(db=databases, archive=archives), "lab")
    assert (stanza.system_id, stanza.wal_min, stanza.wal_max) == (22, "B1", "B2")
    assert parse_info(changed(db=databases, archive=archives[:1]), "lab").wal_max is None


def test_its_own_stanza_is_found_among_others() -> None:
    both = json.loads(ABSENT.replace('"lab"', '"other_site"')) + json.loads(REAL)
    assert parse_info(json.dumps(both), "lab").system_id == 7711173079095454119


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            OTHER % NOISE,
            "^the repository of lab cannot be read: the passphrase does not open this repository; give the ",
        ),
        (
            OTHER % "[CryptoError] unable to load info file 'x' or 'x.copy':\\nCryptoError: unable to flush",
            "the passphrase does not open this repository",
        ),
        (OTHER % NOT_READABLE, r"^the repository of lab cannot be read: other \[PathOpenError\] .*Permission denied$"),
        # info.c: MIXED, PG_MISMATCH, BACKUP_MISSING
        (with_status(4, "different across repos"), "cannot be read: different across repos"),
        (with_status(5, "database mismatch across repos"), "cannot be read: database mismatch across repos"),
        (with_status(6, "requested backup not found"), "cannot be read: requested backup not found"),
        ("", "^pgbackrest info printed no JSON"),
        ("WARN: x\n[]", "^pgbackrest info printed no JSON .*WARN: x"),
    ],
)
def test_refuses_a_repository_that_cannot_be_read(text: str, said: str) -> None:
    with pytest.raises(BackupError, match=said) as caught:
        parse_info(text, "lab")
    assert "\x14" not in str(caught.value)


def test_a_path_that_may_not_be_read_is_not_blamed_on_the_passphrase() -> None:
    with pytest.raises(BackupError) as caught:
        parse_info(OTHER % NOT_READABLE, "lab")
    assert "passphrase" not in str(caught.value)


# --- commands ---


def test_runs_as_its_user_on_its_stanza_with_errors_on_the_console(runner: Any) -> None:
    runner.on("info", out=REAL)
    assert engine(runner).info().newest.label == INCREMENT  # type: ignore[union-attr]
    assert runner.calls == [["pgbackrest", "--stanza=lab", "--log-level-console=warn", "info", "--output=json"]]
    assert runner.options == [{"user": "pgbackrest", "environment": None}]


def test_a_passphrase_to_try_goes_by_environment_and_shuts_the_configuration_out(runner: Any) -> None:
    runner.on("info", out=REAL)
    secrets = {"PGBACKREST_REPO1_CIPHER_PASS": "geheim"}
    engine(runner).info(secrets)
    assert "--no-config" in runner.calls[0]
    assert "geheim" not in " ".join(runner.calls[0])
    assert runner.options[0]["environment"] == secrets


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
    secrets = {"PGBACKREST_REPO1_CIPHER_PASS": "geheim"}
    engine(runner).archive("15-1", secrets)
    assert all("--no-config" in argv for argv in runner.calls)
    assert [options["environment"] for options in runner.options] == [secrets, secrets]


def test_creates_and_checks(runner: Any) -> None:
    runner.on("pgbackrest")
    engine(runner).create_stanza()
    engine(runner).check()
    assert [argv[-1] for argv in runner.calls] == ["stanza-create", "check"]


@pytest.mark.parametrize("kind", ["full", "diff", "incr"])
def test_a_backup_is_the_set_that_the_repository_holds_afterwards(runner: Any, kind: str) -> None:
    runner.on("info", out=[without(INCREMENT), REAL]).on("backup")
    assert engine(runner).backup(kind).label == INCREMENT
    assert [argv[3:] for argv in runner.asked("backup")] == [[f"--type={kind}", "backup"]]


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


MANIFEST = """[backup]
backup-label="20261123-013700F"

[target:file]
pg_data/PG_VERSION={"checksum":"ad552e6dc057d1d825bf49df79d6b98eba846ebe","repo-size":32,"size":3,"timestamp":1}
pg_data/base/5/1259={"checksum-page":true,"size":8192}
pg_data/base/5/16385={"checksum-page":false,"checksum-page-error":[7,[9,12]],"repo-size":4096,"size":16384}
pg_data/base/5/16385.1={"checksum-page":false,"repo-size":4096,"size":100}
"""


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
