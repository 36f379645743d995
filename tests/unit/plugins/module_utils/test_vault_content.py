"""How long WAL can wait for a new ops host."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ansible_collections.traumalink.ops.plugins.module_utils.vault_content import days_left, wal_bytes_a_day
from ansible_collections.traumalink.ops.plugins.module_utils.wal import SEGMENT_BYTES, segment_name
from ansible_collections.traumalink.ops.plugins.module_utils.wal_archive import Archived, WalArchive

AT = datetime(2026, 11, 25, 3, tzinfo=UTC)


def archive(*numbers: int) -> WalArchive:
    """Return an archive with a segment every hour; the one of number 30 came at AT."""
    names = {segment_name(1, number): number for number in numbers}
    return WalArchive({name: Archived(name, 1, AT - timedelta(hours=30 - number)) for name, number in names.items()})


def test_the_last_day_tells_how_much_wal_there_is() -> None:
    assert wal_bytes_a_day(archive(*range(1, 31))) == 24 * SEGMENT_BYTES
    assert wal_bytes_a_day(archive()) == 0


def test_days_until_the_disk_is_full_and_a_quiet_database_has_a_number_too() -> None:
    assert days_left(10 * 24 * SEGMENT_BYTES, 24 * SEGMENT_BYTES) == 9.0
    assert days_left(10 * SEGMENT_BYTES, 0) == 9.0
