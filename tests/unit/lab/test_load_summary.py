"""What a recording comes to, and what becomes of one that a kill cut off."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from traffic.record import Record, Recording, read
from traffic.summary import Phase, longest_gap, percentile, summarise


def record(due: float, seconds: float = 0.1, **values: Any) -> Record:
    """Return a request that took so long."""
    given = {"kind": "version", "way": "kept", "begun": due, "done": due + seconds, **values}
    return Record(due=due, **given)


def recording(*records: Record, complete: bool = True) -> Recording:
    return Recording({}, records, complete)


def test_percentiles_are_the_nearest_rank() -> None:
    hundred = [float(number) for number in range(1, 101)]
    assert [percentile(hundred, percent) for percent in (50, 95, 99, 100)] == [50, 95, 99, 100]
    assert percentile([1.0, 2.0, 3.0], 50) == 2
    assert percentile([7.0], 99) == 7
    assert percentile([], 99) == 0


def test_latency_runs_from_when_a_request_was_due_less_the_clients_own_pauses() -> None:
    late = record(100.0, begun=101.0, done=101.5)
    slow = record(100.1, kind="slow_create_case", done=103.6, paused=3.0)
    whole = summarise(recording(late, slow)).whole
    assert (whole.p50_ms, whole.most_ms) == (500, 1500)
    assert whole.late_p99_ms == 1000


def test_a_phase_has_the_requests_due_in_it_and_the_failures_that_ended_in_it() -> None:
    long = record(109.9, 2.0, error="connection reset before the answer")  # due before the change, broken by it
    change = [record(110.0 + number, 0.2) for number in range(10)]
    before = [record(100.0 + number) for number in range(10)]
    summary = summarise(recording(*before, *change, long), [Phase("before", 100, 110), Phase("change", 110, 120)])
    first, second = summary.phases
    assert (first.requests, first.succeeded, first.failed, first.p99_ms) == (11, 10, 0, 100)
    assert (second.requests, second.succeeded, second.failed, second.p99_ms) == (10, 10, 1, 200)
    assert summary.phase("change") is second
    with pytest.raises(KeyError, match="no phase 'after'"):
        summary.phase("after")
    assert summary.whole.requests == 21
    assert summary.whole.failed == 1


def test_failures_are_counted_by_cause_with_the_first_of_each() -> None:
    failed = [record(100 + number, error="status 503", detail=f"page {number}") for number in range(5)]
    other = record(100.5, error="no answer in time")
    failures = summarise(recording(*reversed(failed), other)).whole.failures
    assert [(failure.error, failure.count) for failure in failures] == [("status 503", 5), ("no answer in time", 1)]
    assert [example.detail for example in failures[0].examples] == ["page 0", "page 1", "page 2"]


def test_failures_have_no_part_in_latencies_and_do_not_shorten_a_gap() -> None:
    records = [
        record(100.0),
        *(record(101 + n / 10, 0.01, error="no connection: refused") for n in range(50)),
        record(110.0),
    ]
    whole = summarise(recording(*records), [Phase("all", 100, 112)])
    assert whole.phases[0].p50_ms == 100
    assert whole.phases[0].longest_gap_seconds == 10


def test_the_longest_gap_counts_from_the_phases_begin_and_to_its_end() -> None:
    assert longest_gap([105.0, 104.0], Phase("change", 100, 106)) == 4
    assert longest_gap([101.0, 102.0], Phase("change", 100, 107)) == 5
    assert longest_gap([], Phase("change", 100, 107)) == 7
    assert longest_gap([99.0, 108.0], Phase("change", 100, 107)) == 7


def test_the_rate_is_that_of_the_time_in_which_requests_were_due() -> None:
    records = [record(100 + number / 10) for number in range(100)]
    assert summarise(recording(*records, record(110.0, 5.0))).whole.per_second == pytest.approx(10)


def test_each_kind_has_its_own_figures_and_acknowledged_ids_are_listed() -> None:
    step = record(101.0, 0.3, kind="add_step", id="CS2026-0000001/2")
    case = record(100.0, kind="create_case", id="CS2026-0000001")
    lost = record(102.0, kind="create_case", error="connection closed before the answer")
    summary = summarise(recording(case, step, lost))
    assert [(kind.name, kind.requests, kind.failed, kind.p50_ms) for kind in summary.kinds] == [
        ("add_step", 1, 0, 300), ("create_case", 2, 1, 100),
    ]  # fmt: skip
    assert summary.acknowledged == ("CS2026-0000001", "CS2026-0000001/2")
    assert summary.whole.acknowledged == 2
    plain = json.loads(json.dumps(summary.as_json()))
    assert plain["whole"]["failures"][0]["examples"][0]["kind"] == "create_case"
    assert "acknowledged" not in plain


@pytest.mark.parametrize(
    ("records", "phases", "words"),
    [([], [], "holds no request"), ([record(100.0)], [Phase("change", 110, 110)], "'change' ends before it begins")],
)
def test_what_cannot_be_summed_up_is_refused(records: list[Record], phases: list[Phase], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        summarise(recording(*records), phases)


def test_a_recording_reads_back_as_it_was_written(tmp_path: Path) -> None:
    records = (
        record(100.0, sent=100.01, reused=True, status=201, id="CS2026-0000001"),
        record(101.0, error="status 503"),
    )
    path = tmp_path / "load.jsonl"
    lines = ['{"settings": {"rate": 120}}', *(one.line() for one in records)]
    path.write_text("\n".join([*lines, '{"ended": 102, "requests": 2}']) + "\n", encoding="utf-8")
    assert read(path) == Recording({"rate": 120}, records, True)


@pytest.mark.parametrize("rest", ["", '{"kind": "ver'])
def test_a_recording_that_was_cut_off_says_so_and_keeps_its_whole_lines(tmp_path: Path, rest: str) -> None:
    path = tmp_path / "load.jsonl"
    path.write_text('{"settings": {}}\n' + record(100.0).line() + "\n" + rest, encoding="utf-8")
    assert read(path) == Recording({}, (record(100.0),), False)


def test_a_foreign_line_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "load.jsonl"
    path.write_text('{"settings": {}}\n{"case_number": "CS2026-0000001"}\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"load.jsonl:2 is not a line of a recording"):
        read(path)
