"""A restore that runs out of room, or loses its controller at the very end: the old data is untouched, and the next run brings everything back."""

from contextlib import contextmanager

import pytest
from faults import await_archived, begun, carried_out, commit, nothing_is_left
from flows import at, sql
from operations import entries, kill, last_record, until

HOME = "/var/lib/postgresql"
KEPT = f"{HOME}/*/main.before-restore-*"


@pytest.fixture(scope="module", autouse=True)
def file_system():
    """Put the database onto a file system of its own, whose size can be changed; afterwards bring it back.

    The engine's server has a view of its own of the mounts, from its start.
    """
    cluster = at("db1").check_output(f"ls -d {HOME}/*/main | cut -d/ -f5")
    server = f"postgresql@{cluster}-main.service"
    at("db1").check_output(
        f"systemctl stop {server} && mv {HOME} /srv/home && mkdir {HOME} && mount -t tmpfs -o size=16g,mode=0755 none {HOME} && chown postgres: {HOME} "
        f"&& cp -a /srv/home/. {HOME}/ && rm -r /srv/home && systemctl start {server} && systemctl restart pgbackrest && echo done"
    )
    yield
    at("db1").check_output(
        f"rm -rf {KEPT} && systemctl stop {server} && cp -a {HOME} /srv/home && umount {HOME} && rmdir {HOME} && mv /srv/home {HOME} "
        f"&& systemctl start {server} && systemctl restart pgbackrest && echo done"
    )


@contextmanager
def without_room():
    """See that the file system is full as soon as the old data has been put aside: by something else than the restore."""
    full = f"mount -o remount,size=$(( $(df --output=used -k {HOME} | tail -1) + 1024 ))k {HOME}"
    waiting = f"until ls -d {KEPT} >/dev/null 2>&1; do sleep 0.02; done; {full}"
    at("db1").check_output("systemd-run --quiet --collect --unit=glutton sh -c %s && echo done", waiting)
    try:
        yield
    finally:
        at("db1").check_output(f"systemctl stop glutton 2>/dev/null; mount -o remount,size=16g {HOME} && echo done")


def system_identifier(folder):
    """Return which database lies in a folder."""
    told = at("db1").check_output(
        f"$(ls -d /usr/lib/postgresql/*/bin)/pg_controldata {folder} | grep 'system identifier'"
    )
    return told.split()[-1]


def test_a_full_disk_and_a_dead_controller_cost_nothing_but_time():
    rows = [commit() for _ in range(5)]
    sql("SELECT pg_switch_wal()")
    await_archived(*rows)
    identifier, timeline = (
        sql("SELECT system_identifier FROM pg_control_system()"),
        sql("SELECT timeline_id FROM pg_control_checkpoint()"),
    )
    with without_room():
        run = carried_out("restore", "-e", "restore_confirm=lab")
    assert run.status != 0
    assert run.says("no space is left on the file system mounted at "), run.output[-3000:]
    assert last_record()["outcome"] == "failed"
    kept = at("db1").check_output(f"ls -d {KEPT}").split()
    assert len(kept) == 1
    assert system_identifier(kept[0]) == identifier
    # Now with room; the controller dies when the data is back and nothing has been told yet.
    process = begun("restore", "-e", "restore_confirm=lab")
    until(process, "measure | ")
    kill(process)
    known = len(entries())
    again = carried_out("restore", "-e", "restore_confirm=lab")
    assert again.succeeded, again.output[-3000:]
    outcomes = [entry["record"]["outcome"] for entry in entries()[known:]]
    assert outcomes.count("interrupted") == 1
    assert last_record()["outcome"] == "success"
    assert all(row.there for row in rows)
    assert system_identifier(kept[0]) == identifier, "the old data is still there"
    # It goes on from production's own timeline, not from one that a drill has begun.
    history = sql(
        "SELECT pg_read_file(format('pg_wal/%s.history', upper(lpad(to_hex(timeline_id), 8, '0')))) FROM pg_control_checkpoint()"
    )
    assert timeline in [line.split()[0] for line in history.splitlines() if line.strip()]
    nothing_is_left()
