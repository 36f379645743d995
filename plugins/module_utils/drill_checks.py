# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drill looks at in the restored database, check by check. A check that fails does not keep the others from being made."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .backup_canary import DATABASE
from .backup_proof import Content, Proof
from .command import Completed
from .content_sums import differences
from .drill_result import Check
from .drill_server import ReplayError, ScratchServer
from .errors import OpsError
from .wal import lsn_text, reaches_segment
from .wal_archive import parse_history

__all__ = ["after_replay", "checked", "checksums", "compare", "replayed"]

SHOWN = 3  # of many faults of one kind
DATABASES = "SELECT datname FROM pg_database WHERE datallowconn ORDER BY datname"
# PostgreSQL documentation: 24.2.3 "Managing Collations", 54.21 pg_available_extension_versions.
EXTENSIONS = """
SELECT e.extname, e.extversion FROM pg_extension e
WHERE NOT EXISTS (SELECT FROM pg_available_extension_versions v WHERE v.name = e.extname AND v.version = e.extversion) ORDER BY 1
"""
DATABASE_COLLATIONS = """
SELECT datname, datcollversion, pg_database_collation_actual_version(oid) FROM pg_database
WHERE datallowconn AND datcollversion IS DISTINCT FROM pg_database_collation_actual_version(oid) ORDER BY 1
"""
COLLATIONS = """
SELECT collname, collversion, pg_collation_actual_version(oid) FROM pg_collation
WHERE collversion IS NOT NULL AND collversion IS DISTINCT FROM pg_collation_actual_version(oid) ORDER BY 1
"""


@dataclass(frozen=True)
class Found:
    """What a check came to: the faults, and what was looked at in words."""

    faults: tuple[str, ...]
    looked_at: str


def checked(name: str, look: Callable[[], Found]) -> Check:
    """Make one check; an error of the tools is its fault."""
    try:
        found = look()
    except OpsError as error:
        return Check(name, False, str(error))
    if found.faults:
        return Check(name, False, some(found.faults))
    return Check(name, True, found.looked_at)


def some(faults: tuple[str, ...]) -> str:
    """Return the first faults, and how many more there are."""
    more = f"; and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
    return "; ".join(" ".join(fault.split()) for fault in faults[:SHOWN]) + more


def compare(server: ScratchServer, content: Content) -> Found:
    """Compare a database with what was summed when the backup was taken; the server has paused where that was."""
    faults = tuple(differences(server.client, content))
    partly = sum(table.percent < 100 for table in content.tables.values())
    rows = sum(table.rows for table in content.tables.values())
    words = f"{len(content.tables)} tables and {len(content.sequences)} sequences of {content.database}, {rows} rows"
    notes = [f"{partly} large tables in part"] * bool(partly) + [f"{len(content.left_out)} tables left out"] * bool(
        content.left_out
    )
    return Found(faults, ", ".join([words, *notes]))


def replayed(server: ScratchServer, last: str) -> Found:
    """See how far WAL was replayed: the server ends its replay without an error at the first segment that it cannot get."""
    folder = server.scratch.data / "pg_wal"
    names = sorted(path.name for path in folder.glob("*.history") if re.fullmatch(r"[0-9A-F]{8}\.history", path.name))
    if not names:
        raise ReplayError(
            "the scratch server has opened on no timeline of its own, so nobody can say how far it replayed"
        )
    text = (folder / names[-1]).read_text(encoding="utf-8", errors="replace")
    _timeline, reached = parse_history(int(names[-1][:8], 16), text).ancestors[-1]
    to = lsn_text(reached)
    if not reaches_segment(to, last):
        return Found(
            (f"WAL was replayed to {to} only, but the archive goes on to segment {last}: {server.said()}",), ""
        )
    return Found((), f"to {to}, in segment {last}")


def after_replay(server: ScratchServer, proof: Proof | None) -> Iterator[tuple[str, Callable[[], Found]]]:
    """Give the checks of the open server, by name, in their order."""
    databases = [name for (name,) in server.client.query(DATABASES)]
    if proof is not None:
        yield "canaries", lambda: canaries(server, proof)
    yield "amcheck", lambda: amcheck(server, databases)
    yield "dump", lambda: dump(server, databases)
    yield "extensions", lambda: extensions(server, databases)
    yield "collations", lambda: collations(server, databases)


