"""To a restore point, a time, a position, a transaction; up to a gap; along a timeline that was left: exactly the rows of that moment come back."""

import json
import os
import re
import subprocess
import time
from dataclasses import dataclass
from datetime import datetime

import pytest
from flows import ROOT, at, play, sql

DATA = "/var/lib/postgresql"
POINT = "before it's 升级"
STRANGE = 'Ünï "quoted" 创伤'
LAST = 6
# What people put into databases; the sums below see each of them.
MAKE = """
    CREATE TABLE "Patient 病人" (id bigserial PRIMARY KEY, kg numeric, g numeric GENERATED ALWAYS AS (kg * 1000) STORED, "it's" text) TABLESPACE other;
    INSERT INTO "Patient 病人" (kg, "it's") SELECT n, repeat('x', 9000) || n FROM generate_series(1, 300) n;
    CREATE TABLE event (at date, note text) PARTITION BY RANGE (at);
    CREATE TABLE event_26 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') TABLESPACE other;
    CREATE TABLE event_rest PARTITION OF event DEFAULT;
    INSERT INTO event SELECT date '2026-11-01' + n, 'n' || n FROM generate_series(1, 200) n;
    SELECT lo_from_bytea(4711, convert_to('large 对象', 'UTF8'));
"""
SUMS = """
    SELECT (SELECT count(*) || ' ' || sum(hashtext(p::text)::bigint) FROM "Patient 病人" p), (SELECT last_value FROM "Patient 病人_id_seq"),
    (SELECT count(*) || ' ' || sum(hashtext(e::text || tableoid::regclass)::bigint) FROM event e), convert_from(lo_get(4711), 'UTF8'),
    (SELECT spcname FROM pg_class c JOIN pg_tablespace t ON t.oid = reltablespace WHERE relname = 'event_26')
"""


@dataclass(frozen=True)
class Step:
    """A row that was committed alone in its segment: its number, transaction, a position and time behind its commit, and its segment."""

    id: int
    xid: str
    lsn: str
    at: str
    segment: str


def step(number):
    """Commit one row, and begin another segment."""
    xid = sql(f"INSERT INTO public.step VALUES ({number}) RETURNING pg_current_xact_id()", "trauma")
    sql("SELECT pg_logical_emit_message(false, 'traumalink', 'a record behind the commit')", "trauma")
    lsn = sql("SELECT pg_current_wal_insert_lsn()")
    now = sql(
        "SELECT to_char(clock_timestamp() AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI:SS.US') || ' Asia/Shanghai'"
    )
    sql("SELECT pg_logical_emit_message(true, 'traumalink', 'a commit behind the time')", "trauma")
    return Step(number, xid, lsn, now, sql("SELECT pg_walfile_name(pg_switch_wal())"))


def rows():
    """Give the rows that are there."""
    return [int(line) for line in sql("SELECT id FROM public.step ORDER BY id", "trauma").split()]


def restore(**wanted):
    """Restore, and return the run with what it reported."""
    environment = {"ANSIBLE_SHOW_CUSTOM_STATS": "true", "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}
    run = play("restore", "-e", json.dumps({"restore_confirm": "lab", **wanted}), **environment)
    found = re.search(r"^CUSTOM STATS: \*+\s+RUN: (\{.*\})\s*$", run.output, re.M)
    return run, json.loads(found[1])["restore"] if found else {}


def labels():
    """Give the sets of the repository, oldest first."""
    (stanza,) = json.loads(at("ops1").check_output("runuser -u pgbackrest -- pgbackrest info --output=json"))
    return [backup["label"] for backup in stanza["backup"]]


@pytest.fixture(scope="module")
def story():
    """Give six rows, each in a segment of its own, behind a full backup with a strange database; with a restore point behind the third."""
    sql("DROP TABLE IF EXISTS public.step; CREATE TABLE public.step (id int PRIMARY KEY)", "trauma")
    if "other" not in sql("SELECT spcname FROM pg_tablespace"):
        at("db1").check_output("install -d -o postgres -g postgres -m 0700 /srv/other && echo done")
        sql("CREATE TABLESPACE other LOCATION '/srv/other'")
        sql(f"""CREATE DATABASE "{STRANGE.replace('"', '""')}" """)
        sql(MAKE, STRANGE)
    assert play("backup", "-e", "backup_type=full").succeeded
    steps = [step(number) for number in (1, 2, 3)]
    sql(f"SELECT pg_create_restore_point($${POINT}$$)")
    for number in range(4, LAST + 1):
        steps.append(step(number))
        sql("SELECT pg_create_restore_point('twice')")
    step(LAST + 1)
    last = sql("SELECT pg_walfile_name(pg_switch_wal())")
    for _ in range(100):
        if sql("SELECT last_archived_wal FROM pg_stat_archiver") >= last:
            break
        time.sleep(0.3)
    timeline = int(steps[0].segment[:8], 16)
    return steps, labels()[-1], timeline, sql(SUMS, STRANGE)


def archived(segment):
    """Give the file of a segment in the repository."""
    return at("ops1").check_output(f"ls /var/lib/pgbackrest/archive/lab/*/*/{segment}-*").strip()


@pytest.fixture
def gap(story):
    """Take the fifth row's segment out of the repository, for a test."""
    file = archived(story[0][4].segment)
    at("ops1").check_output(f"mv {file} /var/lib/pgbackrest/away && echo done")
    yield story[0][4].segment
    at("ops1").check_output(f"mv /var/lib/pgbackrest/away {file} && echo done")


def fingerprint():
    """Give what must not change when a restore is refused."""
    return sql("SELECT pg_postmaster_start_time()"), at("db1").check_output(f"ls {DATA}/* /srv/other")


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ({"restore_target_time": "2026-11-29 03:15:00"}, "has no time zone, so it may be any of 24 hours"),
        (
            {"restore_target_name": "twice"},
            'restore point "twice" can mean 3 things; choose by restore_target_lsn instead',
        ),
    ],
)
def test_a_target_without_one_meaning_is_refused_with_the_possible_range(story, wanted, why):
    before = fingerprint()
    run, _summary = restore(**wanted)
    assert run.status != 0
    assert run.says(why), run.output[-3000:]
    assert run.says("Possible is any time from ")
    assert run.says("Nothing was changed")
    assert run.changed == {}
    assert fingerprint() == before


