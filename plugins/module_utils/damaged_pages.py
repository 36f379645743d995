# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Damaged pages in words: which relation of which database they belong to, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .postgresql_server import Server, ServerError

__all__ = ["DamagedPages", "words"]

# PostgreSQL documentation, 73.1 (Database File Layout): <tablespace>/<database>/<filenode>[_<fork>][.<segment>]
FILE = re.compile(
    r"(?:global|base/(?P<database>\d+)|pg_tblspc/(?P<tablespace>\d+)/[^/]+/(?P<other>\d+))/(?P<node>\d+)(?P<fork>_\w+)?(?:\.\d+)?"
)
GLOBAL_TABLESPACE = 1664  # src/include/catalog/pg_tablespace.dat: pg_global
KINDS = {"r": "table", "i": "index", "t": "TOAST table", "m": "materialized view", "S": "sequence"}
NAMED = """
SELECT format('%I.%I', n.nspname, c.relname), c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = pg_filenode_relation({tablespace}, {node})
"""
INDEX = "; rebuild an index with REINDEX INDEX CONCURRENTLY"


@dataclass(frozen=True)
class DamagedPages:
    """Pages of one file, as ranges of block numbers; empty where the file is no whole number of pages."""

    path: str
    pages: Sequence[Sequence[int]]

    @property
    def blocks(self) -> str:
        """The pages for a message."""
        ranges = [str(first) if first == last else f"{first}-{last}" for first, last in self.pages]
        if not ranges:
            return "the end"
        single = len(ranges) == 1 and "-" not in ranges[0]
        return f"{'block' if single else 'blocks'} {', '.join(ranges)}"


def words(server: Server, damaged: Sequence[DamagedPages]) -> str:
    """Say which pages of which relations are damaged, and what to do."""
    named = [relation(server, file) for file in damaged]
    listed = "; ".join(
        f"{file.blocks} of {name} ({file.path})" for file, (name, _kind) in zip(damaged, named, strict=True)
    )
    advice = INDEX if any(kind == "i" for _name, kind in named) else ""
    return (
        f"damaged on disk: {listed}. Look at the disk and at PostgreSQL's log now, and keep all backups: a restore of an older set brings a page "
        f"back as it was then{advice}"
    )


def relation(server: Server, file: DamagedPages) -> tuple[str, str]:
    """Return a relation in words, and its kind; where nobody can name it, what is known."""
    found = FILE.fullmatch(file.path)
    if not found:
        return "a file of the cluster", ""
    number = found["database"] or found["other"]
    try:
        database = server.value(f"SELECT datname FROM pg_database WHERE oid = {int(number)}") if number else "postgres"  # noqa: S608 - a number
        tablespace = int(found["tablespace"] or 0) if number else GLOBAL_TABLESPACE
        name, kind = server.query(NAMED.format(tablespace=tablespace, node=int(found["node"])), database)[0]
    except (ServerError, IndexError):
        return "a relation that the server cannot name", ""
    where = f" in database {database}" if number else ", shared by all databases"
    fork = f" (its {found['fork'][1:]} fork)" if found["fork"] else ""
    return f"{KINDS.get(kind, 'relation')} {name}{fork}{where}", kind
