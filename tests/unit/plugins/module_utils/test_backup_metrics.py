"""The state of the backups as Prometheus reads it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from ansible_collections.traumalink.ops.plugins.module_utils.backup_metrics import metrics_text
from ansible_collections.traumalink.ops.plugins.module_utils.backup_status import Certificate, Facts, Limits, findings
from ansible_collections.traumalink.ops.plugins.module_utils.drill_result import DrillResult
from ansible_collections.traumalink.ops.plugins.module_utils.file_proof import FileDrill, FileProof
from ansible_collections.traumalink.ops.plugins.module_utils.second_repository import SecondState
from ansible_collections.traumalink.ops.plugins.module_utils.wal import segment_name
from ansible_collections.traumalink.ops.plugins.module_utils.wal_archive import Gap
from ansible_collections.traumalink.ops.plugins.module_utils.wal_continuity import Continuity
from backup_samples import NOW, SYSTEM, full, proof, proofs

GAP = Gap(segment_name(1, 8), segment_name(1, 9), 2)
FILES = FileProof("app1", "9cb28017", NOW - timedelta(hours=5), 3, 70)
FACTS = Facts(
    now=NOW, system_id=SYSTEM, sets=(full(2), full(1)), proofs=proofs(proof(1)), archived_at=NOW - timedelta(seconds=90),
    drills={"x": DrillResult("x", NOW - timedelta(days=3), "success", "", 9.0), "y": DrillResult("y", NOW, "failed", "", 9.0, succeeded_before=NOW - timedelta(days=5))},
    continuity=(Continuity("a", segment_name(1, 5), segment_name(1, 6), segment_name(1, 9), (GAP,)), Continuity("b", "", "", "", (GAP,))),
    certificates=(Certificate('we"ird\\name', NOW + timedelta(days=1)), Certificate("db1:8432", None, "refused")), free_bytes=123, total_bytes=1000,
    days_until_full=12.5, second=SecondState("A", NOW - timedelta(hours=6)), file_proofs={"app1": FILES}, file_drills={
        "app1": FileDrill.of(FILES, NOW - timedelta(days=4), 2.0, 3, 70, ""), "app2": FileDrill.of(FILES, NOW, 2.0, 3, 70, "gone"),
    },
)  # fmt: skip
SAMPLE = re.compile(r'traumalink_backup_\w+\{site="lab"(?:,\w+="(?:[^"\\]|\\.)*")*\} -?\d+(?:\.\d+)?')


def samples(facts: Facts = FACTS) -> dict[str, float]:
    """Return what the text says, by name and labels; see that every line is one of the format."""
    found = {}
    for line in metrics_text("lab", facts, findings(facts, Limits())).splitlines():
        if not line.startswith("# "):
            assert SAMPLE.fullmatch(line), line
            name, _, value = line.rpartition(" ")
            found[name.removeprefix("traumalink_backup_")] = float(value)
    return found


def test_times_are_told_as_times_so_that_silence_ages() -> None:
    told = samples()
    assert told['checked_timestamp_seconds{site="lab"}'] == NOW.timestamp()
    assert told['last_success_timestamp_seconds{site="lab"}'] == (NOW - timedelta(days=1)).timestamp()
    assert told['last_wal_timestamp_seconds{site="lab"}'] == NOW.timestamp() - 90
    assert told['last_drill_timestamp_seconds{site="lab"}'] == (NOW - timedelta(days=3)).timestamp()
    assert told['files_last_success_timestamp_seconds{site="lab",host="app1"}'] == NOW.timestamp() - 5 * 3600
    assert told['files_last_drill_timestamp_seconds{site="lab",host="app1"}'] == (NOW - timedelta(days=4)).timestamp()
    assert not any(name.startswith("files_last_drill") and "app2" in name for name in told), "it failed"


def test_numbers_and_findings_are_told() -> None:
    told = samples()
    assert told['sets{site="lab"}'] == 2
    assert told['unproven_sets{site="lab"}'] == 1
    assert told['missing_wal_segments{site="lab"}'] == 2, "each segment counts once, however many sets lack it"
    assert told['repository_free_bytes{site="lab"}'] == 123
    assert told['repository_full_days{site="lab"}'] == 12.5
    assert (
        told['certificate_end_timestamp_seconds{site="lab",certificate="we\\"ird\\\\name"}'] == NOW.timestamp() + 86400
    )
    assert told['finding{site="lab",code="drill_failed",severity="critical"}'] == 1
    assert told['findings{site="lab",severity="critical"}'] >= 2
    assert told['findings{site="lab",severity="notice"}'] == 2, "an old set without proof, and no second copy"


def test_what_is_not_known_is_not_told() -> None:
    told = samples(replace(FACTS, sets=(), archived_at=None, drills={}, days_until_full=None, problem="gone"))
    assert not any(name.startswith(("last_", "repository_full_days")) for name in told)
    assert told['checked_timestamp_seconds{site="lab"}'] == NOW.timestamp()


def test_each_metric_is_described_once() -> None:
    text = metrics_text("lab", FACTS, [])
    names = re.findall(r"^# TYPE (\w+) gauge$", text, re.M)
    assert len(names) == len(set(names)) > 8
    assert text.endswith("\n")
