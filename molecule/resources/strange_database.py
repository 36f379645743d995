"""A database with all that is hard to bring back: odd names, large objects, a tablespace, partitions, sequences, generated columns."""

from __future__ import annotations

from pathlib import PurePosixPath

from flows import at, session, sql

STRANGE = 'Ünï "quoted" 创伤'
TABLESPACE, PLACE = "other", PurePosixPath("/srv/other")
LARGE_OBJECT = 4711
MAKE = f"""
    CREATE TABLE step (id int PRIMARY KEY, number bigint GENERATED ALWAYS AS IDENTITY);
    CREATE TABLE "Patient 病人" (id bigserial PRIMARY KEY, kg numeric, g numeric GENERATED ALWAYS AS (kg * 1000) STORED, "it's" text)
        TABLESPACE {TABLESPACE};
    INSERT INTO "Patient 病人" (kg, "it's") SELECT n, repeat('x', 9000) || n FROM generate_series(1, 300) n;
    CREATE TABLE event (at date, note text) PARTITION BY RANGE (at);
    CREATE TABLE event_26 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') TABLESPACE {TABLESPACE};
    CREATE TABLE event_rest PARTITION OF event DEFAULT;
    INSERT INTO event SELECT date '2026-11-01' + n, 'n' || n FROM generate_series(1, 200) n;
    SELECT lo_from_bytea({LARGE_OBJECT}, convert_to('large 对象', 'UTF8'));
"""
# A line for each table: its name, how many rows, their sum; a partition has its own. The table step is told row by row, see rows().
SUMS = """
    SELECT name || ' ' || (xpath('/row/told/text()', query_to_xml(
        format('SELECT count(*) || '' '' || coalesce(sum(hashtextextended(t::text, 0)), 0) AS told FROM ONLY %s t', name), false, true, '')))[1]::text
    FROM (SELECT oid::regclass::text AS name FROM pg_class WHERE relkind = 'r' AND relname <> 'step'
          AND (relnamespace = 'public'::regnamespace OR oid = 'pg_largeobject'::regclass)) AS listed ORDER BY name
"""
# Each says what is true where the database works. A sequence may leave out the 32 numbers that its WAL record has promised
# (src/backend/commands/sequence.c, SEQ_LOG_VALS), and never gives one twice.
PROBES = {
    "a sequence goes on": """
        WITH known AS (SELECT max(id) AS id, max(number) AS number FROM step),
             made AS (INSERT INTO step (id) SELECT id + 1000 FROM known RETURNING number)
        SELECT made.number - known.number BETWEEN 1 AND 33 FROM known, made""",
    "a serial column goes on, and a generated one is generated": """
        WITH known AS (SELECT max(id) AS id FROM "Patient 病人"), made AS (INSERT INTO "Patient 病人" (kg) VALUES (2.5) RETURNING id, g)
        SELECT made.id - known.id BETWEEN 1 AND 33 AND made.g = 2500 FROM known, made""",
    "every generated column is right": """SELECT bool_and(g = kg * 1000) FROM "Patient 病人" """,
    "rows go into their partitions": """
        WITH made AS (INSERT INTO event VALUES ('2026-06-01', 'afterwards'), ('2031-06-01', 'afterwards') RETURNING 1)
        SELECT count(*) = 2 FROM made""",
    "and are found there": """
        SELECT (SELECT count(*) FROM event_26 WHERE note = 'afterwards') > 0 AND (SELECT count(*) FROM event_rest WHERE note = 'afterwards') > 0""",
    "the large object can be read": f"SELECT length(lo_get({LARGE_OBJECT})) > 0",
    "the tablespace is where it was": f"SELECT pg_tablespace_location(oid) = '{PLACE}' FROM pg_tablespace WHERE spcname = '{TABLESPACE}'",
}
FILES = f"""
    SELECT pg_relation_filepath(c.oid) FROM pg_class c JOIN pg_tablespace t ON t.oid = c.reltablespace
    WHERE t.spcname = '{TABLESPACE}' AND c.relkind = 'r' ORDER BY 1
"""


def make() -> None:
    """Make it, in the place of one that is there."""
    quoted = '"{}"'.format(STRANGE.replace('"', '""'))
    sql(f"DROP DATABASE IF EXISTS {quoted}")
    at("db1").check_output(f"install -d -o postgres -g postgres -m 0700 {PLACE} && echo done")
    if TABLESPACE not in sql("SELECT spcname FROM pg_tablespace").splitlines():
        sql(f"CREATE TABLESPACE {TABLESPACE} LOCATION '{PLACE}'")
    sql(f"CREATE DATABASE {quoted}")
    sql(MAKE, STRANGE)


def rows() -> list[int]:
    """Return the rows of the table step."""
    return [int(line) for line in session("SELECT id FROM step ORDER BY id", database=STRANGE)]


def content() -> dict[str, str]:
    """Return count and sum of every other table, and of the large objects."""
    told = (line.rsplit(" ", 2) for line in session(SUMS, database=STRANGE))
    return {name: f"{count} rows, sum {total}" for name, count, total in told}


def spoil() -> None:
    """Make every table other than it was, so that whoever brings nothing back does not pass for somebody who did."""
    session(
        "DELETE FROM step WHERE id = (SELECT min(id) FROM step)",
        "INSERT INTO step (id) SELECT max(id) + 1000 FROM step",
        """UPDATE "Patient 病人" SET kg = kg + 1 WHERE id % 3 = 0""",
        """INSERT INTO "Patient 病人" (kg) VALUES (1)""",
        "INSERT INTO event VALUES ('2026-06-02', 'spoilt'), ('2031-06-02', 'spoilt')",
        f"SELECT lo_put({LARGE_OBJECT}, length(lo_get({LARGE_OBJECT})), 'spoilt')",
        database=STRANGE,
    )


def see_that_it_works() -> None:
    """See that whoever works with it can go on: sequences, generated columns, partitions, large objects, and files where the tablespace is."""
    answers = session(*PROBES.values(), database=STRANGE)
    wrong = [what for what, answer in zip(PROBES, answers, strict=True) if answer != "t"]
    assert not wrong, f"it is not true that {', nor that '.join(wrong)}"
    # As in pg_tblspc/<tablespace>/PG_15_202209061/<database>/<file>, where the second is a link to the place.
    files = [PLACE.joinpath(*PurePosixPath(path).parts[2:]) for path in session(FILES, database=STRANGE)]
    missing = [str(file) for file in files if not at("db1").file(str(file)).exists]
    assert len(files) == 2, files
    assert not missing, f"{' and '.join(missing)} should be there"
