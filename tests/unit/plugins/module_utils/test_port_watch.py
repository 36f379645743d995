"""How long a service does not answer, measured beside work on it: a real socket that goes away and comes back."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.port_watch import Watch, answers, watching


@contextmanager
def server(said: bytes = b"", port: int = 0) -> Iterator[int]:
    """Serve at a port of this host until left; each connection is told `said`."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    listening.listen()

    def serve() -> None:
        while True:
            try:
                connection, _address = listening.accept()
            except OSError:
                return
            with connection:
                connection.recv(1024) if said else None
                connection.sendall(said)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield int(listening.getsockname()[1])
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def test_a_service_that_goes_away_for_a_moment_is_measured() -> None:
    with server() as port:
        pass
    with server(port=port), Watch("tcp", ("127.0.0.1", port)) as whole:
        time.sleep(0.4)
    assert whole.down_seconds == 0
    with server(port=port) as again, Watch("tcp", ("127.0.0.1", again)) as watch:
        time.sleep(0.3)
    assert watch.down_seconds == 0
    with Watch("tcp", ("127.0.0.1", port)) as down:
        time.sleep(0.5)
        with server(port=port):
            time.sleep(0.4)
    assert 0.4 <= down.down_seconds < 1.5
    assert down.longest_seconds == pytest.approx(down.down_seconds, abs=0.1)


@pytest.mark.parametrize(
    ("said", "serves"),
    [
        (b"R\0\0\0\x08\0\0\0\n", True),
        (b'E\0\0\0xSFATAL\0C28000\0Mno pg_hba.conf entry for host "127.0.0.1"\0\0', True),
        (b"E\0\0\0xSFATAL\0C57P03\0Mthe database system is starting up\0\0", False),
    ],
)
def test_a_postgresql_that_still_starts_does_not_answer(said: bytes, serves: bool) -> None:
    with server(said) as port:
        assert answers("postgresql", ("127.0.0.1", port)) is serves


def test_where_nothing_is_to_be_watched_nothing_is_measured() -> None:
    with watching(None) as watch:
        pass
    assert watch.figures() == {}
    with server() as port, watching({"kind": "tcp", "address": "127.0.0.1", "port": port}) as watch:
        time.sleep(0.1)
    assert watch.figures() == {"down_seconds": 0.0}