def canaries(server: ScratchServer, proof: Proof) -> Found:
    """See the rows that were committed while the backup was taken, and after it."""
    there = {int(number) for (number,) in server.client.query("SELECT id FROM traumalink.canary", DATABASE)}
    wanted = {"during": proof.during, "after": proof.after}
    faults = [
        f"the row committed {when} the backup (id {row.id}, {row.lsn}) is not there"
        for when, row in wanted.items()
        if row.id not in there
    ]
    return Found(
        tuple(faults), f"the rows committed during and after the backup (ids {proof.during.id}, {proof.after.id})"
    )


def amcheck(server: ScratchServer, databases: list[str]) -> Found:
    """Check every table and index of every database against its own rules, and each row against its indexes."""
    # --all would leave out a database without the extension, with a warning.
    faults, relations = [], 0
    for name in databases:
        done = server.tool("pg_amcheck", "--install-missing", "--heapallindexed", "--verbose", database=name)
        relations += len(re.findall(r"checking (?:heap table|btree index)", done.stdout + done.stderr))
        if done.status != 0:
            faults.append(f"database {name}: {complaint(done)}")
    if not relations and not faults:
        faults.append("pg_amcheck ended without an error and looked at nothing")
    return Found(tuple(faults), f"{relations} tables and indexes in {len(databases)} databases")


def complaint(done: Completed) -> str:
    """Return what a program complains of, without the lines that only tell what it does."""
    lines = [
        line for line in (done.stdout + done.stderr).splitlines() if not re.search(r"pg_\w+: (?!error)|^\s*$", line)
    ]
    return some(tuple(lines)) or f"{done.argv[0]} ended with status {done.status}"


def dump(server: ScratchServer, databases: list[str]) -> Found:
    """Read every row of every database as a dump would, and throw it away."""
    faults, tables = [], 0
    for name in databases:
        done = server.tool("pg_dump", "--format=plain", "--file=/dev/null", "--verbose", database=name)
        tables += len(re.findall(r"dumping contents of table", done.stderr))
        if done.status != 0:
            faults.append(f"database {name}: {complaint(done)}")
    return Found(tuple(faults), f"{len(databases)} databases, {tables} tables")


def extensions(server: ScratchServer, databases: list[str]) -> Found:
    """See that this host has every extension in the version that the database uses."""
    faults = [
        f"database {database} uses extension {name} {version}, which is not installed here"
        for database in databases
        for name, version in server.client.query(" ".join(EXTENSIONS.split()), database)
    ]
    faults += [f"production loads {name}, which is not installed here" for name in server.not_loaded]
    return Found(tuple(faults), f"of {len(databases)} databases")


def collations(server: ScratchServer, databases: list[str]) -> Found:
    """See that texts are sorted here as they were there: indexes over them are broken else."""
    faults = [
        f"database {name} was sorted by version {was}, here it is {now or 'unknown'}"
        for name, was, now in server.client.query(" ".join(DATABASE_COLLATIONS.split()))
    ]
    faults += [
        f"database {database}: collation {name} was of version {was}, here it is {now or 'unknown'}"
        for database in databases
        for name, was, now in server.client.query(" ".join(COLLATIONS.split()), database)
    ]
    if faults:
        faults[0] += " (ops must run the Debian release of the database's host)"
    return Found(tuple(faults), f"of {len(databases)} databases")


def checksums(server: ScratchServer) -> Found:
    """See every page's checksum right; the server is stopped for that."""
    server.stop()
    if server.control().get("Data page checksum version", "0") == "0":
        return Found((), "the database was made without page checksums: nothing to compare")
    done = server.as_user([server.program("pg_checksums"), "--check", "-D", str(server.scratch.data)])
    bad, blocks = (re.search(rf"{words}:\s+(\d+)", done.stdout) for words in ("Bad checksums", "Blocks scanned"))
    if done.status != 0 or bad is None or bad[1] != "0":
        return Found((complaint(done),), "")
    return Found((), f"{blocks[1] if blocks else '?'} pages")
