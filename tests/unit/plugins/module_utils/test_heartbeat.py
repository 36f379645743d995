"""The sign of life: it arrives, or the message says why without showing the address."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.heartbeat import HeartbeatError, beat


class Monitoring(BaseHTTPRequestHandler):
    """A hospital's monitoring: takes /good, refuses the rest."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200 if self.path == "/good" else 404)
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@pytest.fixture
def monitoring() -> Iterator[tuple[str, list[str]]]:
    """Give a monitoring's address, and what it is asked."""
    Monitoring.asked = []
    server = HTTPServer(("127.0.0.1", 0), Monitoring)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", Monitoring.asked
    server.shutdown()
    server.server_close()


def test_arrives_once(monitoring: tuple[str, list[str]]) -> None:
    address, asked = monitoring
    beat(f"{address}/good")
    assert asked == ["/good"]


def test_an_answer_that_refuses_it_is_an_error_without_the_address(monitoring: tuple[str, list[str]]) -> None:
    address, _asked = monitoring
    with pytest.raises(HeartbeatError, match="did not take the heartbeat: it answered 404") as caught:
        beat(f"{address}/secret-token")
    assert "secret-token" not in str(caught.value)


def test_nobody_there_is_an_error_without_the_address(monitoring: tuple[str, list[str]]) -> None:
    with pytest.raises(HeartbeatError, match="did not take the heartbeat") as caught:
        beat("http://127.0.0.1:9/secret-token")
    assert "secret-token" not in str(caught.value)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://h/x", "monitoring.example.org/x", "http://"])
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(HeartbeatError, match="no http or https address"):
        beat(url)
