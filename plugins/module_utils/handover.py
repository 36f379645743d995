# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Handing data from one host of the site to another: one connection over TLS on which both prove who they are, nothing on a disk in between.

What goes over it are frames: a letter, the length of what follows, and that. Data without its end is never taken for whole: the giver's last word
is a seal, and the taker answers it.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .errors import OpsError

__all__ = ["Certificates", "Giving", "HandoverError", "Taking", "give", "take"]

HEAD = struct.Struct("!cI")
WORDS, DATA, END = b"W", b"D", b"E"
LIMIT_BYTES = 16 * 1024 * 1024
SHAKE_SECONDS = 10.0
LOOK_SECONDS = 1.0
# A peer that is gone, or a firewall that forgets connections, must not be waited on for ever; the restore in between is silent for hours.
KEEPALIVE = {socket.TCP_KEEPIDLE: 30, socket.TCP_KEEPINTVL: 15, socket.TCP_KEEPCNT: 8}


class HandoverError(OpsError):
    """The other host did not come, is not who it should be, or ended before its time."""


@dataclass(frozen=True)
class Certificates:
    """A host's certificate, its key, and the site's authority: paths."""

    certificate: str = "/etc/traumalink/tls/host.crt"
    key: str = "/etc/traumalink/tls/host.key"
    authority: str = "/etc/traumalink/tls/ca.crt"

    def context(self, purpose: ssl.Purpose) -> ssl.SSLContext:
        """Return TLS settings under which both sides must have a certificate of the site's authority."""
        try:
            context = ssl.create_default_context(purpose, cafile=self.authority)
            context.load_cert_chain(self.certificate, self.key)
        except OSError as error:
            raise HandoverError(
                f"the TLS files {self.certificate}, {self.key}, {self.authority} cannot be used ({error}); traumalink.ops.site makes them"
            ) from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if purpose is ssl.Purpose.CLIENT_AUTH:
            # No session is taken up again. A ticket that the taker has not read when it gives up would have its kernel throw its last words away.
            context.num_tickets = 0
        context.verify_mode = ssl.CERT_REQUIRED
        return context


class Frames:
    """One end of the connection."""

    def __init__(self, connection: ssl.SSLSocket, peer: str) -> None:
        self.connection, self.peer = connection, peer
        self.bytes = 0

    def send(self, kind: bytes, payload: bytes = b"") -> None:
        """Send one frame.

        Raises:
            HandoverError: the other end is gone.
        """
        try:
            self.connection.sendall(HEAD.pack(kind, len(payload)))
            self.connection.sendall(payload)
        except OSError as error:
            raise self.gone(error) from None
        self.bytes += len(payload)

    def receive(self) -> tuple[bytes, bytes]:
        """Return the next frame.

        Raises:
            HandoverError: the other end is gone.
        """
        kind, length = HEAD.unpack(self.exactly(HEAD.size))
        if length > LIMIT_BYTES:
            raise HandoverError(
                f"{self.peer} sent what is no frame; both hosts must run the same version of traumalink.ops"
            )
        payload = self.exactly(length)
        self.bytes += length
        return kind, payload

    def exactly(self, length: int) -> bytes:
        """Return so many bytes."""
        got = bytearray()
        while len(got) < length:
            try:
                piece = self.connection.recv(length - len(got))
            except OSError as error:
                raise self.gone(error) from None
            if not piece:
                raise self.gone("the connection was closed")
            got += piece
        return bytes(got)

    def gone(self, why: object) -> HandoverError:
        """Return what it means that the other end is gone."""
        return HandoverError(f"{self.peer} ended before its time ({why}); see what it says")

    def say(self, words: Mapping[str, Any]) -> None:
        """Send plain data."""
        self.send(WORDS, json.dumps(words, ensure_ascii=False).encode())

    def hear(self) -> dict[str, Any]:
        """Return plain data that the other end sends.

        Raises:
            HandoverError: it sends something else, or is gone.
        """
        kind, payload = self.receive()
        if kind != WORDS:
            raise HandoverError(
                f"{self.peer} sent data where words were due; both hosts must run the same version of traumalink.ops"
            )
        heard: dict[str, Any] = json.loads(payload)
        return heard


