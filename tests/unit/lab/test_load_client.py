"""Each way in which a server can fail a request is counted as what it is, and nothing is sent twice unseen."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path

import browsed_site
import pytest
from browsed_http2_site import Http2Site
from browsed_site import PATIENT, Http1Site, Turn, certificate, send
from traffic.client import Client, Outcome, Target
from traffic.exchange import Request
from traffic.mix import Mix

IMPATIENT = 0.3


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the site's certificate."""
    return certificate(tmp_path_factory.mktemp("site"))


def one_kept_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("traffic.client.CONNECTIONS", {"kept": 1, "quiet": 1, "http2": 1})


def asked_of(
    pem: Path,
    turns: list[Turn],
    work: Callable[[Http1Site, Client], Awaitable[list[Outcome]]],
    timeout: float = PATIENT,
) -> tuple[list[Outcome], Http1Site]:
    """Let a client work against a site that takes these turns; return what became of the requests, and the site."""

    async def scenario() -> tuple[list[Outcome], Http1Site]:
        async with Http1Site(pem, deque(turns)) as site:
            client = Client(site.target(), timeout)
            try:
                return await work(site, client), site
            finally:
                client.close()

    return asyncio.run(scenario())


FAILURES = [
    (browsed_site.closes_without_answer, "connection closed before the answer"),
    (browsed_site.resets_without_answer, "connection reset before the answer"),
    (browsed_site.closes_within_answer, "connection closed within the answer"),
    (browsed_site.resets_within_answer, "connection reset within the answer"),
    (browsed_site.fails, "status 500"),
    (browsed_site.speaks_no_http, "answer is not HTTP"),
]


@pytest.mark.parametrize("way", ["kept", "new"])
@pytest.mark.parametrize(("turn", "words"), FAILURES, ids=[turn.__name__ for turn, _words in FAILURES])
def test_a_failure_is_named_and_nothing_is_sent_again(
    pem: Path, monkeypatch: pytest.MonkeyPatch, turn: Turn, words: str, way: str
) -> None:
    one_kept_connection(monkeypatch)

    async def work(_site: Http1Site, client: Client) -> list[Outcome]:
        return [await send(client, way) for _ in range(3)]

    outcomes, site = asked_of(pem, [browsed_site.well, turn], work)
    assert [outcome.error is None for outcome in outcomes] == [True, False, True]
    assert outcomes[1].error is not None
    assert outcomes[1].error.startswith(words)
    assert outcomes[1].reused == (way == "kept")  # on the kept connection the same is a failure, too
    assert site.served == 3
    assert not any(outcome.found_closed or outcome.resent for outcome in outcomes)


@pytest.mark.parametrize(
    ("turn", "words"),
    [
        (browsed_site.says_nothing, "no answer in time"),
        (browsed_site.stops_within_answer, "answer not whole in time"),
    ],
)
def test_a_timeout_is_a_failure_and_its_connection_is_dropped(
    pem: Path, monkeypatch: pytest.MonkeyPatch, turn: Turn, words: str
) -> None:
    one_kept_connection(monkeypatch)

    async def work(site: Http1Site, client: Client) -> list[Outcome]:
        outcome = await send(client, "kept")
        await site.all_closed()
        return [outcome]

    [outcome], site = asked_of(pem, [turn], work, IMPATIENT)
    assert outcome.error == words
    assert site.served == 1


def test_a_host_where_nothing_listens_refuses(pem: Path) -> None:
    async def scenario() -> list[Outcome]:
        async with Http1Site(pem) as site:
            target = site.target()
        client = Client(target, PATIENT)
        return [await send(client, way) for way in ("kept", "new", "http2")]

    assert [outcome.error for outcome in asyncio.run(scenario())] == ["no connection: refused"] * 3


def test_a_listener_that_accepts_nobody_is_no_connection_in_time(pem: Path) -> None:
    async def scenario() -> Outcome:
        server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        outcome = await send(Client(Target(f"https://127.0.0.1:{port}", pem), IMPATIENT), "new")
        server.close()
        return outcome

    outcome = asyncio.run(scenario())
    assert (outcome.error, outcome.sent) == ("no connection in time", None)


@pytest.mark.parametrize("name", ["another authority", "another name"])
def test_a_certificate_that_is_not_the_sites_is_no_connection(pem: Path, tmp_path: Path, name: str) -> None:
    other = certificate(tmp_path, "127.0.0.1" if name == "another authority" else "127.0.0.2")
    shown, trusted = (pem, other) if name == "another authority" else (other, other)

    async def scenario() -> Outcome:
        async with Http1Site(shown) as site:
            return await send(Client(Target(site.target().url, trusted), PATIENT), "new")

    outcome = asyncio.run(scenario())
    assert outcome.error is not None
    assert outcome.error.startswith("no connection: certificate not valid")


