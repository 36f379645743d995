"""Asking over HTTPS: the server must prove its name, and sees our certificate when it wants one."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.health import NoAnswerError
from ansible_collections.traumalink.ops.plugins.module_utils.https import HttpsGetter
from authority import Authority


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers as the paths say."""

    def do_GET(self) -> None:
        self.send_response(503 if self.path == "/sick" else 200)
        self.end_headers()
        self.wfile.write(f"{self.path} of {self.headers['Host']}".encode())

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"), "authority")


@pytest.fixture(scope="module")
def port(authority: Authority) -> Iterator[int]:
    """Serve on the loopback address, to clients of the authority only."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.give("app1"))
    context.load_verify_locations(authority.file)
    context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_arguments: None  # type: ignore[method-assign]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def getter(authority: Authority, name: str | None = "app1") -> HttpsGetter:
    certificate, key = authority.give("client")
    return HttpsGetter(str(authority.file), certificate, key, name)


def test_asks_by_address_and_checks_the_name(authority: Authority, port: int) -> None:
    answer = getter(authority)(f"https://127.0.0.1:{port}/health/x", 5)
    assert (answer.status, answer.body) == (200, b"/health/x of app1")
    assert getter(authority)(f"https://127.0.0.1:{port}/sick", 5).status == 503


@pytest.mark.parametrize("name", ["app2", None])
def test_another_name_is_no_answer(authority: Authority, port: int, name: str | None) -> None:
    with pytest.raises(NoAnswerError, match="certificate"):
        getter(authority, name)(f"https://127.0.0.1:{port}/", 5)


def test_another_authority_is_no_answer(authority: Authority, port: int, tmp_path: Path) -> None:
    stranger = Authority(tmp_path, "stranger")
    with pytest.raises(NoAnswerError, match="certificate verify failed"):
        HttpsGetter(str(stranger.file), server_name="app1")(f"https://127.0.0.1:{port}/", 5)


def test_a_server_that_wants_our_certificate_does_not_answer_without(authority: Authority, port: int) -> None:
    with pytest.raises(NoAnswerError):
        HttpsGetter(str(authority.file), server_name="app1")(f"https://127.0.0.1:{port}/", 5)


def test_a_closed_port_is_no_answer(authority: Authority) -> None:
    with pytest.raises(NoAnswerError, match="refused"):
        getter(authority)("https://127.0.0.1:1/", 5)


def test_missing_files_and_plain_http_are_errors_of_the_caller(authority: Authority, tmp_path: Path) -> None:
    with pytest.raises(OpsError, match=r"none\.crt cannot be used"):
        HttpsGetter(str(tmp_path / "none.crt"))("https://127.0.0.1:1/", 5)
    with pytest.raises(OpsError, match="no https address"):
        getter(authority)("http://127.0.0.1:1/", 5)
