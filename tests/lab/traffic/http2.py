"""HTTP/2 on one connection, many requests at once, as browsers use it. h2 speaks the protocol; it owns no socket, so it cannot retry."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings
from hyperframe.frame import Frame, GoAwayFrame

from traffic.exchange import Answer, FailedError, NotProcessedError, Progress, Request, Waiting, early, pieces

FRAME_HEAD_BYTES = 9  # RFC 9113, 4.1
GOAWAY = 0x7  # RFC 9113, 6.8
WINDOW_BYTES = 1024 * 1024  # what the server may send before it is acknowledged
PROTOCOL = "h2"


class Http2(asyncio.Protocol):
    """One connection.

    h2 takes a GOAWAY for the end of the connection (python-hyper/h2, issue 1181), although requests below its last stream are still answered.
    So GOAWAY frames are read here and never reach it.
    """

    def __init__(self, authority: str) -> None:
        self._authority = authority
        self._protocol = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding=None))
        self._transport: asyncio.Transport | None = None
        self._waiting: dict[int, Waiting] = {}
        self._unread = b""
        self._open = False
        self.leaving = False
        """The server said, with a GOAWAY, that it takes no more requests here."""

    @property
    def usable(self) -> bool:
        """Whether another request may be sent on it, as far as is known now."""
        return (
            self._open
            and not self.leaving
            and self._protocol.open_outbound_streams < self._protocol.remote_settings.max_concurrent_streams
        )

    @property
    def agreed(self) -> bool:
        """Whether the server chose HTTP/2 when the connection was made (ALPN)."""
        tls = self._transport and self._transport.get_extra_info("ssl_object")
        return bool(tls and tls.selected_alpn_protocol() == PROTOCOL)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin (asyncio calls this): the client speaks first."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._open = True
        self._protocol.initiate_connection()
        self._protocol.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: WINDOW_BYTES})
        self._protocol.increment_flow_control_window(WINDOW_BYTES)
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Read the whole frames that have arrived."""
        self._unread += data
        begin, pending = 0, 0  # frames from `begin` to `pending` are for h2
        while len(self._unread) - pending >= FRAME_HEAD_BYTES:
            end = pending + FRAME_HEAD_BYTES + int.from_bytes(self._unread[pending : pending + 3], "big")
            if end > len(self._unread):
                break
            if self._unread[pending + 3] == GOAWAY:
                self._feed(self._unread[begin:pending])
                self._goes_away(self._unread[pending:end])
                begin = end
            pending = end
        self._feed(self._unread[begin:pending])
        self._unread = self._unread[pending:]
        if self.leaving and not self._waiting:
            self.close()

    def eof_received(self) -> None:
        """Note that the server sends no more; asyncio then closes the connection."""
        self._ended(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the connection is gone."""
        self._ended(exc)

    def _ended(self, error: Exception | None) -> None:
        self._open = False
        for waiting in self._waiting.values():
            waiting.ends(error)

    def _goes_away(self, frame: bytes) -> None:
        goaway, _length = Frame.parse_frame_header(memoryview(frame[:FRAME_HEAD_BYTES]))
        assert isinstance(goaway, GoAwayFrame)
        goaway.parse_body(memoryview(frame[FRAME_HEAD_BYTES:]))
        self.leaving = True
        for stream, waiting in self._waiting.items():
            if stream > goaway.last_stream_id:
                waiting.fails(NotProcessedError("not processed (GOAWAY)"))

    def _feed(self, data: bytes) -> None:
        if not data or not self._open:
            return
        try:
            for event in self._protocol.receive_data(data):
                self._event(event)
        except h2.exceptions.ProtocolError as error:
            for waiting in self._waiting.values():
                waiting.fails(FailedError(f"answer is not HTTP/2 ({type(error).__name__})"))
            self.close()
        self._flush()

    def _event(self, event: h2.events.Event) -> None:
        match event:
            case h2.events.DataReceived():
                self._protocol.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                if event.stream_id in self._waiting:
                    self._waiting[event.stream_id].parts.append(event.data)
            case h2.events.ResponseReceived(stream_id=stream, headers=headers) if stream in self._waiting:
                self._waiting[stream].begins(int(dict(headers)[b":status"]))
            case h2.events.StreamEnded(stream_id=stream) if stream in self._waiting:
                self._waiting[stream].is_whole()
            case h2.events.StreamReset(stream_id=stream, error_code=code) if stream in self._waiting:
                if code == h2.errors.ErrorCodes.REFUSED_STREAM:
                    self._waiting[stream].fails(NotProcessedError("not processed (REFUSED_STREAM)"))
                else:
                    name = code.name if isinstance(code, h2.errors.ErrorCodes) else str(code)
                    self._waiting[stream].fails(FailedError(f"stream reset ({name})"))

    def _flush(self) -> None:
        if self._transport is not None and self._open and (data := self._protocol.data_to_send()):
            self._transport.write(data)

    async def exchange(self, request: Request, progress: Progress) -> Answer:
        """Send a request and return its answer. Raises `FailedError`; when cancelled, the stream is reset."""
        stream = self._protocol.get_next_available_stream_id()
        waiting = self._waiting[stream] = Waiting(progress)
        headers = [
            (":method", request.method), (":scheme", "https"), (":authority", self._authority), (":path", request.target),
            ("user-agent", "traumalink-load"),
        ]  # fmt: skip
        if request.body:
            headers += [("content-type", "application/json"), ("content-length", str(len(request.body)))]
        progress.sent = asyncio.get_running_loop().time()
        over = False
        try:
            self._protocol.send_headers(stream, headers, end_stream=not request.body)
            if request.body:
                # A case is far smaller than the smallest window (65,535 bytes), so there is nothing to wait for.
                async for piece in pieces(request, waiting):
                    self._protocol.send_data(stream, piece)
                    self._flush()
                if not waiting.result.done():
                    self._protocol.end_stream(stream)
            whole = not waiting.result.done()
            self._flush()
            answer = await waiting.result
            if not whole:
                return early(answer)
            over = True
            return answer
        except h2.exceptions.ProtocolError as error:
            if waiting.result.done():  # what the server did to the stream came before what we sent
                return await waiting.result
            raise FailedError(f"HTTP/2 does not let it be sent ({type(error).__name__})") from error
        finally:
            self._waiting.pop(stream, None)
            if not over:
                self._give_up(stream)
            if self.leaving and not self._waiting:
                self.close()

    def _give_up(self, stream: int) -> None:
        """Reset a stream that is not over, so that the server need not go on with it."""
        with suppress(h2.exceptions.ProtocolError):  # it may be over by now
            self._protocol.reset_stream(stream, h2.errors.ErrorCodes.CANCEL)
        self._flush()

    def close(self) -> None:
        """Close it in good order."""
        self._open = False
        if self._transport is not None:
            self._transport.close()
