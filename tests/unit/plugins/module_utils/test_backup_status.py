"""How it stands with the backups: silence becomes a finding, and what is well becomes none."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.backup_status import (
    Certificate,
    Facts,
    Limits,
    VaultState,
    findings,
    newest_proven,
)
from ansible_collections.traumalink.ops.plugins.module_utils.drill_result import DrillResult
from ansible_collections.traumalink.ops.plugins.module_utils.file_proof import FileDrill, FileProof
from ansible_collections.traumalink.ops.plugins.module_utils.finding import CRITICAL, NOTICE, WARNING
from ansible_collections.traumalink.ops.plugins.module_utils.second_repository import SecondState
from ansible_collections.traumalink.ops.plugins.module_utils.wal import segment_name
from ansible_collections.traumalink.ops.plugins.module_utils.wal_archive import Gap
from ansible_collections.traumalink.ops.plugins.module_utils.wal_continuity import Continuity
from backup_samples import NOW, SYSTEM, full, proof, proofs

LIMITS = Limits(vault=True)


def drill(days_ago: float, outcome: str = "success") -> DrillResult:
    """Return the result of a drill so many days ago."""
    return DrillResult(full(days_ago).label, NOW - timedelta(days=days_ago), outcome, "canaries: gone", 60.0)


def way(number: int, *gaps: Gap, label: str = "", problem: str = "") -> Continuity:
    """Return the WAL from a set on that needs the segments number and number + 1."""
    first, stop = segment_name(1, number), segment_name(1, number + 1)
    return Continuity(label or full().label, first, stop, segment_name(1, 30), gaps, problem)


def gap(first: int, count: int = 1) -> Gap:
    """Return a gap of so many segments."""
    return Gap(segment_name(1, first), segment_name(1, first + count - 1), count)


GOOD = Facts(
    now=NOW,
    system_id=SYSTEM,
    sets=(full(1), full(0.2)),
    proofs=proofs(proof(1), proof(0.2)),
    drills={full(3).label: drill(3)},
    continuity=(way(2, label=full(1).label), way(9, label=full(0.2).label)),
    archived_at=NOW - timedelta(minutes=2),
    certificates=(Certificate("host.crt", NOW + timedelta(days=300)),),
    free_bytes=60,
    total_bytes=100,
    days_until_full=200.0,
    vault=VaultState(NOW - timedelta(minutes=1), ""),
)


def found(limits: Limits = LIMITS, **changes: Any) -> list[tuple[str, str]]:
    """Return severity and code of what is found in the good facts with changes."""
    return [(finding.severity, finding.code) for finding in findings(replace(GOOD, **changes), limits)]


def test_what_is_well_is_no_finding() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"problem": "the passphrase does not open it"}, [(CRITICAL, "repository")]),
        ({"damaged": ("20261125-010000F/bundle/1 (invalid checksum)",)}, [(CRITICAL, "damaged")]),
        ({"sets": (), "continuity": ()}, [(CRITICAL, "no_backup")]),
        ({"proofs": {}}, [(CRITICAL, "no_backup"), (WARNING, "unproven")]),
        ({"proofs": proofs(proof(1), proof(0.2, system_id=5))}, []),
        ({"system_id": 5}, [(CRITICAL, "no_backup")]),
        ({"proofs": proofs(proof(1))}, [(WARNING, "unproven")]),
        ({"proofs": proofs(proof(0.2))}, [(NOTICE, "unproven")]),
        ({"sets": (full(3),), "proofs": proofs(proof(3))}, [(CRITICAL, "backup_late")]),
        ({"archived_at": NOW - timedelta(minutes=16)}, [(CRITICAL, "wal_late")]),
        ({"archived_at": NOW - timedelta(minutes=15)}, []),
        ({"drills": {}}, [(WARNING, "no_drill")]),
        ({"drills": {"a": drill(32)}}, [(WARNING, "drill_late")]),
        ({"drills": {"a": drill(3), "b": drill(1, "failed")}}, [(CRITICAL, "drill_failed")]),
        ({"drills": {"a": drill(1), "b": drill(3, "failed")}}, []),
        ({"certificates": (Certificate("ca.crt", NOW + timedelta(days=29)),)}, [(WARNING, "certificate_ends")]),
        ({"certificates": (Certificate("ca.crt", NOW + timedelta(days=6)),)}, [(CRITICAL, "certificate_ends")]),
        ({"certificates": (Certificate("db1:8432", None, "refused"),)}, [(WARNING, "certificate_unread")]),
        ({"free_bytes": 9}, [(WARNING, "room")]),
        ({"free_bytes": 2}, [(CRITICAL, "room")]),
        ({"days_until_full": 13.9}, [(WARNING, "room")]),
        ({"days_until_full": 2.0}, [(CRITICAL, "room")]),
        ({"days_until_full": None}, []),
        ({"vault": VaultState(NOW, "/srv/vault is not there")}, [(WARNING, "vault")]),
        ({"vault": VaultState(NOW - timedelta(hours=1), "")}, [(WARNING, "vault_silent")]),
        ({"vault": VaultState(None, "")}, [(WARNING, "vault_silent")]),
    ],
)  # fmt: skip
def test_each_silence_has_its_finding(changes: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert found(**changes) == expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (SecondState("A", NOW - timedelta(hours=30)), []),
        (SecondState("A", NOW - timedelta(hours=31)), ["second_late"]),
        (SecondState(), ["second_late"]),
        (SecondState("A", NOW, "unable to connect"), ["second"]),
        (SecondState("A", NOW, "", NOW - timedelta(minutes=15)), []),
        (SecondState("A", NOW, "", NOW - timedelta(minutes=16)), ["second_wal_late"]),
    ],
)
def test_a_second_repository_is_watched(state: SecondState, expected: list[str]) -> None:
    limits = replace(LIMITS, second=True)
    assert found(limits, second=state) == [(WARNING, code) for code in expected]
    assert found(LIMITS, second=None) == [], "a site that has none is not told of it"


def test_a_second_repository_is_a_second_copy() -> None:
    assert found(Limits(second=True), vault=None, second=SecondState("A", NOW)) == []


def test_a_site_without_a_second_copy_is_told_so_and_raises_no_alarm() -> None:
    assert found(Limits(vault=False), vault=None) == [(NOTICE, "no_vault")]


def test_the_gravest_comes_first() -> None:
    severities = [severity for severity, _code in found(Limits(), drills={}, archived_at=NOW - timedelta(hours=2))]
    assert severities == [CRITICAL, WARNING, NOTICE]


def test_a_segment_that_a_set_needs_breaks_the_set_and_is_told_once() -> None:
    ways = (way(2, gap(3), label="old"), way(9, label="new"))
    (only,) = findings(replace(GOOD, continuity=ways), LIMITS)
    assert (only.severity, only.code, only.values["label"]) == (CRITICAL, "set_broken", "old")
    assert only.values["gap"] == segment_name(1, 3)


@pytest.mark.parametrize(
    ("ways", "severity", "label"),
    [
        # Behind the newest set: what is committed now would be lost.
        ((way(2, gap(12), label="old"), way(9, gap(12), label="new")), CRITICAL, "new"),
        # Between two sets: only a time in between cannot be reached, and that passes as the older one goes.
        ((way(2, gap(5), label="old"), way(9, label="new")), WARNING, "old"),
    ],
)
def test_a_gap_weighs_by_what_it_costs(ways: tuple[Continuity, ...], severity: str, label: str) -> None:
    (only,) = findings(replace(GOOD, continuity=ways), LIMITS)
    assert (only.severity, only.code, only.values["label"]) == (severity, "wal_gap", label)


def test_a_set_from_which_no_way_leads_is_named() -> None:
    ways = (way(2, label="old", problem="no way leads from it"), way(9, label="new"))
    assert found(continuity=ways) == [(WARNING, "no_way")]
    assert found(continuity=ways[:1]) == [(CRITICAL, "no_way")]


def test_the_values_say_how_late_it_is() -> None:
    late = replace(
        GOOD,
        sets=(full(2),),
        proofs=proofs(proof(2)),
        archived_at=NOW - timedelta(minutes=90),
        archive_problem="host is off",
    )
    by_code = {finding.code: finding.values for finding in findings(late, LIMITS)}
    assert by_code["backup_late"] == {"label": full(2).label, "at": NOW - timedelta(days=2), "hours": 48, "limit": 30}
    assert by_code["wal_late"] == {
        "at": NOW - timedelta(minutes=90),
        "minutes": 90,
        "limit": 15,
        "problem": "host is off",
    }


def test_the_newest_proof_is_that_of_a_set_that_is_still_there() -> None:
    gone = replace(GOOD, sets=(full(1),))
    newest = newest_proven(gone)
    assert newest is not None
    assert newest.label == full(1).label
    assert isinstance(newest.taken_at, datetime)


def file_proof(days_ago: float) -> FileProof:
    """Return what was seen of a backup of app1's files."""
    return FileProof("app1", "9cb28017", NOW - timedelta(days=days_ago), 3, 70)


