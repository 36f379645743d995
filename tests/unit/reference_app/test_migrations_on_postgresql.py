"""The migrations of the later releases on a real server, where this machine has one: what they do to data that are there."""

from __future__ import annotations

from datetime import date

import pytest
from local_postgresql import SqlError, running, why_not
from migration_run import upgrade
from trauma.case_generator import CaseGenerator
from trauma.case_rows import TABLES, case_rows
from trauma.copy_text import copy_line

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())

CASES = 300  # in FIGURES, too
NOW = "2026-03-01T08:00:00+08:00"
ROLES = "".join(f"CREATE ROLE {role} LOGIN; " for role in ("trauma_owner", "trauma_app", "trauma_report"))
FIGURES = "SELECT md5(string_agg(f::text, ';' ORDER BY case_id)) FROM report.case_figures f WHERE case_id <= 300"


@pytest.fixture(scope="module")
def server(assembled):
    """Give a server with the database `first`: schema 0001, filled as 1.0.0 fills it."""
    with running() as server:
        server.sql("postgres", ROLES)
        server.sql("postgres", "CREATE DATABASE first OWNER trauma_owner")

        def as_owner(text, transaction=False):
            return server.sql("first", text, transaction=transaction, user="trauma_owner")

        # Alembic makes it before the first migration, which grants it.
        server.sql(
            "first", "CREATE TABLE public.alembic_version (); ALTER TABLE public.alembic_version OWNER TO trauma_owner"
        )
        upgrade(assembled("1.0.0"), "0001", as_owner)
        texts = {table: [] for table in TABLES}
        for case_id, document in enumerate(CaseGenerator(1, date(2026, 3, 1)).cases(1, CASES), 1):
            for table, rows in case_rows(document, case_id, NOW, reported_at=NOW).items():
                texts[table].extend(map(copy_line, rows))
        for table, lines in texts.items():
            server.sql("first", copying(table, lines), user="trauma_app")
        yield server


def copying(table, lines):
    """The script that copies lines into a table, by the columns that 1.0.0 knows."""
    return f"COPY trauma.{table} ({', '.join(TABLES[table])}) FROM STDIN;\n{''.join(lines)}\\.\n"


@pytest.fixture
def database(server):
    """Give a copy of the filled database: a function that runs SQL there."""
    server.sql("postgres", "DROP DATABASE IF EXISTS copy")
    server.sql("postgres", "CREATE DATABASE copy TEMPLATE first OWNER trauma_owner")

    def sql(text, *, transaction=False, user="trauma_owner"):
        return server.sql("copy", text, transaction=transaction, user=user)

    return sql


@pytest.fixture
def migrate(database, carry_out):
    """Give a runner of a release's migrations on that copy, as its owner; it returns the statements of the last."""

    def ask(text, transaction):
        answer = database(text, transaction=transaction)
        return {"t": True, "f": False, "": None}.get(answer, answer)

    def run(version, *revisions):
        return [carry_out(version, revision, ask) for revision in revisions][-1]

    return run


def index(database):
    return database(
        "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('trauma.trauma_case_emergency_station')"
    )


def as_1_0_0(database, case_id=900_000):
    """Enter a case as 1.0.0 does: with its columns, as its role."""
    (document,) = CaseGenerator(2, date(2026, 3, 1)).cases(1, 1)
    for table, rows in case_rows(document, case_id, NOW).items():
        if rows:
            database(copying(table, map(copy_line, rows)), user="trauma_app")


def test_the_expand_migration_changes_no_figure_and_1_0_0_works_on(database, migrate):
    before = database(FIGURES)
    migrate("1.1.0", "0002")
    assert database(FIGURES) == before
    assert database("SELECT count(*), count(emergency_station) FROM trauma.trauma_case") == f"{CASES}|0"
    assert index(database) == "t"
    as_1_0_0(database)
    assert database("SELECT emergency_station IS NULL FROM trauma.trauma_case WHERE case_id = 900000") == "t"


def test_the_figures_do_not_need_the_stored_length_of_stay_any_more(database, migrate):
    migrate("1.1.0", "0002")
    before = database(FIGURES)
    database("UPDATE trauma.outcome SET length_of_stay_days = NULL")
    assert database(FIGURES) == before


