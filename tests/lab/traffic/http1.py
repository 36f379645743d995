"""HTTP/1.1 on one connection, one request after the other. h11 speaks the protocol; it owns no socket, so it can neither reconnect nor retry."""

from __future__ import annotations

import asyncio

import h11

from traffic.exchange import Answer, FailedError, Progress, Request, Waiting, early, pieces

LARGEST_HEAD_BYTES = 64 * 1024


class Http1(asyncio.Protocol):
    """One connection."""

    def __init__(self, authority: str) -> None:
        self._authority = authority
        self._protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=LARGEST_HEAD_BYTES)
        self._transport: asyncio.Transport | None = None
        self._waiting: Waiting | None = None
        self._open = False

    @property
    def usable(self) -> bool:
        """Whether another request may be sent on it, as far as is known now."""
        return self._open and self._waiting is None and self._protocol.our_state is h11.IDLE

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin (asyncio calls this)."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._open = True

    def data_received(self, data: bytes) -> None:
        """Read what arrived; what nobody asked for (such as a 408 of a proxy) ends the connection."""
        if self._waiting is None:
            self.close()
            return
        self._protocol.receive_data(data)
        self._read(self._waiting)

    def eof_received(self) -> None:
        """Note that the server sends no more; asyncio then closes the connection."""
        self._ended(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the connection is gone."""
        self._ended(exc)

    def _ended(self, error: Exception | None) -> None:
        self._open = False
        if self._waiting is None:
            return
        if error is None and self._protocol.their_state is h11.SEND_BODY:
            self._protocol.receive_data(b"")  # An answer without a length is whole now; h11 knows.
            self._read(self._waiting)
        self._waiting.ends(error)

    def _read(self, waiting: Waiting) -> None:
        try:
            while True:
                match self._protocol.next_event():
                    case h11.Response() as response:
                        waiting.begins(response.status_code)
                    case h11.Data() as data:
                        waiting.parts.append(bytes(data.data))
                    case h11.EndOfMessage():
                        waiting.is_whole()
                        return
                    case h11.NEED_DATA | h11.PAUSED:
                        return
                    case h11.ConnectionClosed():
                        waiting.ends(None)
                        return
        except h11.RemoteProtocolError as error:
            # Where the connection ended within the answer, h11 finds a protocol error; for us the connection's end is the cause.
            if self._open:
                waiting.fails(FailedError(f"answer is not HTTP ({error})"))
            else:
                waiting.ends(None)

    async def exchange(self, request: Request, progress: Progress) -> Answer:
        """Send a request and return its answer. Raises `FailedError`; when cancelled, the connection is dropped."""
        assert self._transport is not None
        loop = asyncio.get_running_loop()
        waiting = self._waiting = Waiting(progress)
        headers = [("Host", self._authority), ("User-Agent", "traumalink-load")]
        if request.body:
            headers += [("Content-Type", "application/json"), ("Content-Length", str(len(request.body)))]
        head = self._protocol.send(h11.Request(method=request.method, target=request.target, headers=headers)) or b""
        progress.sent = loop.time()
        try:
            if request.pieces == 1:
                data = self._protocol.send(h11.Data(request.body)) if request.body else None
                self._transport.write(head + (data or b""))
            else:
                self._transport.write(head)
                async for piece in pieces(request, waiting):
                    self._transport.write(self._protocol.send(h11.Data(piece)) or b"")
            whole = not waiting.result.done()
            if whole:
                self._protocol.send(h11.EndOfMessage())
            answer = await waiting.result
            return answer if whole else early(answer)
        except h11.LocalProtocolError as error:
            raise FailedError(f"answer is not HTTP ({error})") from error
        except asyncio.CancelledError:
            self._transport.abort()
            raise
        finally:
            self._waiting = None
            self._next_cycle()

    def _next_cycle(self) -> None:
        """Be ready for another request, or close: after `Connection: close`, HTTP/1.0, an error, or half a request."""
        if self._open and self._protocol.our_state is self._protocol.their_state is h11.DONE:
            self._protocol.start_next_cycle()
        else:
            self.close()
        if self._protocol.trailing_data[0]:  # More than the answer: nobody can tell to what it belongs.
            self.close()

    def close(self) -> None:
        """Close it in good order."""
        self._open = False
        if self._transport is not None:
            self._transport.close()
