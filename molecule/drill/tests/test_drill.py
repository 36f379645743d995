"""Backups are proven by bringing them back; what is damaged is named; nothing of it stays, and neither repository nor production notices."""

import json
import os
import subprocess

import pytest
from flows import ROOT, at, play, sql
from operations import last_record
from site_access import reported

HOME, REPOSITORY = "/var/lib/traumalink-drill", "/var/lib/pgbackrest"
RESULTS = "/var/lib/traumalink-backup/drills"
ENVIRONMENT = {"ANSIBLE_SHOW_CUSTOM_STATS": "true", "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}
# Changes one byte in the middle of a file, and changes it back when it is called again.
FLIP = "import sys; f = open(sys.argv[1], 'r+b'); n = f.seek(0, 2) // 2; f.seek(n); b = f.read(1)[0]; f.seek(n); f.write(bytes([b ^ 1]))"


@pytest.fixture(scope="module", autouse=True)
def label():
    """Give the label of a full backup with rows, large objects, a tablespace and odd names, which are gone afterwards."""
    clear()
    sql('CREATE DATABASE "Ünï ""quoted"" 创伤"')
    sql(
        'CREATE TABLE "Tä""b" AS SELECT generate_series(1, 500) AS "Spälte"; SELECT lo_from_bytea(0, \'\\xdeadbeef\')',
        'Ünï "quoted" 创伤',
    )
    at("db1").check_output("install -d -o postgres -m 0700 /srv/fast && echo done")
    sql("CREATE TABLESPACE fast LOCATION '/srv/fast'")
    sql("CREATE TABLE in_tablespace TABLESPACE fast AS SELECT generate_series(1, 1000) AS id", "trauma")
    run = play("backup", "-e", "backup_type=full", **ENVIRONMENT)
    assert run.succeeded, run.output[-3000:]
    sql("INSERT INTO in_tablespace SELECT generate_series(1, 1000)", "trauma")
    yield reported(run.output)["backup"]["label"]
    clear()


def clear():
    """Remove from the database what these flows have made."""
    sql('DROP DATABASE IF EXISTS "Ünï ""quoted"" 创伤"')
    sql("DROP TABLE IF EXISTS in_tablespace", "trauma")
    sql("DROP TABLESPACE IF EXISTS fast")


@pytest.fixture(autouse=True)
def nothing_stays():
    """See after each flow that no restored data and no process of a drill is left."""
    yield
    assert not at("ops1").file(f"{HOME}/scratch").exists
    assert at("ops1").run("pgrep -u traumalink-drill").stdout == ""


def listed():
    """Give the files of the repository with size and time, without what production adds meanwhile."""
    found = at("ops1").check_output(f"find {REPOSITORY} -type f -printf '%P %s %T@ %i\\n'")
    return set(found.splitlines())


def timelines():
    """Give the timelines that the archive knows."""
    found = at("ops1").check_output(
        f"find {REPOSITORY}/archive -type f -printf '%f\\n' | cut -c1-8 | grep -E '^[0-9A-F]{{8}}' | sort -u"
    )
    return found.split()


def kept(label):
    """Give the result that ops keeps of a set."""
    return json.loads(at("ops1").check_output(f"cat {RESULTS}/{label}.json"))


def failing(label):
    """Run a drill that must fail; return what it says."""
    run = play("drill", "-e", f"drill_set={label}")
    assert run.status != 0
    record = last_record()
    assert (record["verb"], record["outcome"]) == ("drill", "failed")
    assert record["figures"]["backup"] == label
    assert kept(label)["outcome"] == "failed"
    assert kept(label)["reason"] in record["reason"]
    return record["reason"]


def test_a_good_backup_is_proven_and_nobody_notices(label):
    before, known = listed(), timelines()
    run = play("drill", **ENVIRONMENT)
    assert run.succeeded, run.output[-3000:]
    drill = reported(run.output)["drill"]
    assert (drill["label"], drill["outcome"], drill["proof_compared"]) == (label, "success", True)
    checks = {check["name"]: check for check in drill["checks"]}
    assert set(checks) == {
        "wal", "copies", "restore", "content", "replay", "canaries", "amcheck", "dump", "extensions", "collations", "segments", "checksums", "repository",
    }  # fmt: skip
    compared = [check["detail"] for check in drill["checks"] if check["name"] == "content"]
    assert any('of Ünï "quoted" 创伤' in detail for detail in compared)
    assert any("of trauma," in detail for detail in compared)
    assert kept(label) == drill
    assert before - listed() == set(), "every file that was there before is as it was"
    assert timelines() == known, "the drill's own timeline is nowhere in the archive"
    record = last_record()
    assert (record["outcome"], record["clauses"]) == ("success", ["1.7", "4.6", "5.11"])
    assert record["figures"]["rto_seconds"] == drill["seconds"] > 0
    assert record["figures"]["checks_failed"] == 0


def test_the_drills_user_cannot_write_to_the_repository(label):
    as_user = "runuser -u traumalink-drill --"
    assert at("ops1").run(f"{as_user} cat {REPOSITORY}/backup/lab/{label}/backup.manifest >/dev/null").rc == 0
    for path in (REPOSITORY, f"{REPOSITORY}/archive/lab", f"{REPOSITORY}/backup/lab/{label}"):
        assert at("ops1").run(f"{as_user} touch {path}/x").rc != 0
    for path in ("/etc/pgbackrest/pgbackrest.conf", "/etc/traumalink/backup_watch.json"):
        assert at("ops1").run(f"{as_user} cat {path}").rc != 0, "keys that are not the drill's"
    configuration = at("ops1").file("/etc/pgbackrest/drill.conf")
    assert (configuration.user, configuration.group, configuration.mode) == ("root", "traumalink-drill", 0o640)


def test_ops_has_no_cluster_of_its_own():
    assert at("ops1").check_output("pg_lsclusters -h") == ""
    assert f"R! {HOME}/scratch" in at("ops1").file("/etc/tmpfiles.d/traumalink-drill.conf").content_string


def test_a_changed_byte_in_a_file_of_the_backup_is_named_with_its_set(label):
    victim = at("ops1").check_output(
        f"find {REPOSITORY}/backup/lab/{label}/bundle -type f -printf '%s %p\\n' | sort -n | tail -1 | cut -d' ' -f2-"
    )
    at("ops1").check_output("python3 -c %s %s && echo done", FLIP, victim)
    try:
        said = failing(label)
    finally:
        at("ops1").check_output("python3 -c %s %s && echo done", FLIP, victim)
    assert f"restore: backup {label} cannot be restored, its files are damaged or gone: {label}/" in said


def test_a_file_that_is_gone_is_named_with_its_set(label):
    victim = f"{REPOSITORY}/backup/lab/{label}/bundle/1"
    at("ops1").check_output(f"mv {victim} /root/victim && echo done")
    try:
        said = failing(label)
    finally:
        at("ops1").check_output(f"mv /root/victim {victim} && echo done")
    assert f"backup {label} cannot be restored, its files are damaged or gone: {label}/" in said
    assert f"{label}/bundle/1" in said


@pytest.mark.parametrize("which", ["wal_start", "proven_to"])
def test_a_missing_segment_is_named_before_anything_is_restored(label, which):
    # The backup's first one, and one after the backup, of which its proof knows that it was archived.
    name = json.loads(at("ops1").check_output(f"cat /var/lib/traumalink-backup/proofs/{label}.json"))[which]
    path = at("ops1").check_output(f"find {REPOSITORY}/archive/lab -name '{name}-*'")
    at("ops1").check_output(f"mv {path} /root/segment && echo done")
    try:
        said = failing(label)
    finally:
        at("ops1").check_output(f"mv /root/segment {path} && echo done")
    assert f"wal: WAL segment {name} is missing in the repository" in said
    assert [check["name"] for check in kept(label)["checks"]] == ["wal", "repository"]


def test_a_set_that_is_not_there_is_refused():
    run = play("drill", "-e", "drill_set=20200101-000000F")
    assert run.status != 0
    assert run.says("the repository holds no backup 20200101-000000F of lab; there is: "), run.output[-2000:]
    assert last_record()["outcome"] == "refused"


def test_check_mode_restores_nothing():
    known = at("ops1").check_output(f"ls -l --time-style=full-iso {RESULTS}")
    run = play("drill", "--check")
    assert run.succeeded, run.output[-3000:]
    assert at("ops1").check_output(f"ls -l --time-style=full-iso {RESULTS}") == known


@pytest.mark.parametrize("phase", ["while it restores", "while it serves"])
def test_a_drill_that_is_killed_leaves_nothing_and_the_next_succeeds(label, phase):
    reached = {"while it restores": "data/base", "while it serves": "server/.s.PGSQL.5432"}[phase]
    argv = ["ansible-playbook", "traumalink.ops.drill"]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment) as run:
        at("ops1").check_output(
            f"for _ in $(seq 6000); do [ -e {HOME}/scratch/{reached} ] && exit 0; sleep 0.05; done; exit 1; "
        )
        if phase == "while it serves":
            # The server is started anew for each position, so it is asked at once.
            cards = f"cut -d: -f1 /proc/$(head -1 {HOME}/scratch/data/postmaster.pid)/net/dev | tail -n +3"
            found = at("ops1").check_output(
                f"for _ in $(seq 50); do {cards} 2>/dev/null | grep . && exit 0; sleep 0.1; done; exit 1"
            )
            assert found.split() == ["lo"], "the scratch server has no network"
            assert at("ops1").run("ss -Hltn 'sport = :5432'").stdout == ""
        at("ops1").check_output("systemctl kill --signal=KILL 'traumalink-2*' && echo done")
        output, _ = run.communicate(timeout=180)
    assert run.returncode != 0, output[-3000:]
    assert "was killed by signal KILL" in " ".join(output.split()), output[-3000:]
    # By systemd itself, before any other drill comes.
    assert not at("ops1").file(f"{HOME}/scratch").exists
    assert last_record()["outcome"] == "failed"
    again = play("drill")
    assert again.succeeded, again.output[-3000:]
    assert kept(label)["outcome"] == "success"