def file_drill(days_ago: float, reason: str = "") -> FileDrill:
    """Return how a drill of app1's files went."""
    return FileDrill.of(file_proof(days_ago), NOW - timedelta(days=days_ago), 2.0, 3, 70, reason)


@pytest.mark.parametrize(
    ("proof_age", "drilled", "expected"),
    [
        (1, file_drill(30), []),
        (None, None, [(CRITICAL, "files_none")]),
        (2, file_drill(3), [(CRITICAL, "files_late")]),
        (1, None, [(WARNING, "files_drill_late")]),
        (1, file_drill(32), [(WARNING, "files_drill_late")]),
        (1, file_drill(1, "1 file is missing"), [(CRITICAL, "files_drill_failed")]),
    ],
)
def test_files_that_are_not_backed_up_or_drilled_are_told_by_their_host(
    proof_age: float | None, drilled: FileDrill | None, expected: list[tuple[str, str]]
) -> None:
    facts = replace(
        GOOD,
        file_proofs={} if proof_age is None else {"app1": file_proof(proof_age)},
        file_drills={} if drilled is None else {"app1": drilled},
    )
    found = findings(facts, replace(LIMITS, file_hosts=("app1",)))
    assert [(each.severity, each.code) for each in found] == expected
    assert all(each.values["host"] == "app1" for each in found)
    assert findings(facts, LIMITS) == [], "a site that names no files owes none"
