#!/usr/bin/env python3
"""The ledger's budgets, on a ledger of 200,000 records (`make bench`; the first argument is another number of records).

Both sides of a ratio are measured in turn in this one run, on the disk that holds build/, so other work on the machine hits both.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import json
import random
import shutil
import sqlite3
import statistics
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ansible_collections.traumalink.ops.plugins.module_utils.ledger import Ledger
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_chain import body_of
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_check import verify
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_reading import Selection, records, write_export
from ansible_collections.traumalink.ops.plugins.module_utils.record import Record, canonical
from ansible_collections.traumalink.ops.plugins.module_utils.record_reader import read_record
from figures import PLACE, Figure, report, seconds

COUNT = 200_000
APPENDS = 400
OPENINGS = 100
ROUNDS = 3
BATCH = 10_000
FOLDER = PLACE / "ledger"
VERBS = ("backup", "backup_check", "drill", "inspect", "monitor", "report", "upgrade", "fault")
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
MONTH = Selection(verb="backup", since=datetime(2025, 6, 1, tzinfo=UTC), until=datetime(2025, 7, 1, tzinfo=UTC))


def made(dice: random.Random, number: int, count: int) -> Record:
    """Return the record number so-and-so of some years of operations: 1.2 kB, as a backup's or an upgrade's is."""
    started = BEGIN + timedelta(seconds=3 * 365 * 86400 * number / count)
    ended = started + timedelta(seconds=dice.randrange(10, 4000))
    failed = dice.random() < 0.02
    return read_record(
        {
            "run_id": f"{started:%Y%m%d-%H%M%S}-{number % 2**24:06x}", "site": "example_hospital", "verb": dice.choice(VERBS),
            "clauses": ["4.6", "4.8"], "actor": "li.na@controller1", "started_at": started.isoformat(), "ended_at": ended.isoformat(),
            "outcome": "failed" if failed else "success", "reason": "磁盘空间不足" if failed else "",
            "window": {"state": "open", "reason": "nightly", "next_close": ended.isoformat()},
            "hosts": ["db1", "ops1"], "versions_before": {"trauma": "1.0.0"}, "versions_after": {"trauma": "1.1.0"},
            "figures": {"backup_bytes": dice.randrange(10**10), "rpo_seconds": dice.random(), "label": f"{started:%Y%m%d-%H%M%S}F"},
            "artefacts": [{"name": "report.pdf", "sha256": dice.randbytes(32).hex(), "size_bytes": dice.randrange(10**6)}],
        }
    )  # fmt: skip


def fill(ledger: Ledger, dice: random.Random, count: int) -> None:
    """Bring so many records in, as an import does."""
    lines = (canonical(made(dice, number, count).as_dict()) for number in range(count))
    while batch := list(itertools.islice(lines, BATCH)):
        ledger.import_records(batch, BEGIN)


def bare(path: Path) -> sqlite3.Connection:
    """Open a table of lines that is as durable as the ledger, and nothing else."""
    file = sqlite3.connect(path, isolation_level=None)
    file.execute("PRAGMA journal_mode = WAL")
    file.execute("PRAGMA synchronous = FULL")
    file.execute("CREATE TABLE IF NOT EXISTS line (body TEXT NOT NULL)")
    return file


def fill_bare(file: sqlite3.Connection, ledger: Ledger) -> None:
    """Bring the ledger's texts in by the same batches.

    Without that the comparison flatters the ledger: a WAL file that is still growing costs the file system's own journal at every sync.
    """
    bodies = ledger.store.execute("SELECT body FROM entry ORDER BY sequence")
    while batch := bodies.fetchmany(BATCH):
        file.execute("BEGIN")
        file.executemany("INSERT INTO line VALUES (?)", batch)
        file.execute("COMMIT")


def appends(ledger: Ledger, dice: random.Random, count: int) -> Iterator[Figure]:
    """Measure one durable append against one durable insert of the same bytes, each first in turn."""
    path = FOLDER / "bare.sqlite"
    file = bare(path)
    fill_bare(file, ledger)
    ours, theirs = [], []
    for number in range(count, count + APPENDS):
        record = made(dice, number, count)
        body, now = body_of(number + 1, "single", record.as_dict()), datetime.now(UTC)
        for side in ("ours", "theirs") if number % 2 else ("theirs", "ours"):
            if side == "ours":
                ours.append(seconds(functools.partial(ledger.append, record, now)))
            else:
                theirs.append(seconds(functools.partial(insert, file, body)))
    file.close()
    yield from compared("append", ours, theirs, budget=3)


def processes(dice: random.Random, count: int) -> Iterator[Figure]:
    """Measure the same as the module does it: each time the file is opened and closed, with the checkpoint that this brings."""

    def append(number: int, record: Record) -> None:
        with Ledger.opened(FOLDER) as ledger:
            if ledger.append(record, datetime.now(UTC)).sequence != number + 1:
                raise SystemExit("bench: the append is not the end of the chain")

    def insert_alone(body: str) -> None:
        with closing(bare(FOLDER / "bare.sqlite")) as file:
            insert(file, body)

    ours, theirs = [], []
    for number in range(count, count + OPENINGS):
        record = made(dice, number, count)
        body = body_of(number + 1, "single", record.as_dict())
        ours.append(seconds(functools.partial(append, number, record)))
        theirs.append(seconds(functools.partial(insert_alone, body)))
    yield from compared("opening, append, closing", ours, theirs, budget=3)


def insert(file: sqlite3.Connection, body: str) -> None:
    """Insert one line durably."""
    file.execute("INSERT INTO line VALUES (?)", (body,))


def compared(name: str, ours: list[float], theirs: list[float], budget: float) -> Iterator[Figure]:
    """Give the ratio of two sides by their medians, and both medians."""
    mine, bare_insert = statistics.median(ours), statistics.median(theirs)
    yield Figure(f"{name}, against a bare durable insert", mine / bare_insert, "×", budget)
    yield Figure(f"{name}, median", mine * 1000, "ms")
    yield Figure(f"{name}, bare insert, median", bare_insert * 1000, "ms")


def parse_and_hash(path: Path) -> None:
    """Do the least that verifying means: parse every line and hash it."""
    digest = hashlib.sha256()
    with path.open("rb") as lines:
        for line in lines:
            json.loads(line)
            digest.update(line)


def verifications(ledger: Ledger, count: int) -> Iterator[Figure]:
    """Measure the walk of the whole chain against parsing and hashing the same lines."""
    path = FOLDER / "export.jsonl"
    exported = seconds(lambda: write_export(ledger.store, path))

    def walk() -> None:
        if verify(ledger.store).entries != count + APPENDS:
            raise SystemExit("bench: the ledger does not fit")

    ours, theirs = [], []
    for _round in range(ROUNDS):
        theirs.append(seconds(lambda: parse_and_hash(path)))
        ours.append(seconds(walk))
    yield Figure(f"verify of {count} records against parsing and hashing them", min(ours) / min(theirs), "×", budget=3)
    yield Figure("verify, best", min(ours), "s")
    yield Figure("parsing and hashing, best", min(theirs), "s")
    yield Figure("export", exported, "s")
    yield Figure("bytes of an entry, exported", path.stat().st_size / (count + APPENDS), "bytes")


def listings(ledger: Ledger) -> Iterator[Figure]:
    """Measure the listing of one verb's month; issue B wants it well under a second."""
    found: list[int] = []
    times = [seconds(lambda: found.append(len(records(ledger.store, MONTH)))) for _round in range(9)]
    yield Figure("listing of a verb and month", statistics.median(times), "s", budget=0.5)
    yield Figure("records in it", found[0], "records")


def main(argv: list[str]) -> int:
    """Measure; return 1 where a budget is missed."""
    count = int(argv[0]) if argv else COUNT
    dice = random.Random(20261125)  # noqa: S311 - the same records in every run
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    try:
        with Ledger.opened(FOLDER, create=True) as ledger:
            filled = seconds(lambda: fill(ledger, dice, count))
            figures = [*appends(ledger, dice, count), *verifications(ledger, count), *listings(ledger)]
            figures.append(Figure(f"making and importing {count} records", filled, "s"))
        figures += processes(dice, count + APPENDS)
        return report("ledger", f"Ledger of {count} records", figures)
    finally:
        shutil.rmtree(FOLDER)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
