"""A site's edge on this machine: a real TLS server with a real certificate, that answers as the application does, or misbehaves as told."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import re
import socket
import ssl
import struct
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from traffic.client import Client, Outcome, Target
from traffic.exchange import Request

PATIENT = 20.0
VERSION = Request("version", "GET", "/version", judge=lambda body: json.loads(body)["version"])
RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no seconds: closing sends RST


def certificate(directory: Path, name: str = "127.0.0.1") -> Path:
    """Make a certificate that signs itself, with its key in the same file; return the file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "edge")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(name))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = directory / f"edge-{name}.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


async def send(client: Client, way: str, request: Request = VERSION) -> Outcome:
    """Let a client send a request that is due now."""
    return await client.send(request, way, asyncio.get_running_loop().time())


@dataclass(frozen=True)
class Asked:
    """A request as the site read it."""

    method: str
    target: str
    body: bytes


def application(asked: Asked, number: int) -> tuple[int, bytes]:
    """Answer as the reference application does; `number` goes into the ids that it gives."""
    answer: dict[str, object]
    if asked.method == "POST" and asked.target == "/api/cases":
        json.loads(asked.body)["patient"]  # a whole document, or the site breaks
        return 201, json.dumps({"case_number": f"CS2026-{number:07d}", "case_id": number}).encode()
    if found := re.fullmatch(r"/api/cases/(CS[\d-]+)/treatment-steps", asked.target):
        return 201, json.dumps({"case_number": found[1], "step_number": number}).encode()
    if found := re.fullmatch(r"/api/cases/(CS[\d-]+)", asked.target):
        return 200, json.dumps({"case_number": found[1]}).encode()
    match asked.target.split("?")[0]:
        case "/":
            return 200, b"<html><body>ready</body></html>"
        case "/version":
            answer = {"name": "trauma", "version": "1.0.0", "slot": "blue"}
        case "/api/cases":
            answer = {"cases": []}
        case "/api/triage/levels":
            answer = {"levels": []}
        case "/api/registry/reports":
            answer = {"reports": []}
        case "/api/statistics/workload":
            answer = {"months": []}
        case _:
            return 404, b"{}"
    return 200, json.dumps(answer).encode()


@dataclass
class Line:
    """The server's end of a connection, and the request that has just been read from it."""

    site: Http1Site
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    asked: Asked

    def write(self, text: str | bytes) -> None:
        self.writer.write(text.encode() if isinstance(text, str) else text)

    def answer(self, status: int, body: bytes, headers: str = "") -> None:
        self.write(f"HTTP/1.1 {status} OK\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body)

    def reset(self) -> None:
        raw: socket.socket = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.writer.transport.abort()


Turn = Callable[[Line], Awaitable[bool]]
"""What the site does with one request; True where the connection stays open."""


async def well(line: Line) -> bool:
    """Answer as the application does."""
    line.answer(*application(line.asked, line.site.served))
    return True


async def closes_and_says_so(line: Line) -> bool:
    line.answer(*application(line.asked, line.site.served), "Connection: close\r\n")
    return False


async def hangs_up_later(line: Line) -> bool:
    """Close, without having said so, when the test says."""
    await well(line)
    await line.site.hang_up.wait()
    return False


async def answers_until_the_end(line: Line) -> bool:
    """An answer of HTTP/1.0, whose end is the connection's."""
    status, body = application(line.asked, line.site.served)
    line.write(f"HTTP/1.0 {status} OK\r\n\r\n".encode() + body)
    return False


async def closes_without_answer(_line: Line) -> bool:
    return False


async def resets_without_answer(line: Line) -> bool:
    line.reset()
    return False


async def closes_within_answer(line: Line) -> bool:
    line.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
    return False


async def resets_within_answer(line: Line) -> bool:
    line.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
    await asyncio.sleep(0.05)  # what a reset overtakes, the client may never see
    line.reset()
    return False


async def fails(line: Line) -> bool:
    line.answer(500, b"the database refused")
    return True


async def maintenance_page(line: Line) -> bool:
    line.answer(200, b"<html><body>Maintenance</body></html>")
    return True


async def speaks_no_http(line: Line) -> bool:
    line.write("SSH-2.0-OpenSSH_9.2\r\n\r\n")
    return True


async def says_nothing(line: Line) -> bool:
    """Neither answer nor close, until the client gives up."""
    await line.reader.read()
    return False


async def stops_within_answer(line: Line) -> bool:
    line.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
    await line.reader.read()
    return False


async def speaks_unasked(line: Line) -> bool:
    """Say goodbye when the test says, as a proxy does whose patience is over."""
    await well(line)
    await line.site.hang_up.wait()
    line.answer(408, b"", "Connection: close\r\n")
    return False


@dataclass
class Http1Site:
    """The site, speaking HTTP/1.1.

    Attributes:
        turns: what it does with the coming requests, one each; afterwards it behaves well.
        early: answers as soon as the head of a request has arrived, with this status.
        asked: the requests that arrived; connections: how many were made; open: how many are.
    """

    pem: Path
    turns: deque[Turn] = field(default_factory=deque)
    early: int = 0
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    hang_up: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def served(self) -> int:
        return len(self.asked)

    async def __aenter__(self) -> Http1Site:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pem)
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.port: int = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.server.close()

    def target(self) -> Target:
        return Target(f"https://127.0.0.1:{self.port}", self.pem)

    async def all_closed(self) -> None:
        """Wait until the client, too, has closed every connection."""
        while self.open:
            await asyncio.sleep(0.001)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                while await self._one(reader, writer):
                    await writer.drain()
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            self.open -= 1

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, target, _version = head.split("\r\n")[0].split(" ")
        length = re.search(r"(?i)content-length: (\d+)", head)
        if self.early:
            self.asked.append(Asked(method, target, b""))
            Line(self, reader, writer, self.asked[-1]).answer(self.early, b"{}")
            await reader.read()
            return False
        body = await reader.readexactly(int(length[1])) if length else b""
        self.asked.append(Asked(method, target, body))
        turn = self.turns.popleft() if self.turns else well
        return await turn(Line(self, reader, writer, self.asked[-1]))
