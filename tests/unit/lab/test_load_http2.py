"""HTTP/2: a GOAWAY is obeyed as a browser obeys it, and only what the server says it has not processed goes out again, once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from browsed_http2_site import Http2Site
from browsed_site import PATIENT, certificate, send
from traffic.client import Client, Outcome

Work = Callable[[Http2Site, Client], Awaitable[list[Outcome]]]


@pytest.fixture
def pem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the site's certificate; the client keeps one connection."""
    monkeypatch.setattr("traffic.client.CONNECTIONS", {"kept": 1, "quiet": 1, "http2": 1})
    return certificate(tmp_path)


def against(site: Http2Site, work: Work) -> list[Outcome]:
    """Let a client work against a site; return what became of the requests."""

    async def scenario() -> list[Outcome]:
        async with site:
            client = Client(site.target(), PATIENT)
            try:
                return await work(site, client)
            finally:
                client.close()

    return asyncio.run(scenario())


def test_requests_share_a_connection(pem: Path) -> None:
    async def work(site: Http2Site, client: Client) -> list[Outcome]:
        three = asyncio.gather(*(send(client, "http2") for _ in range(3)))
        await site.has_been_asked(3)
        site.lines[0].answer_pending()
        return [*await three]

    site = Http2Site(pem, answers=False)
    outcomes = against(site, work)
    assert [outcome.error for outcome in outcomes] == [None] * 3
    assert sorted(outcome.reused for outcome in outcomes) == [False, True, True]
    assert len(site.lines) == 1


def test_after_a_goaway_what_is_in_flight_ends_there_and_what_is_new_goes_elsewhere(pem: Path) -> None:
    async def work(site: Http2Site, client: Client) -> list[Outcome]:
        flying = asyncio.ensure_future(send(client, "http2"))
        await site.has_been_asked(1)
        site.lines[0].go_away(last_stream=1)
        following = asyncio.ensure_future(send(client, "http2"))
        await site.has_been_asked(2)
        for line in site.lines:
            line.answer_pending()
        return [await flying, await following]

    site = Http2Site(pem, answers=False)
    outcomes = against(site, work)
    assert [(outcome.error, outcome.resent, outcome.found_closed) for outcome in outcomes] == [(None, False, 0)] * 2
    assert len(site.asked) == 2
    assert len(site.lines) == 2


def test_what_a_goaway_says_was_not_processed_goes_out_once_more_and_is_counted(pem: Path) -> None:
    async def work(site: Http2Site, client: Client) -> list[Outcome]:
        flying = asyncio.ensure_future(send(client, "http2"))
        await site.has_been_asked(1)
        site.answers = True
        site.lines[0].go_away(last_stream=0)
        return [await flying]

    site = Http2Site(pem, answers=False)
    [outcome] = against(site, work)
    assert (outcome.error, outcome.resent) == (None, True)
    assert (len(site.asked), len(site.lines)) == (2, 2)


@pytest.mark.parametrize(("refuse", "error"), [(1, None), (2, "not processed (REFUSED_STREAM)")])
def test_a_second_refusal_is_a_failure(pem: Path, refuse: int, error: str | None) -> None:
    async def work(_site: Http2Site, client: Client) -> list[Outcome]:
        return [await send(client, "http2")]

    site = Http2Site(pem, refuse=refuse)
    [outcome] = against(site, work)
    assert (outcome.error, outcome.resent) == (error, True)
    assert len(site.asked) == 2


def test_a_connection_that_ends_takes_all_its_requests_with_it_and_none_is_sent_again(pem: Path) -> None:
    async def work(site: Http2Site, client: Client) -> list[Outcome]:
        three = asyncio.gather(*(send(client, "http2") for _ in range(3)))
        await site.has_been_asked(3)
        site.lines[0].transport.close()
        return [*await three]

    site = Http2Site(pem, answers=False)
    outcomes = against(site, work)
    assert [outcome.error for outcome in outcomes] == ["connection closed before the answer"] * 3
    assert len(site.asked) == 3


def test_an_idle_connection_that_was_closed_is_put_away_and_counted(pem: Path) -> None:
    async def work(site: Http2Site, client: Client) -> list[Outcome]:
        first = await send(client, "http2")
        site.lines[0].transport.close()
        await site.lines[0].closed.wait()
        return [first, await send(client, "http2")]

    site = Http2Site(pem)
    outcomes = against(site, work)
    assert [(outcome.error, outcome.found_closed) for outcome in outcomes] == [(None, 0), (None, 1)]
    assert (len(site.asked), len(site.lines)) == (2, 2)
