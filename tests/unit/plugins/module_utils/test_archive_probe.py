"""A quiet archive is asked for a segment once; a silent one is not filled with questions."""

from __future__ import annotations

import getpass
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.archive_probe import Probe
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest import PgBackRest
from ansible_collections.traumalink.ops.plugins.module_utils.wal import segment_name
from ansible_collections.traumalink.ops.plugins.module_utils.wal_archive import Archived, WalArchive
from backup_samples import NOW


def aged(minutes: float) -> WalArchive:
    """Return an archive whose newest segment is so old."""
    names = (segment_name(1, 5), segment_name(1, 6))
    times = (NOW - timedelta(days=1), NOW - timedelta(minutes=minutes))
    return WalArchive({name: Archived(name, 1, at) for name, at in zip(names, times, strict=True)})


def listing(minutes: float) -> str:
    """Return a listing with one segment of that age."""
    path = f"15-1/{segment_name(1, 7)[:16]}/{segment_name(1, 7)}-{'0' * 40}.zst"
    return json.dumps({path: {"type": "file", "size": 1, "time": int((NOW - timedelta(minutes=minutes)).timestamp())}})


@pytest.fixture
def probe(runner: Any, tmp_path: Path) -> Any:
    """Give a probe that asks from 7 minutes on."""
    engine = PgBackRest(runner, "lab", getpass.getuser(), running=list)

    def make(now: datetime = NOW) -> Probe:
        return Probe(engine, tmp_path / "probe.json", now, timedelta(minutes=7))

    return make


def test_an_archive_that_is_fresh_is_not_asked(probe: Any, runner: Any) -> None:
    archive = aged(6)
    assert probe().freshened(archive, "15-1") == (archive, "")
    assert runner.calls == []


def test_a_quiet_archive_is_asked_and_what_arrives_is_seen(probe: Any, runner: Any) -> None:
    runner.on("check").on("repo-ls", out=listing(0))
    archive, said = probe().freshened(aged(8), "15-1")
    assert said == ""
    assert list(archive.segments) == [segment_name(1, 7)]
    assert "--archive-timeout=20" in runner.asked("check")[0]


def test_what_fails_is_told_and_asked_for_no_second_time_until_wal_has_come(probe: Any, runner: Any) -> None:
    runner.on("check", status=82, err="ERROR: [082]: WAL segment was not archived").on("repo-ls", out=listing(30))
    _archive, said = probe().freshened(aged(8), "15-1")
    assert "was not archived" in said
    later = NOW + timedelta(minutes=5)
    assert probe(later).freshened(aged(8), "15-1")[1] == said
    assert len(runner.asked("check")) == 1, "each question leaves a segment on the database's disk"
    # The segment of the first question has come in: whether another comes can be asked again.
    come = WalArchive({segment_name(1, 6): Archived(segment_name(1, 6), 1, NOW + timedelta(minutes=1))})
    runner.on("check")
    assert probe(NOW + timedelta(minutes=9)).freshened(come, "15-1")[1] == ""
    assert len(runner.asked("check")) == 2


def test_after_hours_it_is_asked_again_since_the_database_may_be_another(probe: Any, runner: Any) -> None:
    runner.on("check", status=82, err="ERROR: [082]: x").on("repo-ls", out=listing(600))
    probe().freshened(aged(8), "15-1")
    probe(NOW + timedelta(hours=7)).freshened(aged(8), "15-1")
    assert len(runner.asked("check")) == 2


def test_an_empty_archive_is_asked_and_a_damaged_state_does_not_stop_it(
    probe: Any, runner: Any, tmp_path: Path
) -> None:
    (tmp_path / "probe.json").write_text("{")
    runner.on("check").on("repo-ls", out=listing(0))
    archive, said = probe().freshened(WalArchive(), "15-1")
    assert (len(archive.segments), said) == (1, "")


@pytest.mark.parametrize("answer", [{}, {"status": 56, "err": "ERROR: [056]: unable to find primary cluster"}])
def test_a_question_that_left_no_segment_is_repeated(probe: Any, runner: Any, answer: dict[str, Any]) -> None:
    runner.on("check", **answer).on("repo-ls", out=listing(30))
    probe().freshened(aged(8), "15-1")
    probe(NOW + timedelta(minutes=1)).freshened(aged(8), "15-1")
    assert len(runner.asked("check")) == 2