def test_a_missing_segment_on_the_way_is_refused_with_the_time_at_stake(story, gap):
    before = fingerprint()
    run, _summary = restore()
    assert run.status != 0
    assert run.says(f"WAL segment {gap} is missing in the repository: what was committed after "), run.output[-3000:]
    assert run.changed == {}
    assert fingerprint() == before


def test_a_restore_point_brings_back_what_was_there_and_keeps_the_data_aside(story):
    steps, label, timeline, sums = story
    run, summary = restore(restore_target_name=POINT, restore_set=label)
    assert run.succeeded, run.output[-3000:]
    assert rows() == [1, 2, 3]
    assert sql(SUMS, STRANGE) == sums
    assert summary["backup"] == label
    assert int(summary["timeline"]) == timeline + 1
    assert float(summary["rpo_seconds"]) == 0
    assert datetime.fromisoformat(summary["last_commit"]) <= datetime.fromisoformat(
        steps[3].at.replace(" Asia/Shanghai", "+08:00")
    )
    assert run.says("Is lost: every later commit; the archive holds them up to")
    kept = summary["kept_aside"]
    assert at("db1").file(f"{kept}/PG_VERSION").exists
    assert at("db1").check_output("ls -d /srv/other/PG_*.before-restore-*")
    assert labels()[-1] > label, "a fresh full backup"


def test_a_restore_that_was_killed_is_not_mixed_with_another(story):
    steps, label, timeline, sums = story
    argv = ["ansible-playbook", "traumalink.ops.restore", "-e"]
    wanted = {"restore_confirm": "lab", "restore_target_xid": steps[1].xid, "restore_timeline": str(timeline)}
    with subprocess.Popen(
        [*argv, json.dumps(wanted)], stdout=subprocess.PIPE, text=True, env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    ) as run:  # fmt: skip
        assert run.stdout is not None
        for line in run.stdout:
            if "Bring it back" in line:
                # Once its first file is there: from then on it is data of another moment.
                laid = f"ls {DATA}/*/main/backup.manifest"
                at("db1").run(
                    f"for _ in $(seq 900); do {laid} && pkill -9 -f 'pgbackrest.*[r]estore' && break; sleep 0.02; done"
                )
                run.kill()
                break
    # On the timeline that the first restore has left: its rows are there still.
    again, summary = restore(restore_target_time=steps[3].at, restore_timeline=str(timeline))
    assert again.succeeded, again.output[-3000:]
    assert rows() == [1, 2, 3, 4]
    assert sql(SUMS, STRANGE) == sums
    assert summary["backup"] == label
    assert summary["kept_aside"], "what the first one had laid down"


def test_up_to_a_gap_and_no_further_once_the_loss_is_repeated(story, gap):
    steps, _label, timeline, sums = story
    refused, _summary = restore(restore_timeline=str(timeline))
    (words,) = {
        found.replace("''", "'") for found in re.findall(r'restore_accept_loss\\?": \\?"([^"\\]+)', refused.output)
    }
    assert words.startswith("lose every commit after ")
    run, summary = restore(restore_timeline=str(timeline), restore_accept_loss=words, restore_delta=True)
    assert run.succeeded, run.output[-3000:]
    assert rows() == [1, 2, 3, 4]
    assert sql(SUMS, STRANGE) == sums
    assert float(summary["rpo_seconds"]) > 0
    assert at("db1").file(f"{summary['kept_aside']}/PG_VERSION").exists, "in place, and a copy of the old data is kept"
    assert summary["wal_max"] < gap <= steps[4].segment


def test_the_site_serves_as_deployed_after_restores_to_targets(story):
    run = play("site")
    assert run.succeeded, run.output
    assert run.changed == {}