def test_a_stay_beyond_what_the_column_holds_does_not_break_the_figures(database, migrate):
    migrate("1.1.0", "0002")
    database("UPDATE trauma.outcome SET discharged_at = '2190-01-01T00:00:00+08:00' WHERE case_id = 1")
    assert database("SELECT length_of_stay_days FROM report.case_figures WHERE case_id = 1") == "32767"


def test_the_expand_migration_done_again_changes_nothing(database, migrate):
    migrate("1.1.0", "0002")
    assert [text[:3] for text, _transactional in migrate("1.1.0", "0002")] == ["DO "]
    assert index(database) == "t"


def test_an_index_that_was_cut_off_is_built_anew(database, migrate):
    migrate("1.1.0", "0002")
    broken = (
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'trauma.trauma_case_emergency_station'::regclass"
    )
    database(broken, user="postgres")
    assert index(database) == "f"
    migrate("1.1.0", "0002")
    assert index(database) == "t"


def test_an_expand_migration_that_fails_in_its_middle_leaves_1_0_0_working_and_is_completed_later(database, migrate):
    before = database(FIGURES)
    database("ALTER DATABASE copy SET trauma.fail_migration = '0002'", user="postgres")
    with pytest.raises(SqlError, match="migration 0002 fails in its middle"):
        migrate("1.1.0", "0002")
    as_1_0_0(database)
    database("ALTER DATABASE copy RESET trauma.fail_migration", user="postgres")
    migrate("1.1.0", "0002")
    assert index(database) == "t"
    assert database(FIGURES) == before


def test_the_breaking_migration_loses_no_name_and_ends_1_1_0(database, migrate):
    names = "SELECT md5(string_agg({}, ';' ORDER BY case_id)) FROM trauma.trauma_case"
    before, figures = database(names.format("patient_name")), database(FIGURES)
    migrate("1.3.0", "0002", "0003")
    assert database(names.format("family_name || given_name")) == before
    assert database(FIGURES) == figures
    with pytest.raises(SqlError, match=r'"patient_name" .* does not exist'):
        as_1_0_0(database)


def test_the_breaking_migration_splits_as_1_3_0_does(database, migrate, code_of):
    split = code_of("1.3.0", "trauma.patient_name").split
    database(
        "UPDATE trauma.trauma_case SET patient_name = name FROM (VALUES (1, '欧阳小明'), (2, '张三'), (3, '司马光'), (4, '无'),"
        " (5, 'John O''Neill')) AS n (id, name) WHERE case_id = id"
    )
    migrate("1.3.0", "0002", "0003")
    rows = database(
        "SELECT family_name, given_name FROM trauma.trauma_case WHERE case_id <= 5 ORDER BY case_id"
    ).splitlines()
    assert [tuple(row.split("|")) for row in rows] == [
        split(name) for name in ("欧阳小明", "张三", "司马光", "无", "John O'Neill")
    ]


def test_the_breaking_migration_that_fails_in_its_middle_changes_nothing(database, migrate):
    migrate("1.3.0", "0002")
    columns = "SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'trauma.trauma_case'::regclass"
    rows = "SELECT md5(string_agg(c::text, ';' ORDER BY case_id)) FROM trauma.trauma_case c"
    before = database(columns), database(rows)
    database("ALTER DATABASE copy SET trauma.fail_migration = '0003'", user="postgres")
    with pytest.raises(SqlError, match="migration 0003 fails in its middle"):
        migrate("1.3.0", "0003")
    assert (database(columns), database(rows)) == before
    as_1_0_0(database)


def test_the_contract_migration_changes_no_figure_and_ends_1_1_0(database, migrate):
    migrate("2.0.0", "0002")
    before = database(FIGURES)
    as_1_0_0(database)
    migrate("2.0.0", "0004")
    assert database(FIGURES) == before
    with pytest.raises(SqlError, match=r'"length_of_stay_days" .* does not exist'):
        as_1_0_0(database, 900_001)


def test_a_broken_expand_migration_takes_back_what_it_did(database, migrate):
    migrate("1.1.3", "0002")
    with pytest.raises(SqlError, match="this migration is broken"):
        migrate("1.1.3", "0003")
    assert database("SELECT count(*) FROM pg_attribute WHERE attname = 'one_more'") == "0"
