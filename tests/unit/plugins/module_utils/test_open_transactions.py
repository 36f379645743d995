"""Transactions in the way of a migration."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.open_transactions import OpenTransaction, obstacles, words
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_server import Server, ServerError


def test_asks_the_database_for_what_is_older_and_never_for_a_query(runner: Any) -> None:
    runner.on(
        "psql", out="4711\x1f95\x1fpg_dump\x1factive\n0\x1f31\x1fprepared transaction\x1fwaits for its second phase\n"
    )
    found = obstacles(Server(runner), "trauma", 30)
    assert found == [
        OpenTransaction(4711, 95, "pg_dump", "active"),
        OpenTransaction(0, 31, "prepared transaction", "waits for its second phase"),
    ]
    (argv,) = runner.calls
    assert argv[argv.index("-d") + 1] == "trauma"
    assert "interval '30.0 seconds'" in argv[-1]
    selected = argv[-1].split("FROM (", 1)[0]
    assert "query" not in selected


def test_says_who_is_in_the_way_and_what_to_do(runner: Any) -> None:
    said = words(
        [OpenTransaction(4711, 95, "", "idle in transaction"), OpenTransaction(0, 31, "prepared transaction", "waits")],
        "trauma",
    )
    assert "in database trauma" in said
    assert (
        "without a name (process 4711, idle in transaction) for 95 s, prepared transaction (waits) for 31 s. Wait until they have ended"
        in said
    )
    assert words([], "trauma") == ""


def test_a_server_that_is_away_is_no_free_way(runner: Any) -> None:
    runner.on("psql", status=2, err="no server")
    with pytest.raises(ServerError, match="no server"):
        obstacles(Server(runner), "trauma", 30)
