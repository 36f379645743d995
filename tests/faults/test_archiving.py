"""Archiving that is broken is told, loses nothing, and goes on by itself once the cause is gone."""

from contextlib import contextmanager

import pytest
from faults import (
    REPOSITORY,
    alarms,
    await_archived,
    await_on,
    commit,
    info,
    proven_backup,
    silent_for_long,
    switch_off,
    switch_on,
    watched,
)
from flows import at, sql

TLS = "/etc/traumalink/tls"


@pytest.fixture(scope="module", autouse=True)
def quiet():
    """See that nothing is critical before, and nothing is afterwards."""
    proven_backup()
    assert alarms() == set()
    yield
    switch_on("ops1")  # where a flow has ended before it did so itself
    assert alarms() == set()


@contextmanager
def a_key_of_somebody_else():
    """Give the database host a key and a certificate that are not the site's."""
    made = f"openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=db1 -days 2 -keyout /run/other.key -out /run/other.crt 2>&1 && cp -a {TLS}/host.* /run/"
    # Written into the files, which keep their owner and mode.
    at("db1").check_output(
        f"{made} && cat /run/other.key >{TLS}/host.key && cat /run/other.crt >{TLS}/host.crt && echo done"
    )
    try:
        yield
    finally:
        at("db1").check_output(
            f"cat /run/host.key >{TLS}/host.key && cat /run/host.crt >{TLS}/host.crt && rm /run/host.* /run/other.* && echo done"
        )


@contextmanager
def a_repository_without_room():
    """Give the repository a file system on which nothing more has room; it goes when the host's power goes, with which this ends.

    Meanwhile its server is stopped, so that nothing is archived that would go with it; and the server has a view of its own of the mounts, from its start.
    """
    size = f"$(( $(du -sk {REPOSITORY} | cut -f1) + 3072 ))k"
    steps = (
        f"systemctl stop pgbackrest && cp -a {REPOSITORY} /srv/repository",
        f"mount -t tmpfs -o size={size},mode=0750 none {REPOSITORY} && cp -a /srv/repository/. {REPOSITORY}/ && rm -r /srv/repository",
        f"(head -c 1G /dev/zero >{REPOSITORY}/filler; systemctl start pgbackrest) && echo done",
    )
    try:
        at("ops1").check_output(" && ".join(steps))
        yield
    finally:
        switch_off("ops1")


def ended_segment():
    """Commit a row and end its segment, so that it is to be archived at once; wait until that has failed."""
    failed = int(sql("SELECT failed_count FROM pg_stat_archiver"))
    row = commit()
    sql("SELECT pg_switch_wal()")
    asked = "runuser -u postgres -- psql -XAtc 'SELECT failed_count FROM pg_stat_archiver'"
    await_on("db1", f"[ $({asked}) -gt {failed} ]", 180)
    return row


def test_whatever_breaks_it_is_told_and_every_row_arrives_when_all_is_well_again():
    with a_key_of_somebody_else():
        kept_from_it = ended_segment()
        with silent_for_long():
            assert alarms() == {"wal_late"}
    await_archived(kept_from_it)
    with a_repository_without_room():
        rows = [ended_segment()]
        assert "room" in alarms()
        assert watched()['repository_free_bytes{site="lab"}'] < 16 * 1024**2
    # Now the repository's host is off; the database goes on.
    rows.append(ended_segment())
    waiting = at("db1").check_output("ls /var/lib/postgresql/*/main/pg_wal/archive_status | grep -c ready$")
    assert int(waiting) >= 2
    switch_on("ops1")
    await_archived(*rows)
    assert all(row.there for row in (kept_from_it, *rows))
    assert info()["status"]["message"] == "ok"
