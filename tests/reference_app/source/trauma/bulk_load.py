"""Loads generated cases by COPY: `python3 -m trauma.bulk_load --first 1 --count 200000 --seed 1 --processes 2`.

Runs as the application's database role. Each batch is a transaction of its own, so a load that was cut off has whole
batches only, and `--resume` with the same arguments loads the missing ones.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import psycopg2
from psycopg2 import sql

from trauma import settings, validation
from trauma.case_generator import CaseGenerator
from trauma.case_rows import TABLES, case_rows
from trauma.copy_text import copy_line
from trauma.database import SEARCH_PATH_OPTION, Connection

PROGRESS_SECONDS = 3.0


class RangeTakenError(Exception):
    """Cases with ids of the range exist already."""


@dataclass(frozen=True)
class Batch:
    """One transaction's worth of cases; a case's id is its index in the generator."""

    dsn: str
    seed: int
    until: date
    first: int
    case_count: int


def connect(dsn: str) -> Connection:
    """A connection for loading."""
    return psycopg2.connect(dsn, options=SEARCH_PATH_OPTION, application_name="trauma-bulk-load")


def batches(first: int, count: int, size: int) -> Iterator[tuple[int, int]]:
    """The (first, count) pairs that make up a range."""
    for start in range(first, first + count, size):
        yield start, min(size, first + count - start)


def load_batch(batch: Batch) -> dict[str, int]:
    """Generate and load one batch in one transaction; returns the rows loaded by table."""
    generator = CaseGenerator(batch.seed, batch.until)
    texts: dict[str, list[str]] = {table: [] for table in TABLES}
    for index in range(batch.first, batch.first + batch.case_count):
        document = generator.case(index)
        recorded_at = generator.recorded_at(document)
        for table, rows in case_rows(document, index, recorded_at, reported_at=recorded_at).items():
            texts[table].extend(map(copy_line, rows))
    connection = connect(batch.dsn)
    try:
        with connection, connection.cursor() as cursor:
            for table, columns in TABLES.items():
                statement = sql.SQL("COPY {} ({}) FROM STDIN (ENCODING 'UTF8')").format(
                    sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
                )
                cursor.copy_expert(statement, io.BytesIO("".join(texts[table]).encode()), size=1 << 16)
    finally:
        connection.close()
    return {table: len(lines) for table, lines in texts.items()}


def prepare(connection: Connection, first: int, count: int, size: int, *, resume: bool) -> list[tuple[int, int]]:
    """The batches still to load. Moves the sequence past the range first, so that the API never hands out its ids.

    Raises `RangeTakenError` when cases of the range exist (with `resume`: when a batch is there in part).
    """
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT (case_id - %s) / %s, count(*) FROM trauma_case WHERE case_id >= %s AND case_id < %s GROUP BY 1",
            (first, size, first, first + count),
        )
        present = dict(cursor.fetchall())
        if present and not resume:
            raise RangeTakenError(
                f"{sum(present.values())} cases with ids from {first} to {first + count - 1} exist already:"
                " choose another --first, or --resume a load that was cut off"
            )
        cursor.execute(
            "SELECT setval('trauma_case_case_id_seq', greatest(%s, (SELECT last_value FROM trauma_case_case_id_seq)))",
            (first + count - 1,),
        )
    missing = []
    for number, (start, length) in enumerate(batches(first, count, size)):
        if present.get(number, 0) == 0:
            missing.append((start, length))
        elif present[number] != length:
            raise RangeTakenError(
                f"the batch from {start} is there in part: not a load with --first {first} --batch {size}"
            )
    return missing


def load(dsn: str, options: argparse.Namespace) -> dict[str, int]:
    """Load what the command line asks for; returns the rows by table. Raises `RangeTakenError` and psycopg2's errors."""
    connection = connect(dsn)
    try:
        missing = prepare(connection, options.first, options.count, options.batch, resume=options.resume)
    finally:
        connection.close()
    work = [Batch(dsn, options.seed, options.until, start, count) for start, count in missing]
    rows = dict.fromkeys(TABLES, 0)
    begin = told = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
        for loaded in pool.imap_unordered(load_batch, work):
            for table, number in loaded.items():
                rows[table] += number
            now = time.monotonic()
            if now - told >= PROGRESS_SECONDS:
                told = now
                print(f"{rows['trauma_case']} cases, {now - begin:.0f} s", file=sys.stderr, flush=True)
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="trauma.bulk_load", description="Load generated trauma cases by COPY")
    parser.add_argument("--first", type=int, default=1, help="id of the first case (default 1)")
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--until", type=date.fromisoformat, default=validation.today(), help="the year's end, a date")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--batch", type=int, default=10_000, help="cases in one transaction (default 10000)")
    parser.add_argument("--resume", action="store_true", help="load the missing batches of a load that was cut off")
    options = parser.parse_args(arguments)
    begin = time.monotonic()
    try:
        rows = load(settings.from_environment().database_dsn, options)
    except (RangeTakenError, settings.SettingsError, psycopg2.Error) as error:
        print(f"bulk load: {str(error).strip()}", file=sys.stderr)
        return 1
    result = {"cases": rows["trauma_case"], "rows": rows, "seconds": round(time.monotonic() - begin, 2)}
    print(json.dumps({**result, "first": options.first, "seed": options.seed, "until": options.until.isoformat()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
