"""Asking a PostgreSQL server on its own host."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.command import CommandError
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_server import (
    Server,
    ServerError,
    startup_process,
    wait_for,
)


def test_asks_as_the_system_user_over_the_socket_without_a_password(runner: Any) -> None:
    runner.on("psql", out="1\n")
    Server(runner, 5433, "/run/pg").query("SELECT 1", database="trauma")
    argv, options = runner.calls[0], runner.options[0]
    assert (options["user"], options["timeout_seconds"]) == ("postgres", 30.0)
    for pair in (["-h", "/run/pg"], ["-p", "5433"], ["-d", "trauma"], ["-c", "SELECT 1"], ["-v", "ON_ERROR_STOP=1"]):
        position = argv.index(pair[0])
        assert argv[position : position + 2] == pair
    assert "--no-password" in argv
    assert argv[1].startswith("-X")


def test_what_is_set_for_a_role_or_a_database_does_not_hold_for_its_sessions(runner: Any) -> None:
    runner.on("psql", out="1\n")
    Server(runner).query("SELECT 1")
    environment = runner.options[0]["environment"]
    assert environment["PGCLIENTENCODING"] == "UTF8"
    for words in (
        "-c statement_timeout=0",
        "-c lock_timeout=0",
        "-c idle_session_timeout=0",
        "-c default_transaction_read_only=off",
        "-c search_path=pg_catalog",
        "-c default_transaction_isolation=read\\ committed",
    ):
        assert words in environment["PGOPTIONS"]
    Server(runner, options="-c a=b").query("SELECT 1")
    assert runner.options[1]["environment"]["PGOPTIONS"] == "-c a=b"


def test_returns_rows_and_fields_even_with_bars_and_blanks_in_them(runner: Any) -> None:
    runner.on("psql", out="a|b\x1fc d\n\x1fe\n")
    assert Server(runner).query("SELECT") == [["a|b", "c d"], ["", "e"]]
    assert Server(runner).value("SELECT") == "a|b"
    argv = runner.calls[0]
    assert argv[argv.index("-F") + 1] == "\x1f"


def test_an_empty_answer_has_no_rows(runner: Any) -> None:
    runner.on("psql", out="")
    assert Server(runner).restart_pending() == []


def test_names_port_and_reason_of_a_refused_statement(runner: Any) -> None:
    runner.on("psql", err="ERROR:  relation does not exist\n", status=1)
    with pytest.raises(ServerError, match=r"^PostgreSQL on port 5432: ERROR:  relation does not exist$"):
        Server(runner).query("SELECT")


def test_names_port_and_reason_where_psql_hangs_or_is_missing(runner: Any) -> None:
    runner.on("psql", error=CommandError("psql did not end within 30 s and was stopped"))
    with pytest.raises(ServerError, match="PostgreSQL on port 5432 cannot be asked: psql did not end within 30 s"):
        Server(runner).query("SELECT")


def test_answers_quickly_or_not_at_all(runner: Any) -> None:
    runner.on("psql", out="1\n")
    assert Server(runner).answers() is True
    assert runner.options[0]["timeout_seconds"] == 5.0
    runner.on("psql", err="could not connect", status=2)
    assert Server(runner).answers() is False


@pytest.mark.parametrize(("said", "recovering"), [("t\n", True), ("f\n", False)])
def test_tells_a_recovery(runner: Any, said: str, recovering: bool) -> None:
    runner.on("SELECT pg_is_in_recovery()", out=said)
    assert Server(runner).in_recovery() is recovering


@pytest.mark.parametrize(
    ("answer", "role"),
    [
        ({"out": "\n"}, ("standby", 0)),
        ({"out": "0000001F\n"}, ("primary", 31)),
        ({"status": 2, "err": "no server"}, ("down", 0)),
    ],
)
def test_names_the_role_and_the_timeline_of_a_primary(
    runner: Any, answer: dict[str, Any], role: tuple[str, int]
) -> None:
    runner.on("psql", **answer)
    assert Server(runner).role_and_timeline() == role


def test_lists_what_waits_for_a_restart_and_when_it_loaded(runner: Any) -> None:
    runner.on("SELECT name FROM pg_settings WHERE pending_restart ORDER BY name", out="archive_mode\nshared_buffers\n")
    runner.on("SELECT extract(epoch FROM pg_conf_load_time())", out="1795397820.25\n")
    assert Server(runner).restart_pending() == ["archive_mode", "shared_buffers"]
    assert Server(runner).loaded_at() == 1795397820.25


@pytest.mark.parametrize(
    ("holds_at", "timeout", "held", "slept"),
    [(0, 10, True, 0), (3, 10, True, 3), (10, 10, True, 10), (11, 10, False, 10), (99, 0, False, 0)],
)
def test_waits_until_it_holds_or_time_is_up(holds_at: int, timeout: int, held: bool, slept: int) -> None:
    now = [100.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    result = wait_for(
        lambda: now[0] >= 100 + holds_at, timeout, clock=lambda: now[0], sleep=sleep, interval_seconds=1.0
    )
    assert (result, now[0] - 100) == (held, slept)


@pytest.mark.parametrize(
    ("title", "parent", "found"),
    [
        (b"postgres: 15/main: startup recovering 000000010000000000000007\0", 40, 41),
        (b"postgres: startup\0", 40, 41),
        (b"postgres: 15/main: startup recovering 000000010000000000000007\0", 39, None),  # another server's
        (b"postgres: 15/main: app trauma [local] startup\0", 40, None),  # a client that is let in
        (b"postgres: 15/main: checkpointer \0", 40, None),
    ],
)
def test_finds_the_process_that_replays(tmp_path: Path, title: bytes, parent: int, found: int | None) -> None:
    (tmp_path / "postmaster.pid").write_text(f"40\n{tmp_path}\n")
    (tmp_path / "proc" / "41").mkdir(parents=True)
    (tmp_path / "proc" / "42").mkdir()  # has ended meanwhile
    (tmp_path / "proc" / "41" / "cmdline").write_bytes(title)
    (tmp_path / "proc" / "41" / "stat").write_text(f"41 (postgres (x) y) S {parent} 41 41 0")
    assert startup_process(tmp_path, tmp_path / "proc") == found


@pytest.mark.parametrize("content", [None, ""])
def test_where_no_server_runs_nothing_replays(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "postmaster.pid").write_text(content)
    assert startup_process(tmp_path) is None


@pytest.mark.parametrize(("state", "paused"), [("paused\n", True), ("pause requested\n", False), ("\n", False)])
def test_tells_a_replay_that_is_paused(runner: Any, state: str, paused: bool) -> None:
    runner.on("psql", out=state)
    assert Server(runner).replay_paused() is paused
    assert "pg_get_wal_replay_pause_state()" in runner.calls[0][-1]


def test_counts_prepared_transactions(runner: Any) -> None:
    runner.on("SELECT count(*) FROM pg_prepared_xacts", out="3\n")
    assert Server(runner).prepared_transactions() == 3


def test_a_reload_wakes_whoever_watches_the_archive_timeout(runner: Any) -> None:
    runner.on("SELECT pg_reload_conf()", out="t\n")
    Server(runner).heed_archive_timeout()
    assert len(runner.calls) == 1
