"""Database host and repository's host lose their power at the same moment, in the middle of a backup: everything comes back by itself."""

from faults import (
    ENGINE,
    await_archived,
    await_on,
    begun,
    carried_out,
    commit,
    info,
    nothing_is_left,
    switch_off,
    switch_on,
)
from flows import at, sql
from operations import entries, last_record


def test_both_hosts_switched_off_in_a_backup_come_back_with_every_row():
    known = entries()
    rows = [commit() for _ in range(20)]
    process = begun("backup", "-e", "backup_type=full")
    await_on("ops1", ENGINE)
    rows.append(commit())
    switch_off("db1", "ops1")
    switch_on("db1", "ops1")
    process.communicate(timeout=300)
    assert process.returncode != 0
    # Nobody helps: systemd starts what was running before.
    for host in ("db1", "ops1"):
        await_on(host, "systemctl is-active --quiet pgbackrest")
    await_on("db1", "runuser -u postgres -- psql -XAtc 'SELECT NOT pg_is_in_recovery()' 2>/dev/null | grep -q t")
    assert all(row.there for row in rows)
    rows.append(commit())
    sql("SELECT pg_switch_wal()")
    await_archived(*rows)
    assert at("ops1").service("traumalink-backup-watch.timer").is_running
    assert entries()[: len(known)] == known
    again = carried_out("backup")
    assert again.succeeded, again.output[-3000:]
    assert last_record()["outcome"] == "success"
    assert info()["status"]["message"] == "ok"
    nothing_is_left()
