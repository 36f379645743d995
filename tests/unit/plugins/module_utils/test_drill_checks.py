"""What a drill looks at: each check finds what is wrong, says how much it looked at, and believes no exit status."""

from __future__ import annotations

import os
import pwd
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.backup_proof import Canary, Content, Proof, Table
from ansible_collections.traumalink.ops.plugins.module_utils.drill_checks import (
    Found,
    after_replay,
    checked,
    checksums,
    compare,
    replayed,
)
from ansible_collections.traumalink.ops.plugins.module_utils.drill_fetch import Fetching
from ansible_collections.traumalink.ops.plugins.module_utils.drill_result import Check
from ansible_collections.traumalink.ops.plugins.module_utils.drill_scratch import Scratch
from ansible_collections.traumalink.ops.plugins.module_utils.drill_server import ScratchServer
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError

ME = pwd.getpwuid(os.geteuid()).pw_name
AT = datetime(2026, 11, 25, 3, 30, tzinfo=UTC)
PROOF = Proof("A", "full", AT, 1, Canary(7, "0/8000100"), Canary(9, "0/8000900"), (), 700, 1, "5", "6", "8", 1, 1)
HISTORY = "1\t0/{}\tno recovery target specified\n"
LAST = "000000010000000000000009"


@pytest.fixture
def server(reachable: Path, runner: Any) -> ScratchServer:
    """Give a server with the databases postgres and trauma, of which everything is as it should be."""
    scratch = Scratch(reachable, ME)
    scratch.prepare()
    made = ScratchServer(runner, scratch, "15", Fetching(scratch.server, ME, ["get"]))
    runner.on("psql").on(
        "-c", "SELECT datname FROM pg_database WHERE datallowconn ORDER BY datname", out="postgres\ntrauma\n"
    )
    runner.on("traumalink_canary", out="7\n8\n9\n")
    runner.on(
        made.program("pg_amcheck"),
        err='pg_amcheck: checking heap table "trauma.a"\npg_amcheck: checking btree index "trauma.i"\n',
    )
    runner.on(made.program("pg_dump"), err='pg_dump: dumping contents of table "trauma.a"\n')
    runner.on(made.program("pg_controldata"), out="Data page checksum version:  1\n")
    runner.on(
        made.program("pg_checksums"),
        out="Files scanned:   900\nBlocks scanned:  9231\nBad checksums:  0\nData checksum version: 1\n",
    )
    return made


def checks(server: ScratchServer, proof: Proof | None = PROOF) -> dict[str, Check]:
    return {name: checked(name, make) for name, make in after_replay(server, proof)}


def test_a_database_that_is_as_it_should_be_passes_all(server: ScratchServer) -> None:
    found = checks(server)
    assert list(found) == ["canaries", "amcheck", "dump", "extensions", "collations"]
    assert [check.detail for check in found.values() if not check.ok] == []
    assert found["amcheck"].detail == "4 tables and indexes in 2 databases"
    assert found["dump"].detail == "2 databases, 2 tables"
    assert "canaries" not in checks(server, None)


def test_a_committed_row_that_is_not_there_is_named(server: ScratchServer, runner: Any) -> None:
    runner.on("traumalink_canary", out="7\n8\n")
    assert checks(server)["canaries"] == Check(
        "canaries", False, "the row committed after the backup (id 9, 0/8000900) is not there"
    )


def test_a_broken_index_is_named_with_its_database(server: ScratchServer, runner: Any) -> None:
    said = 'btree index "postgres.public.i":\n    ERROR:  heap tuple (0,1) from table "a" lacks matching index tuple within index "i"\n'
    runner.on(
        server.program("pg_amcheck"), status=2, out=said, err='pg_amcheck: checking btree index "postgres.public.i"\n'
    )
    found = checks(server)["amcheck"]
    assert not found.ok
    assert found.detail.startswith(
        'database postgres: btree index "postgres.public.i":; ERROR: heap tuple (0,1) from table "a" lacks'
    )
    assert checks(server)["dump"].ok, "the other checks are made all the same"


def test_a_tool_that_looked_at_nothing_proves_nothing(server: ScratchServer, runner: Any) -> None:
    runner.on(server.program("pg_amcheck"))
    assert checks(server)["amcheck"].detail == "pg_amcheck ended without an error and looked at nothing"


def test_every_row_is_checked_against_its_indexes_in_every_database(server: ScratchServer, runner: Any) -> None:
    checks(server)
    asked = [
        options["environment"]["PGDATABASE"]
        for argv, options in zip(runner.calls, runner.options, strict=True)
        if "--heapallindexed" in argv
    ]
    assert asked == ["postgres", "trauma"]


def test_a_table_that_cannot_be_read_fails_the_dump(server: ScratchServer, runner: Any) -> None:
    said = 'pg_dump: dumping contents of table "a"\npg_dump: error: Dumping the contents of table "a" failed: PQgetResult() failed.\n'
    runner.on(server.program("pg_dump"), status=1, err=said)
    assert checks(server)["dump"].detail.startswith(
        'database postgres: pg_dump: error: Dumping the contents of table "a" failed'
    )


