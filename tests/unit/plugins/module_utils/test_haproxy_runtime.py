"""The client of HAProxy's runtime socket: what it makes of answers as 2.6 and 3.0 give them, and of none."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.haproxy_runtime import (
    HaproxyError,
    RuntimeSocket,
    UnreachableError,
)
from haproxy import BLUE, GREEN, SAMPLES, FakeLab


@pytest.fixture(params=["2.6", "3.0"])
def lab(request: pytest.FixtureRequest) -> Iterator[FakeLab]:
    """Give the stand-in."""
    lab = FakeLab(request.param)
    yield lab
    lab.close()


def test_reads_a_backend(lab: FakeLab) -> None:
    lab.sleep(1)
    lab.sleep(1)
    lab.hold_request(BLUE)
    found = lab.haproxy.backend("application")
    assert (found.name, found.uptime_seconds) == ("application", 5)
    assert found.process_id == 1000 + lab.invocation
    blue, green = found.servers[BLUE].as_dict(), found.servers[GREEN].as_dict()
    assert str(blue.pop("check")).startswith("L7OK")
    assert blue == {"mode": "ready", "status": "UP", "running": True, "healthy": True, "in_flight": 1, "held": 0}
    assert (green["mode"], green["status"], green["healthy"], green["in_flight"]) == ("maint", "MAINT", False, 0)


@pytest.mark.parametrize("version", ["2.6", "3.0"])
def test_the_recorded_answers_hold_what_is_read_of_them(version: str) -> None:
    """Recorded after two cut requests at app1-blue (in maintenance) and with app1-green stopped (it drains)."""
    header = (SAMPLES / f"{version}.stat").read_text().split("\n")[0].removeprefix("# ").split(",")
    for column in (
        "scur",
        "qcur",
        "req_tot",
        "hrsp_5xx",
        "econ",
        "eresp",
        "rtime",
        "check_health",
        "check_rise",
        "check_fall",
        "last_chk",
    ):
        assert column in header
    states = (SAMPLES / f"{version}.state").read_text().splitlines()
    assert states[0] == "1"
    assert states[1].split()[1:8] == [
        "be_id",
        "be_name",
        "srv_id",
        "srv_name",
        "srv_addr",
        "srv_op_state",
        "srv_admin_state",
    ]
    assert [line.split()[3:7] for line in states[2:4]] == [
        [BLUE, "127.0.0.1", "0", "1"],
        [GREEN, "127.0.0.1", "0", "12"],
    ]


@pytest.mark.parametrize(
    ("bits", "mode"),
    [(0, "ready"), (0x04, "ready"), (0x01, "maint"), (0x05, "maint"), (0x20, "maint"), (0x02, "maint"), (0x08, "drain"), (0x0C, "drain"), (0x10, "drain"), (0x09, "maint")],
)  # fmt: skip
def test_a_disabled_of_the_configuration_is_no_state_of_now(lab: FakeLab, bits: int, mode: str) -> None:
    lab.servers[GREEN].admin = bits
    assert lab.haproxy.backend("application").servers[GREEN].mode == mode


@pytest.mark.parametrize(("mode", "bits"), [("ready", 0x04), ("drain", 0x0C), ("maint", 0x05)])
def test_tells_a_server(lab: FakeLab, mode: str, bits: int) -> None:
    lab.haproxy.tell("application", GREEN, mode)
    assert lab.servers[GREEN].admin == bits


def test_waits_for_a_haproxy_that_starts_just_now(tmp_path: Path) -> None:
    clock = iter(range(100))
    path = Path(f"/tmp/hap-{id(tmp_path)}.sock")  # noqa: S108 - a socket's path holds 107 characters
    listening = socket.socket(socket.AF_UNIX)

    def answer() -> None:
        connection, _peer = listening.accept()
        connection.recv(100)
        connection.sendall(b"first\n\n")
        connection.close()

    def start(_seconds: float) -> None:
        if not path.exists():
            listening.bind(str(path))
            listening.listen()
            threading.Thread(target=answer, daemon=True).start()

    try:
        assert RuntimeSocket(path, clock=lambda: next(clock), sleep=start).ask("show info") == "first\n\n"
    finally:
        listening.close()
        path.unlink(missing_ok=True)


@pytest.mark.parametrize("said", [b"", b"half a li"])
def test_an_answer_that_ends_in_the_middle_is_none(lab: FakeLab, said: bytes) -> None:
    lab.answer = lambda _command: said.decode()  # type: ignore[method-assign]
    with pytest.raises(
        UnreachableError, match=r"^HAProxy ended in the middle of its answer to 'show info' on .*; run again$"
    ):
        lab.haproxy.admin.ask("show info")


def test_names_servers_that_are_not_there(lab: FakeLab) -> None:
    found = lab.haproxy.backend("application")
    assert [server.name for server in found.named([GREEN, BLUE])] == [GREEN, BLUE]
    with pytest.raises(
        HaproxyError,
        match=r"no server x, y in its backend application; it has app1-blue, app1-green\. Run traumalink\.ops\.site",
    ):
        found.named(["x", BLUE, "y"])
