"""What pgBackRest's `info` says, as typed values. The texts are real ones."""

from __future__ import annotations

import json

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest_failure import BackupError
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest_sets import (
    DamagedFile,
    Stanza,
    parse_damage,
    parse_databases,
    parse_info,
    parse_tablespaces,
)
from info_samples import (
    ABSENT,
    FULL,
    INCREMENT,
    MANIFEST,
    MANIFEST_WITH_TABLESPACE,
    NOISE,
    NOT_READABLE,
    OTHER,
    REAL,
    changed,
    with_status,
)


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


def test_what_a_second_repository_holds_is_not_taken_for_the_first_ones() -> None:
    real = json.loads(REAL)[0]
    second = [
        {**entry, "database": {"id": 1, "repo-key": 2}, "label": f"2{entry['label'][1:]}X"} for entry in real["backup"]
    ]
    archives = [*real["archive"], {"database": {"id": 1, "repo-key": 2}, "id": "15-1", "min": "A", "max": "Z"}]
    away = {"cipher": "none", "key": 2, "status": {"code": 99, "message": "[HostConnectError] unable to connect"}}
    text = changed(
        backup=[*real["backup"], *second], archive=archives, repo=[*real["repo"], away], status={"code": 4, "message": "mixed"},
        db=[*real["db"], {"id": 1, "repo-key": 2, "system-id": 5, "version": "15"}],
    )  # fmt: skip
    assert parse_info(text, "lab") == parse_info(REAL, "lab")
    with pytest.raises(BackupError, match="unable to connect"):
        parse_info(text, "lab", 2)
    there = parse_info(text.replace('"code": 99', '"code": 0'), "lab", 2)
    assert [backup.label for backup in there.backups] == [entry["label"] for entry in second]
    assert (there.system_id, there.wal_max) == (5, "Z")


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


def test_damaged_files_are_those_that_the_manifest_names() -> None:
    assert list(parse_damage(MANIFEST)) == [
        DamagedFile("base/5/16385", ((7, 7), (9, 12))),
        DamagedFile("base/5/16385.1", ()),
    ]
    assert list(parse_damage("")) == []


def test_a_manifest_lists_the_databases() -> None:
    manifest = (
        '[backup:db]\ndb-id=1\n[db]\npostgres={"db-id":5,"db-last-system-id":16383}\na={"db-id"b={"db-id":16384}\n创伤={"db-id":16385}\n'
        '[target:file]\npg_data/x={"db-id":1}\n'
    )
    assert list(parse_databases(manifest)) == ["postgres", 'a={"db-id"b', "创伤"]


def test_a_manifest_says_what_comes_back_to_each_tablespace() -> None:
    assert parse_tablespaces(MANIFEST_WITH_TABLESPACE) == {"/srv/other": 24576}
    assert parse_tablespaces(MANIFEST) == {}


def test_a_manifest_says_where_tablespaces_lie() -> None:
    manifest = (
        '[backup:target]\npg_data={"path":"/data","type":"path"}\npg_tblspc/16400={"path":"/srv/it\'s 表","tablespace-id":"16400","type":"link"}\n'
        'pg_wal={"path":"/wal","type":"link"}\n[target:file]\npg_tblspc/164001/PG_15/5/1={"size":7}\n'
        '[target:link]\npg_tblspc/16401={"destination":"/no"}\n'
    )
    assert parse_tablespaces(manifest) == {"/srv/it's 表": 0}, "it is empty"
