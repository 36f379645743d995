"""The edge of a site that speaks HTTP/2, and keeps, refuses or leaves as told."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from pathlib import Path

import h2.config
import h2.connection
import h2.errors
import h2.events
from browsed_site import Asked, application
from hyperframe.frame import GoAwayFrame
from traffic.client import Target


@dataclass
class Http2Site:
    """The site, speaking HTTP/2.

    Attributes:
        answers: with False it keeps what it is asked in `pending` until `answer_pending`.
        refuse: so many requests are refused (REFUSED_STREAM) before it takes one.
    """

    pem: Path
    answers: bool = True
    refuse: int = 0
    asked: list[Asked] = field(default_factory=list)
    lines: list[Http2Line] = field(default_factory=list)

    async def __aenter__(self) -> Http2Site:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pem)
        context.set_alpn_protocols(["h2"])
        self.server = await asyncio.get_running_loop().create_server(
            lambda: Http2Line(self), "127.0.0.1", 0, ssl=context
        )
        self.port: int = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.server.close()

    def target(self) -> Target:
        return Target(f"https://127.0.0.1:{self.port}", self.pem)

    async def has_been_asked(self, count: int) -> None:
        """Wait until so many requests have arrived."""
        while len(self.asked) < count:
            await asyncio.sleep(0.001)


class Http2Line(asyncio.Protocol):
    """The server's end of one HTTP/2 connection."""

    def __init__(self, site: Http2Site) -> None:
        self.site = site
        self.protocol = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        )
        self.reading: dict[int, tuple[dict[str, str], list[bytes]]] = {}
        self.pending: dict[int, Asked] = {}
        self.closed = asyncio.Event()

    def connection_lost(self, _error: Exception | None) -> None:
        self.closed.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.site.lines.append(self)
        self.protocol.initiate_connection()
        self.flush()

    def data_received(self, data: bytes) -> None:
        for event in self.protocol.receive_data(data):
            match event:
                case h2.events.RequestReceived():
                    self.reading[event.stream_id] = (dict(event.headers), [])
                case h2.events.DataReceived():
                    self.protocol.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                    self.reading[event.stream_id][1].append(event.data)
                case h2.events.StreamEnded():
                    headers, parts = self.reading.pop(event.stream_id)
                    self._asked(event.stream_id, Asked(headers[":method"], headers[":path"], b"".join(parts)))
        self.flush()

    def _asked(self, stream: int, asked: Asked) -> None:
        self.site.asked.append(asked)
        if self.site.refuse:
            self.site.refuse -= 1
            self.protocol.reset_stream(stream, h2.errors.ErrorCodes.REFUSED_STREAM)
            return
        self.pending[stream] = asked
        if self.site.answers:
            self.answer_pending()

    def answer_pending(self) -> None:
        for stream, asked in self.pending.items():
            status, body = application(asked, len(self.site.asked))
            self.protocol.send_headers(stream, [(":status", str(status))])
            self.protocol.send_data(stream, body, end_stream=True)
        self.pending.clear()
        self.flush()

    def go_away(self, last_stream: int) -> None:
        """Say that no request above a stream is or will be processed; h2 itself would take that for the end."""
        frame = GoAwayFrame(0, last_stream_id=last_stream, error_code=0)
        self.transport.write(frame.serialize())

    def flush(self) -> None:
        self.transport.write(self.protocol.data_to_send())
