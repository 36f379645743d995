"""The generator sends by the clock, waits for what is in flight, and records each request once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path

import browsed_site
import pytest
from browsed_http2_site import Http2Site
from browsed_site import PATIENT, Http1Site, Line, Turn, certificate
from traffic.client import Client
from traffic.generator import Generator
from traffic.mix import KINDS, SLOW_PIECES, Mix
from traffic.record import Recorder, Recording, read
from traffic.summary import summarise

QUICK = {name: share for name, share in KINDS.items() if name != "slow_create_case"}
HTTP1 = {"kept": 60.0, "quiet": 5.0, "new": 35.0}
Site = Http1Site | Http2Site


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    """Give the site's certificate."""
    return certificate(tmp_path)


def recorded(
    site: Site, path: Path, rate: float, seconds: float, during: Callable[[Generator], Awaitable[None]] | None = None
) -> Recording:
    """Load a site, let something happen meanwhile, and return the recording."""

    async def scenario() -> None:
        async with site:
            ways = HTTP1 if isinstance(site, Http1Site) else {"http2": 1.0}
            mix, client = Mix(1, QUICK, ways), Client(site.target(), PATIENT)
            generator = Generator(client, mix, Recorder(path), rate, seconds, lambda _line: None)
            await asyncio.gather(generator.run(), *([during(generator)] if during else []))

    asyncio.run(scenario())
    return read(path)


@pytest.mark.parametrize("kind", [Http1Site, Http2Site])
def test_a_well_behaved_site_gives_the_asked_rate_and_no_failure(pem: Path, tmp_path: Path, kind: type[Site]) -> None:
    site = kind(pem)
    recording = recorded(site, tmp_path / "load.jsonl", rate=200, seconds=1.5)
    whole = summarise(recording).whole
    assert recording.complete
    assert (whole.requests, whole.failed, whole.succeeded) == (300, 0, 300)
    assert whole.per_second == pytest.approx(200, rel=0.05)
    assert len(site.asked) == 300  # nothing was sent twice
    dues = sorted(record.due for record in recording.requests)
    assert [round(due - dues[0], 3) for due in dues] == [round(number / 200, 3) for number in range(300)]


def test_ids_are_those_that_the_site_gave_and_cases_are_read_and_continued(pem: Path, tmp_path: Path) -> None:
    site = Http1Site(pem)
    recording = recorded(site, tmp_path / "load.jsonl", rate=300, seconds=1)
    created = [
        number for number, asked in enumerate(site.asked, start=1) if asked.target == "/api/cases" and asked.body
    ]
    cases = [record.id for record in recording.requests if record.kind == "create_case"]
    assert sorted(filter(None, cases)) == [f"CS2026-{number:07d}" for number in created]
    steps = [record.id for record in recording.requests if record.kind == "add_step"]
    assert steps
    assert {str(step).split("/")[0] for step in steps} <= set(cases)
    assert {record.kind for record in recording.requests} >= {"read_case", "start_page", "version", "list_cases"}


def test_requests_are_due_whether_or_not_the_earlier_ones_are_answered(pem: Path, tmp_path: Path) -> None:
    """A client that waits for answers would never have forty in flight here."""
    release = asyncio.Event()

    async def held(line: Line) -> bool:
        await release.wait()
        return await browsed_site.well(line)

    site = Http1Site(pem, deque([held] * 40))

    async def during(_generator: Generator) -> None:
        while site.served < 40:
            await asyncio.sleep(0.001)
        release.set()

    recording = recorded(site, tmp_path / "load.jsonl", rate=100, seconds=0.6, during=during)
    assert summarise(recording).whole.failed == 0
    # Those that were due first waited for the last of the forty to come.
    first = sorted(recording.requests, key=lambda record: record.due)[:40]
    assert all(record.done > first[-1].due for record in first)


def test_every_failure_is_recorded_once(pem: Path, tmp_path: Path) -> None:
    bad: list[Turn] = [browsed_site.fails, browsed_site.closes_without_answer, browsed_site.closes_within_answer]
    site = Http1Site(pem, deque([browsed_site.well] * 50 + bad * 4))
    recording = recorded(site, tmp_path / "load.jsonl", rate=300, seconds=0.5)
    whole = summarise(recording).whole
    assert {failure.error: failure.count for failure in whole.failures} == {
        "status 500": 4, "connection closed before the answer": 4, "connection closed within the answer": 4,
    }  # fmt: skip
    assert (whole.requests, site.served) == (150, 150)


def test_a_stop_waits_for_what_is_in_flight(pem: Path, tmp_path: Path) -> None:
    release = asyncio.Event()

    async def held(line: Line) -> bool:
        await release.wait()
        return await browsed_site.well(line)

    site = Http1Site(pem, deque([held] * 1000))

    async def during(generator: Generator) -> None:
        while site.served < 10:
            await asyncio.sleep(0.001)
        generator.stop()
        await asyncio.sleep(0.1)
        release.set()

    recording = recorded(site, tmp_path / "load.jsonl", rate=100, seconds=60, during=during)
    assert recording.complete
    assert len(recording.requests) == site.served
    assert 10 <= site.served < 1000
    assert summarise(recording).whole.failed == 0


def test_lines_are_in_the_file_while_the_run_goes_on(pem: Path, tmp_path: Path) -> None:
    path = tmp_path / "load.jsonl"

    async def during(generator: Generator) -> None:
        while not path.exists() or path.read_text(encoding="utf-8").count("\n") < 20:
            await asyncio.sleep(0.01)
        assert not read(path).complete
        generator.stop()

    assert recorded(Http1Site(pem), path, rate=100, seconds=60, during=during).complete


def test_closed_connections_are_counted_and_fail_nothing(pem: Path, tmp_path: Path) -> None:
    site = Http1Site(pem, deque([browsed_site.closes_and_says_so, browsed_site.well] * 100))
    whole = summarise(recorded(site, tmp_path / "load.jsonl", rate=60, seconds=2.5)).whole
    assert (whole.requests, whole.failed, whole.found_closed, site.served) == (150, 0, 0, 150)
    assert 0 < whole.reused < 150


def test_the_mix_refuses_shares_that_nobody_knows() -> None:
    with pytest.raises(ValueError, match="no such share: delete_case; there are start_page,"):
        Mix(1, {"delete_case": 1})
    with pytest.raises(ValueError, match="at least one above"):
        Mix(1, {"version": 0})


def test_the_same_seed_makes_the_same_requests() -> None:
    def made(seed: int) -> list[tuple[str, str, bytes]]:
        mix = Mix(seed)
        return [(request.kind, way, request.body) for request, way in (mix.next() for _ in range(200))]

    assert made(1) == made(1) != made(2)
    slow = [request for request, _way in (Mix(1, {"slow_create_case": 1}).next() for _ in range(1))]
    assert slow[0].pieces == SLOW_PIECES
