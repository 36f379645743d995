"""One month of a site's backups, of the ledger's records and of what the repository really holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.backup_month import (
    BACKED_UP,
    BEFORE,
    COMING,
    MISSING,
    BackupMonth,
    History,
    month_of_backups,
)
from ansible_collections.traumalink.ops.plugins.module_utils.wal_continuity import continuity
from backup_samples import NOW, archive, full, proofs, stanza
from month_samples import FACTS, PROOFS, SETS, ZONE, drill_record, record


def month(*records: dict[str, Any], begun: bool = True, older: bool = True, **changes: Any) -> BackupMonth:
    """Return November of a site with these records."""
    facts = replace(FACTS, **changes)
    listed = {backup.label for backup in facts.sets}
    facts = replace(facts, continuity=tuple(way for way in facts.continuity if way.label in listed))
    return month_of_backups("2026-11", ZONE, facts, History(records, begun, older), 7)


def states(found: BackupMonth) -> dict[int, str]:
    """Return the state of each day."""
    return {day.date.day: day.state for day in found.days}


def test_every_day_of_the_sites_calendar_is_there() -> None:
    found = month(*(record(days) for days in range(25, 0, -1)))
    assert [day.date for day in found.days] == [date(2026, 11, day) for day in range(1, 31)]
    # 22:10 UTC is the next day at the site; the 26th is today.
    assert states(found) == {**dict.fromkeys(range(1, 26), BACKED_UP), **dict.fromkeys(range(26, 31), COMING)}
    assert (found.count(BACKED_UP), found.count(MISSING)) == (25, 0)
    assert found.findings == ()


def test_a_day_without_a_backup_is_missing_and_the_newest_gap_is_a_warning() -> None:
    found = month(*(record(days) for days in range(25, 0, -1) if days not in (1, 9)), sets=SETS[:1], proofs=PROOFS)
    assert {day for day, state in states(found).items() if state == MISSING} == {17, 25}
    (told,) = found.findings
    assert (told.severity, told.code, told.values["days"]) == ("warning", "days_missing", "11-17, 11-25")


def test_an_old_gap_stays_in_the_report_without_failing_every_later_check() -> None:
    found = month(*(record(days) for days in range(25, 0, -1) if days != 9))
    assert [(told.severity, told.code) for told in found.findings] == [("notice", "days_missing")]


def test_a_new_site_owes_nothing_for_the_days_before_its_first_backup() -> None:
    found = month(record(8), record(1), begun=False, older=False)
    assert {day for day, state in states(found).items() if state == BEFORE} == set(range(1, 18))
    assert found.count(MISSING) == 6
    assert month(begun=False, sets=(), proofs={}).count(MISSING) == 0, "one without any backup has not begun"


def test_a_proven_set_counts_although_the_ledger_does_not_know_it_and_an_unproven_one_does_not() -> None:
    assert [taken.label for taken in month().taken] == [full(8).label, full(1).label]
    assert [taken.label for taken in month(proofs=proofs(*list(PROOFS.values())[:1])).taken] == [full(8).label]


def test_what_has_gone_from_the_repository_still_counts_for_its_day() -> None:
    found = month(record(12), record(8))
    assert [(taken.label, taken.kept) for taken in found.taken] == [
        (full(12).label, False),
        (full(8).label, True),
        (full(1).label, True),
    ]


@pytest.mark.parametrize(
    "changes", [{"outcome": "failed", "reason": "WAL is missing"}, {"rehearsal": True}, {"figures": {}}]
)
def test_what_did_not_succeed_or_was_a_rehearsal_is_no_backup(changes: dict[str, Any]) -> None:
    found = month(record(9, **changes))
    assert states(found)[17] == MISSING


def test_failed_attempts_stand_on_their_day_with_their_reason() -> None:
    found = month(record(9, outcome="failed", reason="WAL is missing"), record(9, outcome="refused", reason="no room"))
    assert found.days[16].failed == ("failed: WAL is missing", "refused: no room")


def test_drills_come_from_the_ledger_and_from_results_of_which_it_does_not_know() -> None:
    found = month(drill_record(9, "failed", reason="canaries: gone"), drill_record(7))
    assert [(drill.label, drill.outcome, drill.reason, drill.seconds) for drill in found.drills] == [
        (full(8).label, "failed", "canaries: gone", 60.0), (full(8).label, "success", "", 60.0),
    ]  # fmt: skip
    assert [drill.at for drill in month().drills] == [NOW - timedelta(days=7)]
    assert month_of_backups("2026-10", ZONE, FACTS, History((), True, True), 7).drills == ()


def test_retention_is_what_the_repository_really_holds() -> None:
    found = month()
    assert (found.agreed_days, found.oldest_at) == (7, NOW - timedelta(days=8) + timedelta(seconds=9))
    short = month(sets=SETS[1:])
    assert [told.code for told in short.findings] == ["retention_short", "days_missing"]
    assert [told.code for told in month(sets=SETS[1:], older=False).findings] == ["days_missing"], (
        "a new site has none so old"
    )
    assert month(sets=(), proofs={}).oldest_at is None


def test_any_time_can_be_restored_since_the_oldest_set_from_which_wal_leads_on() -> None:
    assert month().whole_from == NOW - timedelta(days=8) + timedelta(seconds=9)
    later = full(1, wal_start=SETS[1].wal_stop)
    gap = tuple(continuity(stanza(SETS[0], later), archive(2, 3, 4, 6, 7, 8), PROOFS))
    assert month(sets=(SETS[0], later), continuity=gap).whole_from == NOW - timedelta(days=1) + timedelta(seconds=9)
    assert month(continuity=tuple(continuity(stanza(*SETS), archive(5, 6, 8), PROOFS))).whole_from is None


def test_growth_is_that_of_the_months_backups() -> None:
    assert month(record(11), record(1), sets=()).growth_bytes == 100.0
    assert month(record(1), sets=()).growth_bytes is None
    assert month(sets=()).growth_bytes is None


def test_a_restore_is_estimated_by_the_last_good_drill_at_the_present_size() -> None:
    assert month().restore_seconds == 90.0, "half as much again has to be copied"
    assert (
        month(proofs={label: replace(kept, database_bytes=5) for label, kept in PROOFS.items()}).restore_seconds == 60.0
    )
    assert month(drills={}).restore_seconds is None


def test_each_day_owes_a_backup_of_files_from_the_first_one_on() -> None:
    taken = [record(days, "backup_files", figures={}) for days in (9, 7, 6, 5, 4, 3, 2, 1)]
    failed = record(8, "backup_files", "failed", reason="app1 is full", figures={})
    found = month(*(record(days) for days in range(25, 0, -1)), failed, *taken)
    by_day = {day.date.day: day for day in found.days}
    assert by_day[16].files == BEFORE
    assert [by_day[day].files for day in (17, 18, 19)] == [BACKED_UP, MISSING, BACKED_UP]
    assert by_day[18].failed == ("failed: app1 is full",)
    assert by_day[18].state == BACKED_UP, "the database's was taken"
    assert [(told.severity, told.code, told.values["days"]) for told in found.findings] == [
        ("notice", "files_days_missing", "11-18")
    ]


def test_a_site_that_never_backed_files_up_owes_none() -> None:
    found = month(*(record(days) for days in range(25, 0, -1)))
    assert {day.files for day in found.days} == {BEFORE, COMING}
