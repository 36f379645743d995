# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One database or one table of a scratch server: whether it is there, what it holds, and the dumps by which it goes on."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .backup_proof import Content, Table
from .command import Completed
from .command_stream import streaming
from .content_sums import SETTINGS, SUM, literal
from .drill_server import ScratchServer
from .errors import OpsError
from .postgresql_server import Server, ServerError

__all__ = ["Part", "Source", "SourceError", "near", "plain_name"]

SHOWN = 8
SESSION = f"{SETTINGS}; SET standard_conforming_strings = on; SET client_encoding = 'UTF8'"
# How a database is created like another (PostgreSQL documentation, CREATE DATABASE); the column's name differs between versions.
LIKE = """
SELECT row_to_json(found) FROM (
  SELECT pg_encoding_to_char(encoding) AS encoding, datcollate AS collate, datctype AS ctype, datlocprovider AS provider,
  coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') AS locale, pg_database_size(oid) AS bytes
  FROM pg_database d WHERE datname = {name}) AS found
"""
# What pg_dump gives as rows: not what extensions bring with them, nor what is made anew (materialized views) or was never written to WAL.
TABLES = """
SELECT c.oid, format('%I.%I', n.nspname, c.relname), pg_table_size(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND {which}
AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') ORDER BY 2
"""
# A partitioned table with all that hangs below it; sequences that belong to a table's column, by serial or identity.
BELOW = """
c.oid IN (WITH RECURSIVE below(oid) AS (SELECT {oid}::oid UNION ALL SELECT inhrelid FROM pg_inherits JOIN below ON inhparent = below.oid)
SELECT oid FROM below)
"""
SEQUENCES = """
SELECT format('%I.%I', n.nspname, c.relname), coalesce(pg_sequence_last_value(c.oid)::text, '') FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'S' AND c.relpersistence = 'p' AND {which}
AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') ORDER BY 1
"""
TABLE = """
SELECT c.oid, n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass({name}) AND c.relkind IN ('r', 'p')
"""
BYTES = "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c WHERE {which}"
NAMES = "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {which} ORDER BY 1, 2"
OWNED = "EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') AND d.refobjid = {oid})"


class SourceError(OpsError):
    """What is asked for is not there, or cannot be read."""


@dataclass(frozen=True)
class Part:
    """One dump: what it is, in words, and pg_dump's options for it."""

    title: str
    options: tuple[str, ...]


def plain_name(what: str, name: str) -> str:
    """Return a name of a database or table that can be passed on.

    Raises:
        SourceError: it holds a line break or another control character, or is too long for one.
    """
    if not name or re.search(r"[\x00-\x1f\x7f]", name):
        raise SourceError(
            f"{what} {name!r} cannot be used: it is empty or holds a line break or control character. Nothing was changed"
        )
    return name


def near(name: str, known: Sequence[str]) -> str:
    """Return known names that may have been meant, for a message."""
    found = difflib.get_close_matches(name, known, n=SHOWN, cutoff=0.5) or sorted(known)[:SHOWN]
    return ", ".join(found) or "none"


@dataclass
class Source:
    """What comes back.

    Attributes:
        server: has replayed to the moment that was asked for, and is nobody else's.
        database: its name; table: as SQL writes it, with its schema; "" for all of the database.
    """

    server: ScratchServer
    database: str
    table: str = ""
    oid: str = ""
    schema: str = ""
    name: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def below(self) -> str:
        """The condition that holds for the table and its partitions."""
        return BELOW.format(oid=self.oid) if self.table else "true"

    @property
    def client(self) -> Server:
        """The way to ask the scratch server."""
        return self.server.client

    def ask(self, *statements: str) -> list[list[str]]:
        """Ask in the database, under settings that its owner has not chosen."""
        return self.client.session([SESSION, *statements], self.database, timeout_seconds=None)

    def find(self) -> dict[str, Any]:
        """See that it is there; return how a database is made that is like its own, and the bytes that it takes.

        Raises:
            SourceError: it is not; names that are near are told.
        """
        known = [
            row[0]
            for row in self.client.query("SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate")
        ]
        if self.database not in known:
            raise SourceError(
                f"there was no database {self.database!r} at that moment; there was: {near(self.database, known)}. Nothing was changed"
            )
        like = self.client.session([SESSION, LIKE.format(name=literal(self.database))], timeout_seconds=None)[0][0]
        found: dict[str, Any] = json.loads(like)
        if self.table:
            self.find_table()
            found["bytes"] = int(self.ask(BYTES.format(which=self.below))[0][0])
        return found

    def find_table(self) -> None:
        """Look the table up as SQL does.

        Raises:
            SourceError: it is no table's name, or there is none of that name.
        """
        try:
            rows = self.ask(TABLE.format(name=literal(self.table)))
        except ServerError:
            rows = []
        if not rows:
            known = [row[1] for row in self.ask(TABLES.format(which="true"))]
            raise SourceError(
                f"database {self.database!r} had no table {self.table!r} at that moment (write schema.table; names with capitals or signs in double "
                f"quotes); there was: {near(self.table, known)}. Nothing was changed"
            )
        self.oid, self.schema, self.name = rows[0]

    def parts(self) -> list[Part]:
        """Return the dumps, in the order in which they are loaded.

        A table comes with the definitions of all of its database, so that types, functions, sequences and extensions are there; rows come of
        it alone, and neither foreign keys nor indexes, which would want the others' rows.
        """
        if not self.table:
            return [Part("the database", ())]
        tables = self.ask(NAMES.format(which=self.below))
        patterns = tuple(f"--table={pattern(schema, name)}" for schema, name in tables)
        return [
            # By this name PostgreSQL 15 and 17 know it.
            Part("its definitions", ("--section=pre-data", "--no-blobs")),
            Part("the table's rows", ("--section=data", "--strict-names", *patterns)),
        ]

    def content(self) -> Content:
        """Return rows and sums of all tables, and where the sequences are."""
        owned = OWNED.format(oid=self.oid) if self.table else "true"
        system = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
        tables = [row[1] for row in self.ask(TABLES.format(which=self.below))]
        sums = self.ask(*(SUM % name for name in tables)) if tables else []
        sequences = self.ask(SEQUENCES.format(which=f"{system} AND {owned}"))
        return Content(
            self.database,
            "0/0",
            {name: Table(int(rows), total) for name, (rows, total) in zip(tables, sums, strict=True)},
            {name: int(value) if value else None for name, value in sequences},
        )

    def large_objects(self) -> int:
        """Return how many large objects come back; a table alone brings none."""
        return 0 if self.table else int(self.ask("SELECT count(*) FROM pg_largeobject_metadata")[0][0])

    def dump(self, part: Part, sink: Callable[[bytes], object]) -> None:
        """Give one dump to `sink` as it comes.

        Raises:
            SourceError: it is not whole.
        """
        options = [
            "--format=custom",
            "--compress=1",
            "--no-publications",
            "--no-subscriptions",
            "--no-unlogged-table-data",
        ]
        giving = replace(self.server, runner=streaming(sink))
        done: Completed = giving.tool("pg_dump", *options, *part.options, database=self.database)
        if done.status != 0:
            raise SourceError(
                f"pg_dump of {part.title} failed: {done.said.splitlines()[0] if done.said else f'status {done.status}'}"
            )


def pattern(schema: str, name: str) -> str:
    """Return a pattern of pg_dump that means this one table: in quotes no sign has a meaning of its own."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in (schema, name))
