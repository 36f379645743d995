"""What a vault would bring back, and how long WAL can wait for a new ops host."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest import Backup, Stanza
from ansible_collections.traumalink.ops.plugins.module_utils.vault_content import (
    VaultContentError,
    content_of_vault,
    days_left,
)
from ansible_collections.traumalink.ops.plugins.module_utils.wal import SEGMENT_BYTES, segment_name
from ansible_collections.traumalink.ops.plugins.module_utils.wal_archive import Archived, WalArchive

AT = datetime(2026, 11, 25, 3, tzinfo=UTC)


def archive(*numbers: int) -> WalArchive:
    """Return an archive with a segment every hour; the one of number 30 came at AT."""
    names = {segment_name(1, number): number for number in numbers}
    return WalArchive({name: Archived(name, 1, AT - timedelta(hours=30 - number)) for name, number in names.items()})


SET = Backup("A", "full", None, "", "", 2, "", "", segment_name(1, 5), segment_name(1, 6), 10, 10, 1, False, "15-1")
STANZA = Stanza("lab", 0, "ok", 7, None, None, (SET,), "15-1")


def test_all_wal_from_the_newest_set_comes_back() -> None:
    found = content_of_vault(STANZA, archive(*range(1, 31)), "/v").facts()
    assert (found["newest"]["label"], found["wal_max"], found["timeline"]) == ("A", segment_name(1, 30), 1)
    assert found["wal_max_at"] == "2026-11-25T03:00:00+00:00"
    assert found["wal_bytes_a_day"] == 24 * SEGMENT_BYTES


def test_a_missing_segment_is_named_and_nothing_begins() -> None:
    with pytest.raises(VaultContentError, match=f"{segment_name(1, 20)} is missing .* Nothing was changed"):
        content_of_vault(STANZA, archive(*range(1, 20), *range(21, 31)), "/v")


def test_a_vault_without_a_set_is_none() -> None:
    with pytest.raises(VaultContentError, match="/v holds no backup of lab; mount the vault there"):
        content_of_vault(Stanza("lab", 0, "ok", 7, None, None, (), "15-1"), archive(1), "/v")


def test_days_until_the_disk_is_full_and_a_quiet_database_has_a_number_too() -> None:
    assert days_left(10 * 24 * SEGMENT_BYTES, 24 * SEGMENT_BYTES) == 9.0
    assert days_left(10 * SEGMENT_BYTES, 0) == 9.0