class Giving(Frames):
    """The end that gives."""

    def data(self, piece: bytes) -> None:
        """Send a piece of data."""
        self.send(DATA, piece)

    def end(self) -> None:
        """Say that all data of this part was sent."""
        self.send(END)


class Taking(Frames):
    """The end that takes."""

    def pieces(self) -> Iterator[bytes]:
        """Yield the pieces of one part, to its end.

        Raises:
            HandoverError: it has no end.
        """
        while True:
            kind, payload = self.receive()
            if kind == END:
                return
            if kind != DATA:
                raise HandoverError(
                    f"{self.peer} sent words where data was due; both hosts must run the same version of traumalink.ops"
                )
            yield payload


def alive(plain: socket.socket) -> None:
    """See that a silent connection lives, and that a dead one is noticed."""
    plain.settimeout(None)
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in KEEPALIVE.items():
        plain.setsockopt(socket.IPPROTO_TCP, option, value)


def names_of(connection: ssl.SSLSocket) -> list[str]:
    """Return the host names that the other end's certificate proves."""
    certificate: dict[str, Any] = connection.getpeercert() or {}
    return [value for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS"]


def accepted(listener: socket.socket, context: ssl.SSLContext, peer: str) -> ssl.SSLSocket | None:
    """Return the next connection, None where it is not of that peer."""
    plain, _address = listener.accept()
    plain.settimeout(SHAKE_SECONDS)
    try:
        connection = context.wrap_socket(plain, server_side=True)
    except OSError:  # whoever it was, it is no host of the site
        plain.close()
        return None
    if peer not in names_of(connection):
        connection.close()
        return None
    alive(connection)
    return connection


@contextmanager
def give(address: str, port: int, certificates: Certificates, peer: str, wait_seconds: float) -> Iterator[Giving]:
    """Wait for the one host that may take, and give to it; nobody else is let in, and nothing listens any more once it is there.

    Args:
        address: of this host, on which it listens; port: on which.
        peer: the host's name, which its certificate must prove.

    Raises:
        HandoverError: it does not come.
    """
    context = certificates.context(ssl.Purpose.CLIENT_AUTH)
    try:
        listener = socket.create_server((address, port), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
    except OSError as error:
        raise HandoverError(f"this host cannot listen on {address}, port {port}: {error.strerror or error}") from None
    deadline, connection = time.monotonic() + wait_seconds, None
    with listener:
        while connection is None:
            listener.settimeout(max(0.1, deadline - time.monotonic()))
            with contextlib.suppress(TimeoutError):
                connection = accepted(listener, context, peer)
            if connection is None and time.monotonic() >= deadline:
                raise HandoverError(
                    f"{peer} has not come to {address}, port {port}, within {wait_seconds:.0f} s; a firewall between the hosts must let it through"
                )
    with connection:
        yield Giving(connection, peer)


@contextmanager
def take(
    address: str,
    port: int,
    certificates: Certificates,
    peer: str,
    wait_seconds: float,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Taking]:
    """Go to the host that gives, as soon as it listens.

    Raises:
        HandoverError: it does not listen in time, or is not the host of that name.
    """
    context = certificates.context(ssl.Purpose.SERVER_AUTH)
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            plain = socket.create_connection((address, port), SHAKE_SECONDS)
        except OSError as error:
            if time.monotonic() >= deadline:
                raise HandoverError(
                    f"{peer} cannot be reached at {address}, port {port} ({error.strerror or error}); a firewall between the hosts must let this host through"
                ) from None
            sleep(LOOK_SECONDS)
            continue
        break
    try:
        connection = context.wrap_socket(plain, server_hostname=peer)
    except OSError as error:
        plain.close()
        raise HandoverError(f"what answers at {address}, port {port}, is not {peer}: {error}") from None
    alive(connection)
    with connection:
        try:
            yield Taking(connection, peer)
        except OpsError as error:
            with contextlib.suppress(OpsError):
                Taking(connection, peer).say({"ok": False, "why": str(error)})
            raise
