"""One request and its answer, whatever carries them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field


class FailedError(Exception):
    """The request failed; the message says how, in words that are the same for the same cause, so that they can be counted."""


class NotProcessedError(FailedError):
    """The server says that it has not processed the request and will not: RFC 9113 lets a client send it again (6.8 and 8.7)."""


def accept(_body: bytes) -> str | None:
    """Take any body for good."""
    return None


@dataclass(frozen=True)
class Request:
    """What is to be sent, and what must come back.

    Attributes:
        kind: what it is called in figures; target: path and query.
        status: the only status that counts as success.
        pieces, pause_seconds: a body that goes out slowly, in so many pieces with a pause before each but the first.
        judge: returns the id that an answer acknowledges (None for reads), raises `FailedError` for a body that is not what it must be.
    """

    kind: str
    method: str
    target: str
    status: int = 200
    body: bytes = b""
    pieces: int = 1
    pause_seconds: float = 0.0
    judge: Callable[[bytes], str | None] = accept

    @property
    def paused_seconds(self) -> float:
        """How long the client itself pauses while it sends."""
        return (self.pieces - 1) * self.pause_seconds


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    status: int
    body: bytes


@dataclass
class Progress:
    """How far a request has come; tells what it was waiting for when its time was over. Times are the event loop's."""

    sent: float | None = None
    answering: bool = False
    paused_seconds: float = 0.0

    def overdue(self) -> str:
        """Return the words for a request whose time is over."""
        if self.sent is None:
            return "no connection in time"
        return "answer not whole in time" if self.answering else "no answer in time"


@dataclass
class Waiting:
    """A request that has gone out, and what has come back of its answer so far."""

    progress: Progress
    result: asyncio.Future[Answer] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    status: int | None = None
    parts: list[bytes] = field(default_factory=list)

    def begins(self, status: int) -> None:
        """Note that the answer has begun."""
        self.status = status
        self.progress.answering = True

    def is_whole(self) -> None:
        """Hand the answer over."""
        if not self.result.done():
            self.result.set_result(Answer(self.status or 0, b"".join(self.parts)))

    def fails(self, error: FailedError) -> None:
        """End with a failure."""
        if not self.result.done():
            self.result.set_exception(error)

    def ends(self, error: Exception | None) -> None:
        """End with the connection: `error` is None where the server closed it in good order."""
        how = "closed" if error is None else "reset" if isinstance(error, ConnectionError) else f"broken ({error})"
        self.fails(FailedError(f"connection {how} {'before' if self.status is None else 'within'} the answer"))


async def pieces(request: Request, waiting: Waiting) -> AsyncIterator[bytes]:
    """Yield the body's pieces, each when it is due; stop where the answer comes first."""
    size = -(-len(request.body) // request.pieces)
    for position in range(request.pieces):
        if position:
            await asyncio.wait([waiting.result], timeout=request.pause_seconds)
            waiting.progress.paused_seconds += request.pause_seconds
        if waiting.result.done():
            return
        yield request.body[position * size : (position + 1) * size]


def early(answer: Answer) -> Answer:
    """Return an answer that came before the request was whole; an error may, a success may not. Raises `FailedError`."""
    if answer.status < 400:
        raise FailedError(f"status {answer.status} before the request was whole")
    return answer


def unconnected(error: Exception) -> FailedError:
    """Return the failure to connect, in words."""
    match error:
        case ConnectionRefusedError():
            how = "refused"
        case ssl.SSLCertVerificationError():
            how = f"certificate not valid ({error.verify_message})"
        case ssl.SSLError():
            how = f"TLS fails ({error.reason or error})"
        case ConnectionError():
            how = "closed within the handshake"
        case OSError():
            how = error.strerror or str(error)
        case _:
            how = str(error)
    return FailedError(f"no connection: {how}")


async def let_loop_see() -> None:
    """Let the event loop read what has arrived for its connections.

    A task that goes on after one turn runs before the sockets that this turn found readable; after two turns they have been read.
    """
    await asyncio.sleep(0)
    await asyncio.sleep(0)
