"""What lies on other timelines than the one that comes back: it is lost, and the plan says so."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.restore_goal import instant
from ansible_collections.traumalink.ops.plugins.module_utils.wal import segment_name
from ansible_collections.traumalink.ops.plugins.module_utils.wal_archive import Archived
from ansible_collections.traumalink.ops.plugins.module_utils.wal_reader import LookError
from restore_samples import Wal, at, backup_in, lsn

FIRST = backup_in(5)
LEFT = "timeline 2 (left timeline 1 at 0/F800000) up to segment"
BRINGS = "(restore_timeline=2 brings it)"


def forked() -> Wal:
    """Return WAL of which timeline 2 left timeline 1 in the middle of segment 15, an hour later; timeline 1 went on to 20."""
    return (
        Wal()
        .write(1, range(1, 21))
        .leave(1, lsn(15, 0x800000), 2)
        .write(2, range(15, 31), begin=lsn(15, 0x800000), later=60)
    )


def test_an_older_timeline_that_is_chosen_loses_all_of_the_newer_one() -> None:
    plan = forked().planner(FIRST, timeline="1").plan()
    assert plan.lost == (
        f"what was committed after {instant(at(20.75))} and never came into the archive; and {LEFT} {segment_name(2, 30)}, last commit "
        f"{instant(at(90.75))} {BRINGS}"
    )


def test_also_where_the_newer_timeline_does_not_come_from_the_set() -> None:
    assert LEFT in forked().planner(backup_in(18), timeline="1").plan().lost


def test_and_where_a_target_lies_on_the_older_one() -> None:
    plan = forked().planner(FIRST, time=instant(at(17.5)), timeline="1").plan()
    assert plan.lost.startswith("every later commit; the archive holds them up to")
    assert f"; and {LEFT}" in plan.lost


def test_the_newest_timeline_loses_nothing_of_another() -> None:
    plan = forked().planner(FIRST).plan()
    assert "timeline" not in plan.lost
    assert plan.notes[0].startswith("timeline 1 goes on to segment"), "given up before"


def test_a_timeline_on_which_nothing_was_committed_is_no_loss() -> None:
    wal = forked()
    for name in [name for name in wal.held if name[:8] == "00000002"]:
        if name == segment_name(2, 15):
            wal.content[name] = replace(wal.content[name], ends=wal.content[name].ends[:1])
        else:
            del wal.held[name]
    assert "timeline" not in wal.planner(FIRST, timeline="1").plan().lost


def test_what_cannot_be_told_of_it_keeps_nobody_from_restoring(monkeypatch: pytest.MonkeyPatch) -> None:
    late = backup_in(18)
    wal = forked()
    read = wal.segment

    def segment(archived: Archived, following: Archived | None) -> object:
        if archived.name == segment_name(2, 30):
            raise LookError("damaged")
        return read(archived, following)

    monkeypatch.setattr(wal, "segment", segment)
    lost = wal.planner(late, timeline="1").plan().lost
    assert f"{LEFT} {segment_name(2, 30)}, whose last commit cannot be told {BRINGS}" in lost
    wal.histories.clear()
    assert "; and timeline 2, whose history is missing, up to segment" in wal.planner(late, timeline="1").plan().lost
    unreadable = forked().planner(late, timeline="1", readable=False).plan()
    assert f"{LEFT} {segment_name(2, 30)} {BRINGS}" in unreadable.lost