@pytest.mark.parametrize(
    ("turn", "found_closed"),
    [
        (browsed_site.closes_and_says_so, 0),
        (browsed_site.answers_until_the_end, 0),
        (browsed_site.hangs_up_later, 1),
        (browsed_site.speaks_unasked, 1),
    ],
)
def test_a_connection_that_was_closed_before_the_request_is_put_away_and_counted(
    pem: Path, monkeypatch: pytest.MonkeyPatch, turn: Turn, found_closed: int
) -> None:
    one_kept_connection(monkeypatch)

    async def work(site: Http1Site, client: Client) -> list[Outcome]:
        first = await send(client, "kept")
        site.hang_up.set()
        await site.all_closed()
        return [first, await send(client, "kept"), await send(client, "kept")]

    outcomes, site = asked_of(pem, [turn], work)
    assert [outcome.error for outcome in outcomes] == [None, None, None]
    assert [outcome.found_closed for outcome in outcomes] == [0, found_closed, 0]
    assert [outcome.reused for outcome in outcomes] == [False, False, True]
    assert (site.served, site.connections) == (3, 2)


def test_kept_connections_are_used_in_turn_and_new_ones_are_new(pem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("traffic.client.CONNECTIONS", {"kept": 2, "quiet": 1, "http2": 1})

    async def work(_site: Http1Site, client: Client) -> list[Outcome]:
        return [await send(client, way) for way in ("kept", "kept", "kept", "kept", "new", "new")]

    outcomes, site = asked_of(pem, [], work)
    assert [outcome.reused for outcome in outcomes] == [False, False, True, True, False, False]
    assert site.connections == 4


def test_an_id_comes_from_an_answer_that_is_what_it_must_be(pem: Path) -> None:
    create = Mix(1, {"create_case": 1}, {"new": 1})

    async def work(_site: Http1Site, client: Client) -> list[Outcome]:
        return [await send(client, way, request) for request, way in (create.next() for _ in range(2))]

    (good, page), _site = asked_of(pem, [browsed_site.well, browsed_site.maintenance_page], work)
    assert (good.id, good.error) == ("CS2026-0000001", None)
    assert (page.id, page.error) == (None, "status 200")
    assert page.detail.startswith("<html>")


def test_a_page_with_the_right_status_in_place_of_the_answer_is_a_failure(pem: Path) -> None:
    mix = Mix(1, {"list_cases": 1}, {"new": 1})

    async def work(_site: Http1Site, client: Client) -> list[Outcome]:
        request, way = mix.next()
        return [await send(client, way, request)]

    [outcome], _site = asked_of(pem, [browsed_site.maintenance_page], work)
    assert (outcome.status, outcome.error) == (200, "answer is not what it must be (no JSON object)")


@pytest.mark.parametrize(("early", "words"), [(413, "status 413"), (201, "status 201 before the request was whole")])
def test_an_answer_before_the_request_is_whole_ends_a_slow_upload(pem: Path, early: int, words: str) -> None:
    slow = Request("slow", "POST", "/api/cases", 201, b"x" * 100, pieces=100, pause_seconds=0.1)

    async def scenario() -> tuple[Outcome, Http1Site]:
        async with Http1Site(pem, early=early) as site:
            return await send(Client(site.target(), PATIENT), "new", slow), site

    outcome, site = asyncio.run(scenario())
    assert outcome.error == words
    assert site.served == 1
    assert outcome.paused_seconds < slow.paused_seconds


@pytest.mark.parametrize("kind", [Http1Site, Http2Site])
def test_a_slow_upload_arrives_whole_and_its_pauses_are_known(
    pem: Path, kind: type[Http1Site] | type[Http2Site]
) -> None:
    whole = json.dumps({"patient": "x" * 1000}).encode()
    slow = Request("slow", "POST", "/api/cases", 201, whole, pieces=7, pause_seconds=0.01)

    async def scenario() -> tuple[Outcome, bytes]:
        async with kind(pem) as site:
            client = Client(site.target(), PATIENT)
            outcome = await send(client, "new" if kind is Http1Site else "http2", slow)
            client.close()
            return outcome, site.asked[0].body

    outcome, arrived = asyncio.run(scenario())
    assert (outcome.error, arrived) == (None, whole)
    assert outcome.paused_seconds == pytest.approx(0.06)


def test_a_server_without_http2_is_told(pem: Path) -> None:
    async def work(_site: Http1Site, client: Client) -> list[Outcome]:
        return [await send(client, "http2")]

    [outcome], _site = asked_of(pem, [], work)
    assert outcome.error == "no connection: the server does not speak HTTP/2"
