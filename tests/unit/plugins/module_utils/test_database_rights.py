"""Roles, databases and privileges of a real server, against what is wanted of them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from typing import Any

import local_postgresql
import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.command import Completed
from ansible_collections.traumalink.ops.plugins.module_utils.database_rights import (
    DatabaseWanted,
    Privilege,
    RoleWanted,
    has_password,
    read_rights,
)
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_server import Server

FLAGS = "LOGIN,NOSUPERUSER,NOCREATEDB,NOCREATEROLE"
WANTED: dict[str, Any] = {
    "roles": [RoleWanted("owner", FLAGS, "a b'c$d"), RoleWanted("backup", FLAGS), RoleWanted("app", FLAGS, connections=7)],
    "databases": [DatabaseWanted("trauma", "owner")],
    "extensions": ["plpgsql"],
    "privileges": [
        Privilege("postgres", "database", "trauma", "app,backup", "CONNECT"),
        Privilege("postgres", "function", "pg_backup_start(text:boolean),pg_switch_wal()", "backup", "EXECUTE", "pg_catalog"),
        Privilege("postgres", "group", "pg_read_all_settings,pg_checkpoint", "backup"),
    ],
}  # fmt: skip
MADE = """
CREATE ROLE owner LOGIN PASSWORD 'a b''c$d';
CREATE ROLE backup LOGIN;
CREATE ROLE app LOGIN CONNECTION LIMIT 7;
CREATE DATABASE trauma OWNER owner;
REVOKE CONNECT, TEMPORARY ON DATABASE trauma FROM PUBLIC;
GRANT CONNECT ON DATABASE trauma TO app, backup;
GRANT EXECUTE ON FUNCTION pg_backup_start(text, boolean), pg_switch_wal() TO backup;
GRANT pg_read_all_settings, pg_checkpoint TO backup;
"""


@pytest.fixture(scope="module")
def server() -> Iterator[local_postgresql.LocalPostgresql]:
    """Give a server on which everything is as it is wanted."""
    if reason := local_postgresql.why_not():
        pytest.skip(reason)
    with local_postgresql.running() as made:
        made.sql("postgres", MADE)
        yield made


def amiss(server: local_postgresql.LocalPostgresql, **changes: Any) -> list[str]:
    """Return what the look at the server finds."""

    def runner(argv: Sequence[str], **_options: Any) -> Completed:
        done = subprocess.run([*argv, "-U", "postgres"], capture_output=True, text=True, check=False)
        return Completed(tuple(argv), done.returncode, done.stdout, done.stderr)

    rights = read_rights(Server(runner, socket_directory=str(server.folder)))
    return list(rights.amiss(**{**WANTED, **changes}))


def test_nothing_is_amiss_where_all_is_as_wanted(server: local_postgresql.LocalPostgresql) -> None:
    assert amiss(server) == []


@pytest.mark.parametrize(
    ("spoil", "mend", "words"),
    [
        ("ALTER ROLE app SUPERUSER", "ALTER ROLE app NOSUPERUSER", ["app is not NOSUPERUSER"]),
        ("ALTER ROLE app NOLOGIN", "ALTER ROLE app LOGIN", ["app is not LOGIN"]),
        ("ALTER ROLE app CONNECTION LIMIT -1", "ALTER ROLE app CONNECTION LIMIT 7", ["app may have -1 connections"]),
        ("ALTER ROLE owner PASSWORD 'other'", "ALTER ROLE owner PASSWORD 'a b''c$d'", ["owner has another password"]),
        ("ALTER ROLE owner PASSWORD NULL", "ALTER ROLE owner PASSWORD 'a b''c$d'", ["owner has another password"]),
        ("ALTER ROLE app RENAME TO other", "ALTER ROLE other RENAME TO app",
         ["there is no role app", "app has no CONNECT on database trauma"]),
        ("ALTER DATABASE trauma OWNER TO postgres", "ALTER DATABASE trauma OWNER TO owner", ["trauma does not belong to owner"]),
        ("GRANT CONNECT ON DATABASE trauma TO PUBLIC", "REVOKE CONNECT ON DATABASE trauma FROM PUBLIC",
         ["everybody has CONNECT on trauma"]),
        ("REVOKE CONNECT ON DATABASE trauma FROM app", "GRANT CONNECT ON DATABASE trauma TO app",
         ["app has no CONNECT on database trauma"]),
        ("REVOKE EXECUTE ON FUNCTION pg_switch_wal() FROM backup", "GRANT EXECUTE ON FUNCTION pg_switch_wal() TO backup",
         ["backup has no EXECUTE on function pg_catalog.pg_switch_wal()"]),
        ("REVOKE pg_checkpoint FROM backup", "GRANT pg_checkpoint TO backup",
         ["backup has no MEMBER on group pg_checkpoint"]),
    ],
)  # fmt: skip
def test_what_is_amiss_is_named(
    server: local_postgresql.LocalPostgresql, spoil: str, mend: str, words: list[str]
) -> None:
    server.sql("postgres", spoil)
    try:
        assert amiss(server) == words
    finally:
        server.sql("postgres", mend)
    assert amiss(server) == []


def test_a_database_that_everybody_enters_by_default_is_told(server: local_postgresql.LocalPostgresql) -> None:
    server.sql("postgres", "CREATE DATABASE fresh OWNER owner")
    found = amiss(server, databases=[DatabaseWanted("fresh", "owner"), DatabaseWanted("none", "owner")])
    assert found == [
        "everybody has CONNECT on fresh", "everybody has TEMPORARY on fresh", "none does not belong to owner",
    ]  # fmt: skip


def test_what_is_lacking_is_told_and_what_cannot_be_judged_counts_as_lacking(
    server: local_postgresql.LocalPostgresql,
) -> None:
    table = Privilege("trauma", "table", "cases", "app", "SELECT", "trauma")
    elsewhere = Privilege("trauma", "function", "f()", "app", "EXECUTE", "public")
    everything = Privilege("postgres", "database", "trauma", "app", "ALL")
    assert amiss(server, extensions=["pg_stat_statements"], privileges=[table, elsewhere, everything]) == [
        "postgres has no extension pg_stat_statements",
        "privileges on table cases are not judged here",
        "privileges on function f() are not judged here",
        "privileges on database trauma are not judged here",
    ]
    assert amiss(server, roles=[RoleWanted("app", "LOGIN,NOSUCH")]) == ["app is not NOSUCH"]


@pytest.mark.parametrize(
    ("verifier", "password"),
    [("", "x"), ("md5d41d8cd98f00b204e9800998ecf8427e", "x"), ("SCRAM-SHA-256$4096:c2FsdA==$eA==:eA==", "x"),
     ("SCRAM-SHA-256$4096:c2FsdA==$eA==:eA==", "密码")],
)  # fmt: skip
def test_a_password_that_cannot_be_compared_counts_as_another(verifier: str, password: str) -> None:
    assert not has_password(verifier, password)