def test_what_is_not_installed_here_is_named(server: ScratchServer, runner: Any) -> None:
    (statement,) = {argv[-1] for argv in psql_of(server, runner, "extensions") if "pg_extension" in argv[-1]}
    runner.on("psql", "trauma", statement, out="postgis\x1f3.3.2\n")
    server.not_loaded = ["pg_cron"]
    assert checks(server)["extensions"].detail == (
        "database trauma uses extension postgis 3.3.2, which is not installed here; production loads pg_cron, which is not installed here"
    )


def test_another_sorting_of_texts_is_a_fault(server: ScratchServer, runner: Any) -> None:
    statements = {argv[-1] for argv in psql_of(server, runner, "collations") if "version" in argv[-1]}
    (databases,) = (each for each in statements if "datcollversion" in each)
    (collations,) = statements - {databases}
    runner.on("psql", databases, out="trauma\x1f2.36\x1f2.41\n").on(
        "psql", "trauma", collations, out="zh-x-icu\x1f153.120\x1f\n"
    )
    assert checks(server)["collations"].detail == (
        "database trauma was sorted by version 2.36, here it is 2.41 (ops must run the Debian release of the database's host); "
        "database trauma: collation zh-x-icu was of version 153.120, here it is unknown"
    )


def psql_of(server: ScratchServer, runner: Any, name: str) -> list[list[str]]:
    """Return the questions of one check."""
    made = dict(after_replay(server, PROOF))
    known = len(runner.calls)
    made[name]()
    found: list[list[str]] = runner.calls[known:]
    return found


def test_content_is_compared_table_by_table(server: ScratchServer, runner: Any) -> None:
    content = Content(
        "trauma", "0/8007DD8", {"public.a": Table(2, "11"), "public.big": Table(5, "3", 12.5)}, {}, ("public.locked",)
    )
    runner.on("psql", "trauma", out="2\x1f11\n")
    assert checked("content", lambda: compare(server, content)).detail.startswith(
        "table public.big of trauma has 2 rows with the sum 11, not 5 with 3"
    )
    same = Content(
        "trauma", "0/8007DD8", {"public.a": Table(2, "11"), "public.big": Table(2, "11", 12.5)}, {}, ("public.locked",)
    )
    assert compare(server, same) == Found(
        (), "2 tables and 0 sequences of trauma, 4 rows, 1 large tables in part, 1 tables left out"
    )


def test_sees_that_replay_reached_the_last_segment(server: ScratchServer) -> None:
    wal = server.scratch.data / "pg_wal"
    wal.mkdir()
    with pytest.raises(OpsError, match="nobody can say how far it replayed"):
        replayed(server, LAST)
    (wal / "00000002.history").write_text(HISTORY.format("9000100"))
    assert replayed(server, LAST) == Found((), f"to 0/9000100, in segment {LAST}")
    # A damaged segment looks like the end of the WAL.
    (wal / "00000003.history").write_text("1\t0/7000000\tx\n\n2\t0/800CFE0\tx\n")
    assert checked("replay", lambda: replayed(server, LAST)).detail.startswith(
        f"WAL was replayed to 0/800CFE0 only, but the archive goes on to segment {LAST}: "
    )


@pytest.mark.parametrize(
    ("status", "output", "words"),
    [
        (
            1,
            'pg_checksums: error: checksum verification failed in file "base/5/1259", block 3\nBlocks scanned:  10\nBad checksums:  1\n',
            "base/5/1259",
        ),
        (0, "Blocks scanned:  10\nBad checksums:  1\n", "Bad checksums: 1"),
        (0, "", "ended with status 0"),
    ],
    ids=["bad", "bad with a good status", "silent"],
)
def test_a_page_with_a_wrong_checksum_is_a_fault(
    server: ScratchServer, runner: Any, status: int, output: str, words: str
) -> None:
    runner.on(server.program("pg_checksums"), status=status, out=output)
    found = checked("checksums", lambda: checksums(server))
    assert not found.ok
    assert words in found.detail


def test_page_checksums_are_checked_where_there_are_any(server: ScratchServer, runner: Any) -> None:
    assert checksums(server).looked_at == "9231 pages"
    runner.on(server.program("pg_controldata"), out="Data page checksum version:  0\n")
    known = len(runner.asked(server.program("pg_checksums")))
    assert checksums(server) == Found((), "the database was made without page checksums: nothing to compare")
    assert len(runner.asked(server.program("pg_checksums"))) == known


def test_many_faults_are_counted_on_one_line() -> None:
    found = checked("dump", lambda: Found(tuple(f"fault\n{number}" for number in range(5)), ""))
    assert found == Check("dump", False, "fault 0; fault 1; fault 2; and 2 more")
