"""The database host is lost, and everything that was archived comes back; what must be refused is, and changes nothing."""

import os
import subprocess

import pytest
from demo import Demo
from faults import await_segment
from flows import LAB, ROOT, at, lab, play, session, sql
from restore_combinations import covers
from secret_watch import SecretWatch, lab_secrets, see_nothing_secret
from site_access import Site

CASES = 2000
DATA = "/var/lib/postgresql"


def set_by_hand(**settings):
    """Give the server higher settings than the inventory knows of, as somebody may do who never tells; nobody works meanwhile."""
    lines = "".join(f"{name} = {value}\\n" for name, value in settings.items())
    at("db1").check_output(
        f"printf '{lines}' > $(ls -d /etc/postgresql/*/main)/conf.d/90-by-hand.conf && systemctl restart 'postgresql@*-main.service' && echo done"
    )
    assert {name: int(sql(f"SHOW {name}")) for name in settings} == settings
    sql(
        "SELECT pg_reload_conf()"
    )  # else a server that was just started heeds its archive_timeout after five minutes only


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Give the site with a backup, cases before and after it, and everything archived."""
    demo = Demo(Site(LAB, tmp_path_factory.mktemp("logs")), CASES, lose_tail=False)
    first = int(sql("SELECT coalesce(max(case_id), 0) + 1 FROM trauma.trauma_case", "trauma"))
    demo.next_case = first
    set_by_hand(max_worker_processes=20)
    demo.load(CASES)
    demo.site.playbook("backup", "-e", "backup_type=full")
    demo.load(500)
    demo.post(20)
    demo.wait_until_reported()
    return demo


def fingerprint():
    """Give what must not change when a restore is refused."""
    started = sql("SELECT pg_postmaster_start_time()")
    return started, at("db1").check_output(f"ls {DATA}/*; systemctl is-active pgbackrest")


def committed_and_archived(site):
    """Enter cases, wait until the archive has them, and give the sums of every table.

    Something must be committed first: a server that only idles has nothing to archive, so its current segment never comes.
    """
    site.post(5)
    site.wait_until_reported()
    sums = site.sums()
    site.wait_until_archived(sums["lsn"])
    return sums


@pytest.mark.parametrize("confirm", ["", "Lab"])
def test_a_restore_that_nobody_confirmed_is_refused(site, confirm):
    before = fingerprint()
    run = play("restore", *(["-e", f"restore_confirm={confirm}"] if confirm else []))
    assert run.status != 0
    assert run.says("To go on, repeat the site's name: -e restore_confirm=lab"), run.output[-2000:]
    assert run.says("Nothing was changed")
    assert run.changed == {}
    assert fingerprint() == before


def test_a_target_without_room_is_refused(site):
    before = fingerprint()
    at("db1").check_output("mkdir -p /srv/small && mount -t tmpfs -o size=64m none /srv/small && echo done")
    try:
        run = play("restore", "-e", "restore_confirm=lab", "-e", "postgresql_data_directory=/srv/small/main")
        assert run.status != 0
        assert run.says("the file system mounted at /srv/small has 0.1 GiB free, the restore needs"), run.output[-2000:]
        assert run.says("or mount a larger disk there. Nothing was changed")
        assert run.changed == {}
    finally:
        at("db1").check_output("umount /srv/small && echo done")
    assert fingerprint() == before


def test_a_restore_to_where_no_server_looks_is_refused(site):
    before = fingerprint()
    run = play("restore", "-e", "restore_confirm=lab", "-e", "postgresql_data_directory=/srv/elsewhere/main")
    assert run.status != 0
    assert run.says("/main, not in /srv/elsewhere/main; set postgresql_data_directory to"), run.output[-2000:]
    assert run.says("Nothing was changed")
    assert run.changed == {}
    assert fingerprint() == before


def test_check_mode_says_what_would_be_done_and_does_nothing(site):
    before = fingerprint()
    run = play("restore", "--check", "-e", "restore_confirm=lab")
    assert run.succeeded, run.output[-3000:]
    assert run.says("keep the old data aside as")
    assert not run.says("lab serves again")
    assert fingerprint() == before
    assert at("app1").run("systemctl is-active 'trauma-web@blue'").stdout.strip() == "active"


def test_a_restore_with_another_passphrase_is_refused_while_everything_runs(site):
    before = fingerprint()
    run = play("restore", "-e", "restore_confirm=lab", "-e", "backup_cipher_passphrase=not-the-one-that-opens-this")
    assert run.status != 0
    assert run.says("the passphrase does not open this repository"), run.output[-2000:]
    assert run.changed == {}
    assert fingerprint() == before


def test_a_site_with_an_archive_that_is_cut_short_is_refused_before_anything_changes(site, tmp_path):
    archive = LAB / "releases" / "trauma-1.0.0.tar.gz"
    (tmp_path / archive.name).write_bytes(archive.read_bytes()[:-5000])
    (tmp_path / f"{archive.name}.sig").write_bytes(archive.with_name(f"{archive.name}.sig").read_bytes())
    run = play("site", "-e", f"deploy_archive={tmp_path / archive.name}")
    assert run.status != 0
    assert run.says("is cut short"), run.output[-2000:]
    assert run.changed == {}


@covers("end", "new", "empty")
def test_the_lost_host_comes_back_with_every_archived_row(site):
    # The first is in every backup; the second comes after the last one, so the replay itself meets it.
    set_by_hand(max_worker_processes=20, max_connections=150)
    sums = committed_and_archived(site)
    assert site.sums()["tables"] == sums["tables"], "something was written meanwhile"
    lab("lose", "db1")
    lab("up", "db1")
    refused = play("site")
    assert refused.status != 0
    assert refused.says("an empty database would take its place. Bring it back with traumalink.ops.restore"), (
        refused.output[-2000:]
    )
    assert refused.changed == {}
    summary = site.site.playbook("restore", "-e", "restore_confirm=lab")["restore"]
    assert site.sums()["tables"] == sums["tables"]
    assert float(summary["rto_seconds"]) > 0
    assert float(summary["rpo_seconds"]) == 0
    for name, value in (("max_worker_processes", "8"), ("max_connections", "100")):
        assert sql(f"SHOW {name}") == value, "the inventory's value holds again"
    assert sql("SELECT count(*) FROM pg_settings WHERE pending_restart") == "0"
    log = at("db1").check_output("cat /var/log/postgresql/postgresql-*-main.log")
    assert "insufficient parameter settings" in log, "the replay met the higher setting, and went on with it"
    assert sql("SELECT pg_is_in_recovery()") == "f"
    assert sql("SHOW data_checksums") == "on"
    newest = at("ops1").check_output("runuser -u pgbackrest -- pgbackrest info --output=json")
    assert f'"label":"{summary["backup"]}"' in newest
    assert newest.rindex('"type":"full"') > newest.index(summary["backup"]), "a fresh full backup is the newest set"


def test_the_site_is_as_deployed_after_the_restore(site):
    run = play("site")
    assert run.succeeded, run.output
    assert run.changed == {}


@covers("lsn", "new", "empty")
def test_a_restore_that_was_killed_is_completed_by_the_next(site):
    sums = committed_and_archived(site)
    # Behind the position something goes on, which must not come back.
    _message, segment = session(
        "SELECT pg_logical_emit_message(true, 'traumalink', 'a commit behind the position')",
        "CREATE TABLE public.behind_the_position ()",
        "SELECT pg_walfile_name(pg_switch_wal())",
        database="trauma",
    )
    await_segment(segment)
    lab("lose", "db1")
    lab("up", "db1")
    along = f"restore_timeline={int(segment[:8], 16)}"
    wanted = ("-e", "restore_confirm=lab", "-e", f"restore_target_lsn={sums['lsn']}", "-e", along)
    argv = ["ansible-playbook", "traumalink.ops.restore", *wanted]
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, text=True, env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    ) as run:
        assert run.stdout is not None
        for line in run.stdout:
            if "Bring it back" in line:
                # The engine itself is killed in the middle, and the controller with it.
                at("db1").run("for _ in $(seq 1200); do pkill -9 -f 'pgbackrest.*[r]estore' && break; sleep 0.05; done")
                run.kill()
                break
    # A deployment must not take half a database for one.
    refused = play("site", "-e", "backup_loss_confirm=lab")
    assert refused.status != 0
    assert refused.says(
        "on db1 was cut off while it copied. Finish it with traumalink.ops.restore -e restore_confirm=lab"
    )
    assert refused.changed == {}
    with SecretWatch(lab_secrets()) as watch:
        restored = play("restore", "-vvv", "--diff", *wanted)
    assert restored.succeeded, restored.output[-3000:]
    see_nothing_secret(watch, {"restore": restored})
    assert site.sums()["tables"] == sums["tables"]
    assert sql("SELECT to_regclass('public.behind_the_position') IS NULL", "trauma") == "t"
    assert at("db1").run(f"ls {DATA}/*/*.restoring").rc != 0


def test_a_restore_that_nobody_concluded_is_served_only_where_somebody_agrees():
    # What a restore leaves that was killed, or found a gap in the WAL, after the server had opened the data for writes.
    main = at("db1").check_output(f"ls -d {DATA}/*/main")
    at("db1").check_output(f"stat -c %i {main} > {main}.restoring && echo done")
    refused = play("site")
    assert refused.status != 0
    assert refused.says(f"A restore into {main} on db1 was never concluded"), refused.output[-2000:]
    assert refused.changed == {}
    agreed = play("site", "-e", "backup_loss_confirm=lab")
    assert agreed.succeeded, agreed.output[-3000:]
    assert not at("db1").file(f"{main}.restoring").exists
