"""Who could write: asked of a real server where this machine has one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.database_writers import Writer, gone, words, writers
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_server import Server, ServerError
from local_postgresql import LocalPostgresql, running, why_not

real = pytest.mark.skipif(bool(why_not()), reason=why_not())
SCHEMA = """
CREATE ROLE app LOGIN; CREATE ROLE reader LOGIN; CREATE ROLE gateway LOGIN;
CREATE TABLE public.trauma_case (id int); GRANT SELECT ON public.trauma_case TO reader, app;
GRANT INSERT ON public.trauma_case TO app, gateway;
"""


@pytest.fixture(scope="module")
def local() -> Iterator[LocalPostgresql]:
    """Give a server with a table that two roles may write, and one only read."""
    with running() as server:
        server.sql("postgres", "CREATE DATABASE trauma")
        server.sql("trauma", SCHEMA)
        server.sql("postgres", "CREATE DATABASE billing")
        server.sql("billing", "CREATE TABLE public.bill (id int); GRANT INSERT ON public.bill TO gateway")
        yield server


@contextmanager
def connected(server: LocalPostgresql, role: str, database: str = "trauma") -> Iterator[None]:
    """Keep a session open that does nothing."""
    argv = ["psql", "-XAtq", "-h", str(server.folder), "-U", role, "-d", database]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("SELECT 'there';\n")
        process.stdin.flush()
        assert process.stdout.readline() == "there\n"
        yield
        process.stdin.close()


@real
def test_counts_sessions_by_what_their_role_may_do(local: LocalPostgresql) -> None:
    server = Server(run, socket_directory=str(local.folder))
    assert writers(server) == []
    with connected(local, "app"), connected(local, "reader"), connected(local, "gateway"):
        assert {each.role for each in writers(server)} == {"app", "gateway"}
        assert [each.role for each in writers(server, ["app"])] == ["gateway"]
        assert [each.role for each in gone(server, ["app"], 0.0)] == ["gateway"]
    with connected(local, "app", "postgres"):
        assert gone(server, [], 20.0) == [], "nothing is there to write"
    with connected(local, "gateway", "billing"):
        assert [(each.database, each.role) for each in writers(server)] == [("billing", "gateway")], (
            "it comes back with the rest"
        )
    with connected(local, "postgres"):
        assert [each.role for each in writers(server)] == ["postgres"], "a superuser may write everything"


def test_asks_each_database_itself_and_never_for_a_query(runner: Any) -> None:
    rows = "4711\x1fgateway\x1flis\x1fidle\n0\x1fapp\x1fprepared transaction\x1fwaits\n"
    runner.on("psql", out=["billing\ntrauma\n", "", rows])
    assert writers(Server(runner)) == [
        Writer("trauma", 4711, "gateway", "lis", "idle"),
        Writer("trauma", 0, "app", "prepared transaction", "waits"),
    ]
    assert [argv[argv.index("-d") + 1] for argv in runner.calls] == ["postgres", "billing", "trauma"]
    assert not any("a.query" in argv[-1] for argv in runner.calls)


def test_waits_until_they_have_gone_and_no_longer(runner: Any) -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    there = "4711\x1fapp\x1fweb\x1fidle\n"
    named = "trauma\n"
    runner.on("psql", out=[named, there, named, there, named, "", named, ""])
    assert gone(Server(runner), [], 30, clock=lambda: now[0], sleep=sleep) == []
    assert now[0] == 1.0
    runner.on("psql", out=[named, there] * 70)
    assert len(gone(Server(runner), [], 30, clock=lambda: now[0], sleep=sleep)) == 1
    assert now[0] >= 31


def test_says_who_is_left_and_what_to_do() -> None:
    said = words(
        [Writer("trauma", 4711, "gateway", "", "idle"), Writer("bills", 0, "app", "prepared transaction", "waits")]
    )
    assert (
        "without a name (process 4711, role gateway, database trauma), prepared transaction (role app, database bills)"
        in said
    )
    assert "Stop what runs there" in said
    assert words([]) == ""


def test_a_server_that_is_away_is_no_quiet_one(runner: Any) -> None:
    runner.on("psql", status=2, err="no server")
    with pytest.raises(ServerError, match="no server"):
        gone(Server(runner), [], 0)
