"""One database or one table of a scratch server: found as SQL finds it, and dumped so that it can be loaded without the rest."""

from __future__ import annotations

import json
import os
import pwd
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import copy_source
from ansible_collections.traumalink.ops.plugins.module_utils.command import Completed
from ansible_collections.traumalink.ops.plugins.module_utils.copy_source import (
    LIKE,
    NAMES,
    SESSION,
    TABLE,
    Part,
    Source,
    SourceError,
    near,
    pattern,
    plain_name,
)
from ansible_collections.traumalink.ops.plugins.module_utils.drill_fetch import Fetching
from ansible_collections.traumalink.ops.plugins.module_utils.drill_scratch import Scratch
from ansible_collections.traumalink.ops.plugins.module_utils.drill_server import ScratchServer

ME = pwd.getpwuid(os.geteuid()).pw_name
DATABASES = "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate"
FOUND = {"encoding": "UTF8", "collate": "C", "ctype": "C", "provider": "c", "locale": None, "bytes": 7}


def source(runner: Any, place: Path, table: str = "", database: str = "trauma") -> Source:
    scratch = Scratch(place, ME)
    server = ScratchServer(runner, scratch, "15", Fetching(scratch.server, ME, ["get"]))
    runner.on(DATABASES, out="postgres\ntrauma\n创伤\n")
    runner.on(LIKE.format(name=f"'{database}'"), out=json.dumps(FOUND) + "\n")
    return Source(server, database, table)


def test_a_database_is_found_with_what_makes_another_like_it(runner: Any, tmp_path: Path) -> None:
    assert source(runner, tmp_path).find() == FOUND


def test_a_database_that_was_not_there_is_refused_with_near_names(runner: Any, tmp_path: Path) -> None:
    with pytest.raises(
        SourceError, match=r"no database 'truama' at that moment; there was: trauma\. Nothing was changed"
    ):
        source(runner, tmp_path, database="truama").find()


@pytest.mark.parametrize("known", [False, True])
def test_a_table_that_is_not_there_is_refused_with_near_names(runner: Any, tmp_path: Path, known: bool) -> None:
    found = source(runner, tmp_path, table="trauma.case'")
    runner.on(SESSION, TABLE.format(name="'trauma.case'''"), status=0 if known else 1, err="invalid name syntax")
    runner.on(copy_source.TABLES.format(which="true"), out="1\x1ftrauma.trauma_case\x1f8192\n")
    with pytest.raises(
        SourceError,
        match=r"had no table \"trauma\.case'\" .*names with capitals or signs in double quotes\); there was: trauma\.trauma_case",
    ):
        found.find()


def test_a_table_comes_with_its_partitions_and_the_definitions_of_all(runner: Any, tmp_path: Path) -> None:
    found = source(runner, tmp_path, table='trauma."Ca""se"')
    runner.on(TABLE.format(name='\'trauma."Ca""se"\''), out='77\x1ftrauma\x1fCa"se\n')
    runner.on(copy_source.BYTES.format(which=copy_source.BELOW.format(oid="77")), out="4096\n")
    assert found.find()["bytes"] == 4096
    runner.on(NAMES.format(which=copy_source.BELOW.format(oid="77")), out='trauma\x1fCa"se\nparts\x1fp*1\n')
    definitions, rows = found.parts()
    assert definitions.options == ("--section=pre-data", "--no-blobs")
    assert rows.options == ("--section=data", "--strict-names", '--table="trauma"."Ca""se"', '--table="parts"."p*1"')


def test_a_database_comes_in_one_dump(runner: Any, tmp_path: Path) -> None:
    assert [part.options for part in source(runner, tmp_path).parts()] == [()]


def test_rows_and_sums_are_those_of_its_tables(runner: Any, tmp_path: Path) -> None:
    found = source(runner, tmp_path)
    runner.on(copy_source.TABLES.format(which="true"), out="1\x1fpublic.a\x1f8192\n2\x1fpublic.b\x1f8192\n")
    sums = [copy_source.SUM % name for name in ("public.a", "public.b")]
    runner.on(*sums, out="3\x1f-5\n0\x1f0\n")
    system = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND true"
    runner.on(copy_source.SEQUENCES.format(which=system), out="public.s\x1f9\npublic.unused\x1f\n")
    content = found.content()
    assert {name: (table.rows, table.sum) for name, table in content.tables.items()} == {
        "public.a": (3, "-5"),
        "public.b": (0, "0"),
    }
    assert content.sequences == {"public.s": 9, "public.unused": None}


def test_a_dump_starts_no_subscription_and_a_failed_one_is_no_dump(
    runner: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, asked = 0, []

    def streaming(sink: Any) -> Any:
        def run(argv: list[str], **options: Any) -> Completed:
            asked.append((argv, options["environment"]["PGDATABASE"], options["user"]))
            sink(b"dump")
            return Completed(tuple(argv), status, "", "pg_dump: error: gone\nDETAIL: Zhang San")

        return run

    monkeypatch.setattr(copy_source, "streaming", streaming)
    got: list[bytes] = []
    source(runner, tmp_path, database="a=b").dump(Part("the database", ()), got.append)
    assert got == [b"dump"]
    ((argv, database, user),) = asked
    assert {"--no-subscriptions", "--no-publications", "--format=custom"} <= set(argv)
    assert (database, user) == ("a=b", ME)
    status = 1
    with pytest.raises(SourceError, match=r"pg_dump of the database failed: pg_dump: error: gone$"):
        source(runner, tmp_path).dump(Part("the database", ()), got.append)


@pytest.mark.parametrize("name", ["", "a\nb", "a\0b", "a\tb"])
def test_a_name_with_a_line_break_is_refused(name: str) -> None:
    with pytest.raises(SourceError, match="Nothing was changed"):
        plain_name("restore_database", name)


def test_other_names_are_names() -> None:
    assert plain_name("restore_database", 'Ünï "quoted" 创伤') == 'Ünï "quoted" 创伤'
    assert pattern("s", 'a"*') == '"s"."a""*"'
    assert near("xyz", []) == "none"
