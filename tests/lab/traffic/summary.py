"""What a recording comes to: for the whole run, for each phase that is named afterwards, and for each kind of request. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from rich.table import Table

from traffic.record import Record, Recording

FIRST_EXAMPLES = 3


@dataclass(frozen=True)
class Phase:
    """A span of time with a name; seconds since the epoch, the end not included."""

    name: str
    begin: float
    end: float


@dataclass(frozen=True)
class Failure:
    """One cause of failures: how many, and the first of them."""

    error: str
    count: int
    examples: tuple[Record, ...]


@dataclass(frozen=True)
class Figures:
    """Figures of a span of time.

    Attributes:
        requests: those that were due in it; per_second: as many a second.
        succeeded, failed, failures: those that ended in it. A request that was due before a change and broke in it counts as broken in it.
        p50_ms, p95_ms, p99_ms, most_ms: latency of the requests due in it that succeeded, from when they were due; None without any.
        longest_gap_seconds: longest time in it without a request that ended in success (the downtime that users saw).
        late_p99_ms: how late the generator itself was; where that is not far below the latencies, the machine was too busy to tell.
        reused, found_closed, resent: see the package's own words.
        acknowledged: writes that were acknowledged.
    """

    name: str
    seconds: float
    requests: int
    per_second: float
    succeeded: int
    failed: int
    failures: tuple[Failure, ...]
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    most_ms: float | None
    longest_gap_seconds: float
    late_p99_ms: float | None
    reused: int
    found_closed: int
    resent: int
    acknowledged: int


@dataclass(frozen=True)
class Summary:
    """A run's figures.

    Attributes:
        whole: the time in which requests were due, with all of them, those included that ended later; phases: as named; kinds: the whole, by
            kind of request.
        acknowledged: ids of acknowledged writes, as they came.
        complete: nothing is missing; False after a kill.
    """

    whole: Figures
    phases: tuple[Figures, ...]
    kinds: tuple[Figures, ...]
    acknowledged: tuple[str, ...]
    complete: bool

    def phase(self, name: str) -> Figures:
        """Return a phase by its name. Raises `KeyError`."""
        for figures in self.phases:
            if figures.name == name:
                return figures
        raise KeyError(f"no phase {name!r}; there are {[figures.name for figures in self.phases]}")

    def as_json(self) -> dict[str, Any]:
        """Return plain data, without the list of ids."""
        plain = asdict(self)
        del plain["acknowledged"]
        return plain

    def tables(self) -> list[Table]:
        """Return tables for people: spans of time, kinds of requests, and failures where there are any."""
        spans = _table("Load: phases", (*self.phases, self.whole), "longest gap")
        kinds = _table("Load: kinds of requests", self.kinds, "")
        tables = [spans, kinds]
        if self.whole.failures:
            failures = Table("failure", "requests", "first", title="Load: failures", title_justify="left")
            for failure in self.whole.failures:
                failures.add_row(failure.error, str(failure.count), failure.examples[0].line())
            tables.append(failures)
        return tables


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Return the smallest of some ordered values that is not below so many percent of them; 0 without any."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)] if ordered else 0.0


def summarise(recording: Recording, phases: Iterable[Phase] = ()) -> Summary:
    """Return a recording's figures.

    Raises:
        ValueError: a phase ends before it begins, or nothing was recorded.
    """
    records = recording.requests
    if not records:
        raise ValueError("the recording holds no request")
    first, last = min(record.due for record in records), max(record.due for record in records)
    whole = Phase("whole run", first, last + ((last - first) / (len(records) - 1) if len(records) > 1 else 1.0))
    kinds: dict[str, list[Record]] = {}
    for record in records:
        kinds.setdefault(record.kind, []).append(record)
    return Summary(
        figures_of(records, records, whole),
        tuple(_within(records, phase) for phase in phases),
        tuple(figures_of(own, own, Phase(kind, whole.begin, whole.end)) for kind, own in sorted(kinds.items())),
        tuple(record.id for record in records if record.id is not None),
        recording.complete,
    )


def _within(records: Sequence[Record], phase: Phase) -> Figures:
    if phase.end <= phase.begin:
        raise ValueError(f"phase {phase.name!r} ends before it begins")
    due = [record for record in records if phase.begin <= record.due < phase.end]
    ended = [record for record in records if phase.begin <= record.done < phase.end]
    return figures_of(due, ended, phase)


def figures_of(due: Sequence[Record], ended: Sequence[Record], phase: Phase) -> Figures:
    """Return the figures of one span of time: of the requests that were due in it, and of those that ended in it."""
    succeeded = [record for record in ended if record.error is None]
    latencies = sorted(record.latency_seconds for record in due if record.error is None)
    late = sorted(record.begun - record.due for record in due)

    def milliseconds(ordered: Sequence[float], percent: float) -> float | None:
        return round(percentile(ordered, percent) * 1000, 3) if ordered else None

    seconds = phase.end - phase.begin
    return Figures(
        name=phase.name,
        seconds=round(seconds, 3),
        requests=len(due),
        per_second=round(len(due) / seconds, 3),
        succeeded=len(succeeded),
        failed=len(ended) - len(succeeded),
        failures=_failures(ended),
        p50_ms=milliseconds(latencies, 50),
        p95_ms=milliseconds(latencies, 95),
        p99_ms=milliseconds(latencies, 99),
        most_ms=milliseconds(latencies, 100),
        longest_gap_seconds=round(longest_gap([record.done for record in succeeded], phase), 3),
        late_p99_ms=milliseconds(late, 99),
        reused=sum(record.reused for record in due),
        found_closed=sum(record.found_closed for record in due),
        resent=sum(record.resent for record in due),
        acknowledged=sum(record.id is not None for record in succeeded),
    )


def longest_gap(successes: Iterable[float], phase: Phase) -> float:
    """Return the longest time in a phase without a success, in seconds; its begin and end count as successes."""
    moments = [phase.begin, *sorted(moment for moment in successes if phase.begin <= moment < phase.end), phase.end]
    return max(later - earlier for earlier, later in pairwise(moments))


def _failures(ended: Iterable[Record]) -> tuple[Failure, ...]:
    causes: dict[str, list[Record]] = {}
    for record in sorted((record for record in ended if record.error is not None), key=lambda record: record.done):
        causes.setdefault(record.error or "", []).append(record)
    failures = (Failure(error, len(found), tuple(found[:FIRST_EXAMPLES])) for error, found in causes.items())
    return tuple(sorted(failures, key=lambda failure: -failure.count))


def _table(title: str, rows: Iterable[Figures], gap: str) -> Table:
    columns = ("", "requests", "a second", "failed", "p50 ms", "p95 ms", "p99 ms", "most ms")
    table = Table(title=title, title_justify="left")
    for column in (*columns, gap) if gap else columns:
        table.add_column(column, justify="right" if column else "left")
    for row in rows:
        latencies = (row.p50_ms, row.p95_ms, row.p99_ms, row.most_ms)
        cells = [row.name, f"{row.requests:,}", f"{row.per_second:.1f}", f"{row.failed:,}"]
        cells += ["" if value is None else f"{value:.1f}" for value in latencies]
        table.add_row(*cells, *([f"{row.longest_gap_seconds:.2f} s"] if gap else []))
    return table
