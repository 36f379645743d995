"""The mark of an upgrade with downtime: which step may follow which, and what each asks of whoever finds it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.downtime_mark import (
    STEPS,
    Mark,
    MarkError,
    read,
    remove,
    way,
    write,
)

MARK = Mark("20261129-230000-3f9a2c", "trauma", "1.1.0", "1.3.0", "closing", "2026-11-29T23:00:10.500+00:00")
SEGMENT = "0000000300000001000000A7"
BACKUP = "20261129-224500F_20261129-225500I"
MIGRATING = MARK.stepped("migrating", "before_1.3.0", SEGMENT, BACKUP)


def test_the_restore_point_comes_with_its_timeline_and_the_set_before_it() -> None:
    assert (MIGRATING.step, MIGRATING.restore_point, MIGRATING.timeline) == ("migrating", "before_1.3.0", 3)
    assert MIGRATING.backup == BACKUP
    assert MIGRATING.stepped("decided") == replace(MIGRATING, step="decided")


@pytest.mark.parametrize("step", ["migrating", "restoring"])
def test_what_a_restore_by_hand_has_brought_back_is_not_restored_over(step: str) -> None:
    assert way(replace(MIGRATING, step=step).stepped("restored"), 4) == "reopen"


@pytest.mark.parametrize("step", STEPS)
def test_a_step_may_be_written_again(step: str) -> None:
    mark = replace(MARK, step=step)
    assert mark.stepped(step) == mark


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("decided", "restoring"),  # people may have written since
        ("decided", "migrating"),
        ("restored", "restoring"),  # the version before may have let people in since
        ("restored", "decided"),
        ("restoring", "decided"),
        ("closing", "decided"),
        ("closing", "restoring"),
        ("migrating", "closing"),
    ],
)
def test_no_step_follows_that_would_lose_what_was_written(before: str, after: str) -> None:
    with pytest.raises(MarkError, match=f"is {before}, and {after} does not follow"):
        replace(MIGRATING, step=before).stepped(after)


@pytest.mark.parametrize(
    ("step", "timeline", "wanted"),
    [
        ("closing", 3, "reopen"),
        ("closing", 9, "reopen"),
        ("migrating", 3, "restore"),
        ("migrating", 0, "restore"),  # its server is away
        ("restoring", 0, "restore"),
        ("restoring", 4, "restore"),  # it had come back, and nobody was let in
        ("restored", 4, "reopen"),
        ("decided", 3, "forward"),
        ("decided", 0, "forward"),
    ],
)
def test_each_step_has_one_way_to_the_end(step: str, timeline: int, wanted: str) -> None:
    assert way(replace(MIGRATING, step=step), timeline) == wanted


def test_what_somebody_else_has_restored_is_not_restored_over() -> None:
    with pytest.raises(
        MarkError, match=r"writes on timeline 4, and the restore point before_1.3.0 .* lies on 3: somebody has restored"
    ):
        way(MIGRATING, 4)


def test_it_is_root_s_alone_and_reads_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "downtime.json"
    assert read(path) is None
    assert write(MIGRATING, path) is True
    assert write(MIGRATING, path) is False
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert read(path) == MIGRATING
    assert (remove(path), remove(path)) == (True, False)
    assert read(path) is None


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 2}', '{"format": 1, "step": "closing"}'])
def test_a_damaged_one_is_an_error_and_no_guess(tmp_path: Path, text: str) -> None:
    (tmp_path / "downtime.json").write_text(text)
    with pytest.raises(MarkError):
        read(tmp_path / "downtime.json")


def test_a_step_that_nobody_knows_is_damage(tmp_path: Path) -> None:
    write(replace(MARK, step="strange"), tmp_path / "downtime.json")
    with pytest.raises(MarkError, match="nobody knows how far"):
        read(tmp_path / "downtime.json")


def test_downtime_counts_from_the_closing() -> None:
    assert MARK.seconds(datetime(2026, 11, 29, 23, 1, 10, 750_000, UTC)) == 60.2
    assert MARK.seconds(datetime(2026, 11, 29, 22, 0, 0, 0, UTC)) == 0.0
