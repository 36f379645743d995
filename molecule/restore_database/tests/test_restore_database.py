"""One database or one table comes back beside production, which neither notices nor lets anybody in; what fails leaves nothing."""

import json
import os
import subprocess
import time

import pytest
from flows import ROOT, at, play, sql
from operations import last_record
from site_access import reported

DATABASE = 'Ünï "quoted" 创伤'
ENVIRONMENT = {"ANSIBLE_SHOW_CUSTOM_STATS": "true", "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}
MAKE = """
CREATE SCHEMA "Fälle"; CREATE TYPE "Fälle".grad AS ENUM ('leicht', 'schwer');
CREATE TABLE "Fälle"."Fall" (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, number serial, grad "Fälle".grad, twice int GENERATED ALWAYS AS (2) STORED);
CREATE TABLE part (day date, fall int REFERENCES "Fälle"."Fall") PARTITION BY RANGE (day);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE "Fälle".part_2 PARTITION OF part FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
GRANT USAGE ON SCHEMA "Fälle" TO trauma_owner; ALTER TABLE "Fälle"."Fall" OWNER TO trauma_owner; GRANT SELECT ON "Fälle"."Fall" TO trauma_app;
INSERT INTO "Fälle"."Fall" (grad) SELECT 'schwer' FROM generate_series(1, 500);
SELECT lo_from_bytea(4711, '\\xdeadbeef')
"""
POINT = f"before the mistake {time.time_ns()}"  # a name that the lab has not seen: of two the restore would ask which one is meant
COUNT = 'SELECT (SELECT count(*) FROM "Fälle"."Fall"), (SELECT count(*) FROM part)'


def value(**variables):
    """Give extra variables."""
    return "-e", json.dumps(variables)


@pytest.fixture(scope="module", autouse=True)
def moments():
    """Give moments before and after a mistake in a database with all that is hard to bring back; it is gone afterwards."""
    clear()
    sql('CREATE DATABASE "Ünï ""quoted"" 创伤"')
    sql(MAKE, DATABASE)
    assert play("backup").succeeded
    sql("INSERT INTO part SELECT '2026-01-01'::date + n % 50, n % 500 + 1 FROM generate_series(1, 700) n", DATABASE)
    sql(f"SELECT pg_create_restore_point('{POINT}')")
    time.sleep(1)
    before = sql("SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")
    time.sleep(1)
    sql("""TRUNCATE part; DELETE FROM "Fälle"."Fall" WHERE id > 3""", DATABASE)
    wanted = sql("SELECT pg_walfile_name(pg_switch_wal())")
    deadline = time.monotonic() + 60
    while sql("SELECT coalesce(last_archived_wal, '') FROM pg_stat_archiver") < wanted:
        assert time.monotonic() < deadline, "the archive does not follow"
        time.sleep(0.5)
    yield before
    clear()


def clear():
    """Remove from the server what these flows have made."""
    for name in sql("SELECT datname FROM pg_database WHERE datname LIKE 'Ünï%' OR datname LIKE 'copy%'").splitlines():
        sql('DROP DATABASE "{}"'.format(name.replace('"', '""')))


@pytest.fixture(autouse=True)
def nothing_stays():
    """See after each flow that nothing is left on ops, that nothing half is left on db, and that production's data is as it was."""
    started = sql("SELECT pg_postmaster_start_time()")
    yield
    assert not at("ops1").file("/var/lib/traumalink-drill/scratch").exists
    assert at("ops1").run("pgrep -u traumalink-drill").stdout == ""
    assert sql("SELECT count(*) FROM pg_database WHERE datname LIKE 'traumalink_restoring%'") == "0"
    assert sql(COUNT, DATABASE) == "3|0"
    assert sql("SELECT pg_postmaster_start_time()") == started


def test_a_database_comes_back_as_it_was_before_the_mistake():
    run = play("restore", *value(restore_database=DATABASE, restore_target_name=POINT), **ENVIRONMENT)
    assert run.succeeded, run.output[-3000:]
    figures = reported(run.output)["restore_database"]
    copy = figures["into"]
    assert copy.startswith(f"{DATABASE}_restored_")
    assert sql(COUNT, copy) == "500|700"
    assert sql("SELECT encode(lo_get(4711), 'hex')", copy) == "deadbeef"
    assert sql("""SELECT nextval('"Fälle"."Fall_number_seq"')""", copy) == "501"
    assert (
        sql(
            "SELECT tableowner, (SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conrelid = 'part'::regclass) FROM pg_tables WHERE tablename = 'Fall'",
            copy,
        )
        == "trauma_owner|1"
    )
    assert sql("""SELECT has_table_privilege('trauma_app', '"Fälle"."Fall"', 'SELECT')""", copy) == "t"
    for role in ("trauma_app", "trauma_owner", "trauma_report"):
        assert (
            sql(
                f"SELECT has_database_privilege('{role}', datname, 'CONNECT') FROM pg_database WHERE datname LIKE 'Ünï%restored%'"
            )
            == "f"
        )
    record = last_record()
    assert (record["verb"], record["outcome"]) == ("restore_database", "success")
    assert record["figures"]["rows"] == figures["rows"] == 1200
    assert "from backup" in sql(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname LIKE 'Ünï%restored%'"
    )


def test_a_table_comes_back_with_its_partitions_and_no_other_rows(moments):
    run = play(
        "restore",
        *value(
            restore_database=DATABASE, restore_table="public.part", restore_into="copy 1", restore_target_time=moments
        ),
    )
    assert run.succeeded, run.output[-3000:]
    assert sql(COUNT, "copy 1") == "0|700"
    assert sql('SELECT count(*) FROM "Fälle".part_2', "copy 1") != "0"


def test_what_cannot_be_is_refused_and_changes_nothing():
    before = sql("SELECT string_agg(datname, ' ' ORDER BY 1) FROM pg_database")
    for given, said in (
        (
            {"restore_database": DATABASE, "restore_into": "copy 1"},
            "there is a database 'copy 1' already, and nothing is written over",
        ),
        ({"restore_database": "truama"}, "has a database 'truama'; there is: trauma"),
        ({"restore_table": "trauma.trauma_case"}, "restore_database '' cannot be used"),
    ):
        run = play("restore", *value(**given))
        assert run.status != 0
        assert run.says(said), run.output[-3000:]
        assert run.says("Nothing was changed")
        assert run.changed == {}
        assert last_record()["outcome"] == "refused"
    assert sql("SELECT string_agg(datname, ' ' ORDER BY 1) FROM pg_database") == before


def test_a_load_that_is_killed_leaves_neither_data_nor_a_name():
    """The work on the database's host is killed while it loads; the run undoes what was there."""
    argv = [
        "ansible-playbook",
        "traumalink.ops.restore",
        *value(restore_database=DATABASE, restore_into="copy 2", restore_target_name=POINT),
    ]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment) as run:
        at("db1").run(
            'for _ in $(seq 4000); do [ -n "$(runuser -u postgres -- psql -XAtc "SELECT 1 FROM pg_database WHERE datname LIKE \'traumalink_restoring%\'")" ] '
            "&& systemctl kill -s KILL 'traumalink-2*.service' && break; sleep 0.05; done"
        )
        output, _ = run.communicate(timeout=300)
    assert run.returncode != 0
    assert "did not end by itself" in output
    assert sql("SELECT count(*) FROM pg_database WHERE datname = 'copy 2'") == "0"
    record = last_record()
    assert (record["verb"], record["outcome"]) == ("restore_database", "rolled_back")
