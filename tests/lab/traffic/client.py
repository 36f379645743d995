"""Chooses the connection that carries a request, and says honestly what became of the request."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from traffic.exchange import (
    Answer,
    FailedError,
    NotProcessedError,
    Progress,
    Request,
    let_loop_see,
    unconnected,
)
from traffic.http1 import Http1
from traffic.http2 import PROTOCOL, Http2

# How a request travels: on one of the busy kept connections, on one of those that are idle for seconds between two requests, on a connection of
# its own, or beside others on one of the HTTP/2 connections.
WAYS = ("kept", "quiet", "new", "http2")
CONNECTIONS = {"kept": 24, "quiet": 24, "http2": 4}
CLOSE_SECONDS = 3.0
NEVER_SECONDS = 3600.0  # the time of the request is over long before

Kind = TypeVar("Kind", Http1, Http2)


@dataclass(frozen=True)
class Target:
    """Whom to ask.

    Attributes:
        url: `https://host[:port]`; the certificate must be valid for this host, by `ca`.
        ca: file with the authority's certificate (PEM).
        address: where to connect when it is not the host of `url`.
    """

    url: str
    ca: Path
    address: str = ""

    @property
    def host(self) -> str:
        """The host that the certificate must name."""
        parts = urlsplit(self.url)
        if parts.scheme != "https" or not parts.hostname:
            raise ValueError(f"{self.url!r}: give https://host or https://host:port")
        return parts.hostname

    @property
    def authority(self) -> str:
        """Host and port as a browser names them."""
        return urlsplit(self.url).netloc

    @property
    def place(self) -> tuple[str, int]:
        """Where to connect."""
        return self.address or self.host, urlsplit(self.url).port or 443

    def context(self, protocol: str) -> ssl.SSLContext:
        """Return the settings of TLS, with one protocol offered."""
        context = ssl.create_default_context(cafile=str(self.ca))
        context.set_alpn_protocols([protocol])
        return context


@dataclass
class Outcome:
    """What became of a request; times are the event loop's.

    Attributes:
        begun: when the client took it up; sent: when its first byte went out, None if it never did; done: when its fate was known.
        paused_seconds: how long the client itself paused within.
        reused: its connection had carried others before; found_closed: kept connections that it found closed before it was sent.
        resent: the server said that it had not processed it, so it went out once more.
        status: of the answer, None without one; error: what failed, None where nothing did; detail: how the answer to a failed one begins.
        id: what the answer acknowledges.
    """

    begun: float
    sent: float | None = None
    done: float = 0.0
    paused_seconds: float = 0.0
    reused: bool = False
    found_closed: int = 0
    resent: bool = False
    status: int | None = None
    error: str | None = None
    detail: str = ""
    id: str | None = None


@dataclass
class _Pool:
    """Kept HTTP/1.1 connections, used in turn: the one that has been idle longest comes first."""

    most: int
    idle: deque[Http1] = field(default_factory=deque)
    open: int = 0


@dataclass
class _Shared:
    """One place for an HTTP/2 connection; who finds it empty fills it, and the others wait for that."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    connection: Http2 | None = None


class Client:
    """All connections to one target."""

    def __init__(self, target: Target, timeout_seconds: float) -> None:
        self._target = target
        self._timeout_seconds = timeout_seconds
        self._http1, self._http2 = target.context("http/1.1"), target.context(PROTOCOL)
        self._pools = {way: _Pool(CONNECTIONS[way]) for way in ("kept", "quiet")}
        self._shared = deque(_Shared() for _ in range(CONNECTIONS["http2"]))
        self.opened = 0
        """Connections that were made so far."""

    async def send(self, request: Request, way: str, due: float) -> Outcome:
        """Send a request that was due at a time of the event loop, and return what became of it. Never raises for what a server does."""
        loop = asyncio.get_running_loop()
        outcome, progress = Outcome(begun=loop.time()), Progress()
        try:
            async with asyncio.timeout_at(due + self._timeout_seconds + request.paused_seconds):
                try:
                    answer = await self._carry(request, way, outcome, progress)
                except NotProcessedError:
                    outcome.resent, progress.answering = True, False
                    answer = await self._carry(request, way, outcome, progress)
            outcome.status = answer.status
            outcome.detail = answer.body[:200].decode(errors="replace")
            if answer.status != request.status:
                raise FailedError(f"status {answer.status}")
            outcome.id = request.judge(answer.body)
            outcome.detail = ""
        except FailedError as error:
            outcome.error = str(error)
        except TimeoutError:
            outcome.error = progress.overdue()
        outcome.sent, outcome.paused_seconds, outcome.done = progress.sent, progress.paused_seconds, loop.time()
        return outcome

    async def _carry(self, request: Request, way: str, outcome: Outcome, progress: Progress) -> Answer:
        match way:
            case "http2":
                return await (await self._shared_connection(outcome)).exchange(request, progress)
            case "new":
                connection = await self._connect(Http1, self._http1)
                try:
                    return await connection.exchange(request, progress)
                finally:
                    connection.close()
            case _:
                return await self._on_kept(self._pools[way], request, outcome, progress)

    async def _on_kept(self, pool: _Pool, request: Request, outcome: Outcome, progress: Progress) -> Answer:
        """Fill the pool first; then use what is idle; where all are busy, open one more, which is not kept."""
        connection = await self._idle(pool, outcome) if pool.open >= pool.most else None
        outcome.reused = connection is not None
        pool.open += connection is None
        try:
            if connection is None:
                connection = await self._connect(Http1, self._http1)
            return await connection.exchange(request, progress)
        finally:
            if connection is not None and connection.usable and pool.open <= pool.most:
                pool.idle.append(connection)
            else:
                pool.open -= 1
                if connection is not None:
                    connection.close()

    async def _idle(self, pool: _Pool, outcome: Outcome) -> Http1 | None:
        """Return the connection that has been idle longest, if it is still open; put those away that are not."""
        while pool.idle:
            connection = pool.idle.popleft()
            await let_loop_see()
            if connection.usable:
                return connection
            pool.open -= 1
            outcome.found_closed += 1
        return None

    async def _shared_connection(self, outcome: Outcome) -> Http2:
        place = self._shared[0]
        self._shared.rotate(-1)
        async with place.lock:
            await let_loop_see()
            before = place.connection
            if before is not None and before.usable:
                outcome.reused = True
                return before
            outcome.reused = False
            outcome.found_closed += before is not None and not before.leaving
            place.connection = None  # what is still on it ends by itself
            place.connection = await self._connect(Http2, self._http2)
            if not place.connection.agreed:
                raise FailedError("no connection: the server does not speak HTTP/2")
            return place.connection

    async def _connect(self, kind: type[Kind], context: ssl.SSLContext) -> Kind:
        host, port = self._target.place
        try:
            _transport, connection = await asyncio.get_running_loop().create_connection(
                lambda: kind(self._target.authority), host, port, ssl=context, server_hostname=self._target.host,
                ssl_handshake_timeout=NEVER_SECONDS, ssl_shutdown_timeout=CLOSE_SECONDS,
            )  # fmt: skip
        except OSError as error:
            raise unconnected(error) from error
        self.opened += 1
        return connection

    def close(self) -> None:
        """Close every connection that is idle."""
        for pool in self._pools.values():
            for connection in pool.idle:
                connection.close()
        for place in self._shared:
            if place.connection is not None:
                place.connection.close()
