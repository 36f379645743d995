"""Handing data over: both ends prove who they are, nobody else is let in, and half of it is never taken for whole."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.handover import (
    Certificates,
    Giving,
    HandoverError,
    give,
    take,
)
from authority import Authority

HERE = "127.0.0.1"


@pytest.fixture
def port() -> int:
    with socket.create_server((HERE, 0)) as listener:
        number: int = listener.getsockname()[1]
    return number


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Certificates]:
    authority = Authority(tmp_path_factory.mktemp("site"), "site")
    return lambda name: Certificates(*authority.give(name), str(authority.file))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Certificates]:
    authority = Authority(tmp_path_factory.mktemp("elsewhere"), "elsewhere")
    return lambda name: Certificates(*authority.give(name), str(authority.file))


class Giver(threading.Thread):
    """The host that gives, as a thread; what went wrong is kept."""

    def __init__(
        self, port: int, certificates: Certificates, work: Callable[[Giving], object], wait: float = 5
    ) -> None:
        super().__init__(daemon=True)
        self.port, self.certificates, self.work, self.wait = port, certificates, work, wait
        self.error: OpsError | None = None
        self.start()

    def run(self) -> None:
        try:
            with give(HERE, self.port, self.certificates, "db1", self.wait) as giving:
                self.work(giving)
        except OpsError as error:
            self.error = error

    def ended(self) -> Any:
        self.join(20)
        assert not self.is_alive()
        return self.error


def test_words_and_data_come_over_whole_and_in_order(port: int, site: Callable[[str], Certificates]) -> None:
    pieces = [b"a" * 3_000_000, b"", "中文\n".encode()]
    answers: list[dict[str, Any]] = []

    def work(giving: Giving) -> None:
        giving.say({"parts": ["它"]})
        for piece in pieces:
            giving.data(piece)
        giving.end()
        giving.say({"rows": 3})
        answers.append(giving.hear())

    giver = Giver(port, site("ops1"), work)
    with take(HERE, port, site("db1"), "ops1", 5, sleep=lambda _seconds: None) as taking:
        assert taking.hear() == {"parts": ["它"]}
        assert list(taking.pieces()) == pieces
        assert taking.hear() == {"rows": 3}
        taking.say({"ok": True})
    assert giver.ended() is None
    assert answers == [{"ok": True}]


def test_data_without_its_end_is_not_taken_for_whole(port: int, site: Callable[[str], Certificates]) -> None:
    Giver(port, site("ops1"), lambda giving: giving.data(b"half"))
    with take(HERE, port, site("db1"), "ops1", 5) as taking:
        pieces = taking.pieces()
        assert next(pieces) == b"half"
        with pytest.raises(HandoverError, match="ops1 ended before its time"):
            next(pieces)


def test_the_giver_hears_why_the_taker_gave_up(port: int, site: Callable[[str], Certificates]) -> None:
    heard: list[dict[str, Any]] = []
    giver = Giver(port, site("ops1"), lambda giving: heard.append(giving.hear()))
    with pytest.raises(OpsError, match="no room"), take(HERE, port, site("db1"), "ops1", 5):
        raise OpsError("no room")
    assert giver.ended() is None
    assert heard == [{"ok": False, "why": "no room"}]


@pytest.mark.parametrize("who", ["app1", "db10"])
def test_another_host_of_the_site_gets_nothing(port: int, site: Callable[[str], Certificates], who: str) -> None:
    giver = Giver(port, site("ops1"), lambda giving: giving.say({"secret": "patients"}), wait=1)
    with pytest.raises(HandoverError), take(HERE, port, site(who), "ops1", 5) as taking:
        taking.hear()
    assert "db1 has not come to 127.0.0.1" in str(giver.ended())


@pytest.mark.parametrize("certified", [True, False])
def test_a_stranger_gets_nothing(
    port: int, site: Callable[[str], Certificates], stranger: Callable[[str], Certificates], certified: bool
) -> None:
    own = site("ops1")
    giver = Giver(port, own, lambda giving: giving.say({"secret": "patients"}), wait=1)
    context = ssl.create_default_context(cafile=own.authority)
    if certified:
        false = stranger("db1")
        context.load_cert_chain(false.certificate, false.key)
    got = b""
    with contextlib.suppress(OSError), socket.create_connection((HERE, port), 5) as plain:
        got = context.wrap_socket(plain, server_hostname="ops1").recv(100)
    assert got == b""
    assert "db1 has not come" in str(giver.ended())


def test_a_false_source_is_not_believed(
    port: int, site: Callable[[str], Certificates], stranger: Callable[[str], Certificates]
) -> None:
    Giver(port, stranger("ops1"), lambda giving: giving.say({}), wait=1)
    with pytest.raises(HandoverError, match=r"what answers at 127\.0\.0\.1, port \d+, is not ops1"):  # noqa: SIM117
        with take(HERE, port, site("db1"), "ops1", 5):
            pass


def test_a_source_that_does_not_listen_is_named_with_the_firewall(
    port: int, site: Callable[[str], Certificates]
) -> None:
    with pytest.raises(HandoverError, match=r"ops1 cannot be reached at 127\.0\.0\.1, port .* a firewall"):  # noqa: SIM117
        with take(HERE, port, site("db1"), "ops1", 0, sleep=lambda _seconds: None):
            pass


def test_missing_certificates_are_named(tmp_path: Path, port: int) -> None:
    missing = Certificates(*(str(tmp_path / name) for name in ("a.crt", "a.key", "ca.crt")))
    with pytest.raises(HandoverError, match=r"a\.crt.* cannot be used"), give(HERE, port, missing, "db1", 1):
        pass
