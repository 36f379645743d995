"""What goes from the vault, and when: nothing earlier than it has lain there."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.vault_age import VaultAge, arrived
from backup_samples import NOW
from vault_engine import backup_of, lay_set, lay_wal

FIRST, ITS, SECOND, THIRD = (
    "20261001-010000F",
    "20261001-010000F_20261002-010000I",
    "20261008-010000F",
    "20261015-010000F",
)
SETS = [backup_of(FIRST, 5), backup_of(ITS, 6), backup_of(SECOND, 7), backup_of(THIRD, 9)]


def age(place: Path, **days: int) -> VaultAge:
    """Return the age of a vault in which what has such a part in its path has lain for so many days; else 50."""

    def since(path: Path) -> datetime:
        return NOW - timedelta(days=next((days[name] for name in days if name.removeprefix("_") in str(path)), 50))

    return VaultAge(place, "lab", NOW, 30, since)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Give a vault with three full sets."""
    for number, backup in enumerate(SETS, 5):
        lay_set(tmp_path, backup.label, number)
    return tmp_path


def test_the_newest_full_set_that_is_old_covers_the_time_and_those_before_it_go(place: Path) -> None:
    assert age(place).old_sets(SETS) == [FIRST, ITS, SECOND]
    assert age(place, _20261015=3).old_sets(SETS) == [FIRST, ITS]
    assert age(place, _20261015=3, _20261008=10).old_sets(SETS) == []


def test_a_label_makes_no_set_older_than_it_has_lain_there(place: Path) -> None:
    lay_set(place, "20200101-000000F", 1)
    assert age(place, _20200101=1).old_sets([backup_of("20200101-000000F", 1), *SETS]) == [FIRST, ITS, SECOND]
    assert age(place, _20261002=1).old_sets(SETS) == [SECOND], "a set stays with what builds on it"


def test_a_set_whose_manifest_is_gone_is_not_judged(place: Path) -> None:
    (place / "backup/lab" / THIRD / "backup.manifest").unlink()
    assert age(place).old_sets(SETS) == [FIRST, ITS]


def test_wal_goes_only_where_no_set_that_is_kept_needs_it_and_it_is_old(place: Path) -> None:
    for number in range(1, 9):
        lay_wal(place, number)
    other = lay_wal(place, 1, "15-2")
    history = place / "archive/lab/15-1/00000002.history"
    history.write_text("1")
    # A forged set may say that it needs nothing earlier: the others still count.
    kept = [backup_of(SECOND, 7), backup_of(THIRD, 900)]
    age(place, _000000010000000000000003=2).remove([], kept)
    left = sorted(path.name[:24] for path in (place / "archive/lab/15-1").rglob("*-aa.zst"))
    assert [int(name[-2:], 16) for name in left] == [3, 7, 8]
    assert history.exists()
    assert not (place / other).exists(), "no set of that database is kept"


def test_without_any_set_all_wal_stays(place: Path) -> None:
    path = lay_wal(place, 1)
    age(place).remove([], [])
    assert (place / path).exists()


def test_half_a_copy_goes_when_it_is_old(place: Path) -> None:
    for label in (FIRST, SECOND):
        (place / "backup/lab" / label / "backup.manifest").unlink()
    age(place, _20261008=2).remove([], SETS)
    assert [(place / "backup/lab" / label).exists() for label in (FIRST, ITS, SECOND, THIRD)] == [
        False,
        True,
        True,
        True,
    ]


def test_the_time_of_a_file_s_content_is_not_the_time_since_which_it_is_there(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("x")
    before = arrived(path)
    os.utime(path, (1, 1))
    assert arrived(path) >= before
