"""The second repository: what was verified of it is kept, and what it says of itself now is told."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest import BackupError
from ansible_collections.traumalink.ops.plugins.module_utils.second_repository import (
    SecondState,
    read_second,
    second_now,
    write_second,
)
from ansible_collections.traumalink.ops.plugins.module_utils.wal import segment_name
from ansible_collections.traumalink.ops.plugins.module_utils.wal_archive import Archived, WalArchive
from backup_samples import NOW, full, stanza

KEPT = SecondState(full().label, NOW)


@dataclass
class Engine:
    """A second repository in memory: what its `info` says."""

    said: Any

    def info(self) -> Any:
        if isinstance(self.said, Exception):
            raise self.said
        return self.said


def now(said: Any, kept: SecondState = KEPT) -> SecondState:
    """Return how it stands where the first repository has segments 5 to 7, that came in 3, 2 and 1 minutes ago."""
    ages = {segment_name(1, 8 - minutes): NOW - timedelta(minutes=minutes) for minutes in (3, 2, 1)}
    first = WalArchive({name: Archived(name, 1, at) for name, at in ages.items()})
    return second_now(Engine(said), first, kept)  # type: ignore[arg-type]


def test_what_was_verified_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "second.json"
    assert read_second(path) == SecondState(), "before anything was"
    for state in (KEPT, SecondState("A", NOW, "无法连接"), SecondState(problem="never came in")):
        write_second(state, getpass.getuser(), path)
        assert read_second(path) == state
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"label": "A", "verified_at": 3, "problem": ""}'])
def test_a_damaged_file_has_verified_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "second.json").write_text(text)
    assert read_second(tmp_path / "second.json") == SecondState()


def test_one_that_has_all_wal_is_well() -> None:
    assert now(stanza(full(), wal_max=segment_name(1, 7))) == KEPT


@pytest.mark.parametrize(("wal_max", "minutes"), [(segment_name(1, 6), 1), (segment_name(1, 5), 2), (None, 3)])
def test_one_that_lags_behind_tells_since_when(wal_max: str | None, minutes: int) -> None:
    assert now(stanza(full(), wal_max=wal_max)).behind_since == NOW - timedelta(minutes=minutes)


def test_one_that_cannot_be_read_is_a_problem_and_not_an_error() -> None:
    assert now(BackupError("unable to connect")) == SecondState(KEPT.label, NOW, "unable to connect")


def test_one_that_has_lost_the_set_is_a_problem() -> None:
    assert "is gone" in now(stanza(full(1), wal_max=segment_name(1, 7))).problem
    assert now(stanza(), SecondState()).problem == "", "nothing was verified in it yet, which is told otherwise"
