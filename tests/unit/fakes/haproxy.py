"""HAProxy as the tests need it: a stand-in that speaks its runtime protocol, in words recorded from 2.6 and 3.0, and the real one.

Both lead to two servers, app1-blue (in service) and app1-green (`disabled`), and both let a test hold requests in flight, stop a server's
application, and restart HAProxy, which then reads its configuration again.
"""

from __future__ import annotations

import csv
import http.client
import io
import os
import re
import shutil
import signal
import socket
import socketserver
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.command import Completed
from ansible_collections.traumalink.ops.plugins.module_utils.haproxy_backend import Edge
from ansible_collections.traumalink.ops.plugins.module_utils.haproxy_runtime import Haproxy, RuntimeSocket
from ansible_collections.traumalink.ops.plugins.module_utils.service import Service

SAMPLES = Path(__file__).parents[1] / "samples" / "haproxy"
BLUE, GREEN = "app1-blue", "app1-green"
SYSTEMD = "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nInvocationID={}\nActiveEnterTimestamp=@1\n"
CONFIGURATION = """\
global
    stats socket {folder}/admin.sock mode 600 level admin
    hard-stop-after 1m
defaults
    mode http
    timeout connect 3s
    timeout client 60s
    timeout server 90s
    timeout http-keep-alive 60s
frontend browsers
    bind 127.0.0.1:{front}
    option idle-close-on-response
    default_backend application
frontend other
    bind 127.0.0.1:{other}
    default_backend elsewhere
backend elsewhere
    server app1-blue 127.0.0.1:{blue} disabled
backend application
    balance leastconn
    option httpchk
    http-check send meth GET uri /ready ver HTTP/1.1 hdr Host trauma
    http-check expect status 200
    retries 3
    option redispatch 1
    retry-on conn-failure empty-response
    http-request disable-l7-retry if !METH_GET
    default-server check inter 500ms fastinter 100ms fall 3 rise 2
    server app1-blue 127.0.0.1:{blue} verifyhost app1
    server app1-green 127.0.0.1:{green} verifyhost app1 disabled
"""


class Lab:
    """What both have in common: a folder with short names (a socket's path holds 107 characters), a clock, commands, and hooks.

    Attributes:
        sleeps: how often the code under test waited; at_sleep: what happens to the world at which of these.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="hap"))
        self.configuration = self.folder / "haproxy.cfg"
        self.sleeps = 0
        self.at_sleep: dict[int, Callable[[], object]] = {}
        self.invocation = 1
        self.commands: list[list[str]] = []
        self.verdict = Completed((), 0, "Configuration file is valid\n", "")

    def run(self, argv: Any, **_options: Any) -> Completed:
        self.commands.append(list(argv))
        if argv[0] == "haproxy":
            return self.verdict
        assert argv[:2] == ["systemctl", "show"]
        return Completed(tuple(argv), 0, SYSTEMD.format(self.invocation), "")

    def clock(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        self.sleeps += 1
        self.at_sleep.pop(self.sleeps, lambda: None)()
        self.pass_time(seconds)

    def pass_time(self, seconds: float) -> None:
        time.sleep(seconds)

    @property
    def haproxy(self) -> Haproxy:
        sockets = [
            RuntimeSocket(self.folder / name, 5.0, 10.0, self.clock, self.pass_time)
            for name in ("admin.sock", "master.sock")
        ]
        return Haproxy(*sockets)

    @property
    def edge(self) -> Edge:
        service = Service("haproxy.service", [self.configuration], "reload", self.folder / "run")
        return Edge(self.haproxy, self.configuration, service, self.run, self.clock, self.sleep)

    def modes(self) -> dict[str, str]:
        return {name: server.mode for name, server in self.haproxy.backend("application").servers.items()}

    def disabled(self) -> set[str]:
        """Return which servers of the backend the configuration disables, read in another way than the code under test does."""
        own = self.configuration.read_text().split("\nbackend application\n")[1]
        return set(re.findall(r"server (\S+) .* disabled$", own, re.MULTILINE))

    def close(self) -> None:
        shutil.rmtree(self.folder)


@dataclass
class FakeServer:
    """One server as HAProxy keeps it: bits of its administrative state, health as its checks count it, requests in flight."""

    admin: int
    health: int
    running: bool
    app_runs: bool = True
    in_flight: int = 0
    status: str = "INI"
    unchecked_for: int = 0


@dataclass
class OldProcess:
    """What a HAProxy that was reloaded left behind: requests at app1-blue, connections, and the server that it knows to be ready."""

    in_flight: int = 0
    connections: int = 0
    ready: str = BLUE


@dataclass
class Conversation:
    """What was said to the stand-in, and what a test does before it answers."""

    orders: list[str] = field(default_factory=list)
    asked: int = 0
    before_answer: Callable[[str], None] = lambda _command: None


class FakeLab(Lab):
    """HAProxy's stand-in: rows of the recorded answers with the figures of now in them. A health check ends after the second wait."""

    def __init__(self, version: str) -> None:
        super().__init__()
        self.version = version
        self.now = 1000.0
        self.said = Conversation()
        self.old_processes: dict[int, OldProcess] = {}
        self.servers: dict[str, FakeServer] = {}
        self.configuration.write_text(CONFIGURATION.format(folder=self.folder, front=1, other=2, blue=8001, green=8002))
        self.refusal = ""
        self.restart()
        for name in ("admin.sock", "master.sock"):
            self._serve(name)

    def _serve(self, name: str) -> None:
        lab = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.wfile.write(lab.answer(self.rfile.readline().decode().strip()).encode())

        server = socketserver.ThreadingUnixStreamServer(str(self.folder / name), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        self.__dict__.setdefault("listening", []).append(server)

    def clock(self) -> float:
        return self.now

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        for server in self.servers.values():
            server.unchecked_for += 1
            if server.admin & 0x01 or server.unchecked_for < 2:
                continue
            server.status = "L7OK" if server.app_runs else "L4CON"
            server.health, server.running = (4, True) if server.app_runs else (0, False)

    def restart(self) -> None:
        """Start anew with the configuration as it is; what was in flight is lost, and each server is taken to run until it was checked."""
        disabled = self.disabled()
        before = self.servers
        self.servers = {
            name: FakeServer(5, 0, False) if name in disabled else FakeServer(0, 2, True) for name in (BLUE, GREEN)
        }
        for name, server in before.items():
            self.servers[name].app_runs = server.app_runs
        self.invocation += 1

    def answer(self, command: str) -> str:
        self.said.asked += 1
        self.said.before_answer(command)
        words = command.split()
        if words[0].startswith("@!"):
            return self._answer_of_old(int(words[0][2:]), " ".join(words[1:]))
        if words[:2] == ["show", "proc"]:
            old = "".join(
                f"{process}            worker          1   0d00h00m05s   {self.version}\n"
                for process in self.old_processes
            )
            return f"#<PID>  <type>  <reloads>  <uptime>  <version>\n1  master  1  0d00h00m05s  {self.version}\n# workers\n{1000 + self.invocation}  worker  0  0d00h00m02s  {self.version}\n{'# old workers' + chr(10) + old if old else ''}# programs\n\n"
        if words[0] == "show":
            return self._shown(words)
        self.said.orders.append(command)
        name = words[2 if words[0] == "set" else 3].split("/")[1]
        if self.refusal:
            return f"{self.refusal}\n\n"
        if words[0] == "shutdown":
            self.servers[name].in_flight = 0
        elif words[-1] == "maint":
            # A `disabled` of the configuration stays in the bits for ever.
            server = self.servers[name]
            server.admin, server.health, server.running, server.status = server.admin & 0x04 | 0x01, 0, False, ""
        else:
            server = self.servers[name]
            if server.admin & 0x01:  # it counts as running at once, and what its last check said stays there
                server.health, server.running, server.unchecked_for = 2, True, 0
            server.admin = server.admin & 0x04 | (0x08 if words[-1] == "drain" else 0)
        return "\n"

    def _answer_of_old(self, process: int, command: str) -> str:
        if process not in self.old_processes:
            return f"Can't find the target PID matching the prefix '@!{process}'\n"
        if command.startswith("shutdown"):
            self.old_processes[process] = OldProcess()
            return "\n"
        if command.startswith("set"):
            return "Proxy is disabled.\n\n"
        old = self.old_processes[process]
        if command == "show info":
            return re.sub(r"^CurrConns: .*", f"CurrConns: {old.connections}", self.sample("info"), flags=re.MULTILINE)
        if command.startswith("show servers"):
            states = {name: FakeServer(0 if name == old.ready else 5, 4, True) for name in self.servers}
            return self._state(states)
        return self._stat({name: {"scur": str(old.in_flight)} for name in (BLUE, "BACKEND")})

    def _shown(self, words: list[str]) -> str:
        if words[1] == "info":
            return re.sub(r"^Pid: .*", f"Pid: {1000 + self.invocation}", self.sample("info"), flags=re.MULTILINE)
        if words[2 if words[1] == "stat" else 3] != "application":
            return "No such proxy.\n\n" if words[1] == "stat" else "Can't find backend.\n\n"
        if words[1] == "stat":
            return self._stat({name: self._row(server) for name, server in self.servers.items()})
        return self._state(self.servers)

    def _state(self, servers: dict[str, FakeServer]) -> str:
        lines = self.sample("state").split("\n")
        for number, line in enumerate(lines):
            fields = line.split()
            if len(fields) > 6 and fields[1] == "application":
                server = servers[fields[3]]
                fields[5:7] = ["2" if server.running else "0", str(server.admin)]
                lines[number] = " ".join(fields)
        return "\n".join(lines)

    def _row(self, server: FakeServer) -> dict[str, str]:
        health = "" if server.admin & 0x01 else str(server.health)
        rise, fall = ("", "") if server.admin & 0x01 else ("2", "3")
        down = {"status": "DOWN", "last_chk": "Connection refused", "check_code": ""} if not server.running else {}
        word = "MAINT" if server.admin & 0x01 else "DRAIN" if server.admin & 0x08 else "UP"
        checked = {"check_status": server.status, "check_health": health, "check_rise": rise, "check_fall": fall}
        return {"scur": str(server.in_flight), "status": word} | checked | ({} if server.admin & 0x01 else down)

    def _stat(self, changes: dict[str, dict[str, str]]) -> str:
        rows = list(csv.DictReader(io.StringIO(self.sample("stat").removeprefix("# "))))
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(row | changes.get(row["svname"], {}) for row in rows)
        return f"# {text.getvalue()}\n"

    def sample(self, kind: str) -> str:
        return (SAMPLES / f"{self.version}.{kind}").read_text()

    def hold_request(self, name: str) -> None:
        self.servers[name].in_flight += 1

    def let_go(self) -> None:
        for server in self.servers.values():
            server.in_flight = 0

    def stop_application(self, name: str) -> None:
        self.servers[name].app_runs = False

    def close(self) -> None:
        for server in self.__dict__["listening"]:
            server.shutdown()
            server.server_close()
        super().close()


class Application(ThreadingHTTPServer):
    """A slot's application: says its name, keeps connections open, and holds requests for /slow until it is told to let go."""

    daemon_threads = True

    def __init__(self, name: str) -> None:
        self.name, self.gate, self.held, self.connections = name, threading.Event(), threading.Semaphore(0), []
        super().__init__(("127.0.0.1", 0), Answering)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, peer = super().get_request()
        self.connections.append(connection)
        return connection, peer

    def handle_error(self, *_about: Any) -> None:
        """A client that goes away is none."""

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        for connection in self.connections:
            connection.close()


class Answering(BaseHTTPRequestHandler):
    """Answers as the application of the server that it works for."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        application: Any = self.server
        if self.path == "/slow":
            application.held.release()
            application.gate.wait(20)
        if self.path.startswith("/wait/"):
            time.sleep(float(self.path.rsplit("/", 1)[1]))
        body = application.name.encode()
        self.send_response(500 if self.path == "/fail" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: Any) -> None:
        """Say nothing."""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class RealLab(Lab):
    """The HAProxy of this machine as an ordinary process in a temporary folder, with two applications behind it."""

    def __init__(self, arguments: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.program = shutil.which("haproxy") or ""
        self.arguments = arguments
        self.front = free_port()
        self.applications = {name: Application(name) for name in (BLUE, GREEN)}
        ports = {name.removeprefix("app1-"): each.server_address[1] for name, each in self.applications.items()}
        text = CONFIGURATION.format(folder=self.folder, front=self.front, other=free_port(), **ports)
        self.configuration.write_text(text.replace(" verifyhost app1", ""))
        self.answers: list[tuple[int, str]] = []
        self.holding: list[threading.Thread] = []
        self._start()

    def run(self, argv: Any, **options: Any) -> Completed:
        if argv[0] == "haproxy":
            self.commands.append(list(argv))
            done = subprocess.run([self.program, *argv[1:]], capture_output=True, text=True, check=False)
            return Completed(tuple(argv), done.returncode, done.stdout, done.stderr)
        return super().run(argv, **options)

    def _start(self) -> None:
        arguments = [each.format(folder=self.folder) for each in self.arguments]
        argv = [self.program, *arguments, "-f", str(self.configuration)]
        self.process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.haproxy.backend("application")

    def restart(self) -> None:
        self.process.kill()
        self.process.wait()
        self.invocation += 1
        self._start()

    def reload(self) -> None:
        before = self.haproxy.backend("application").process_id
        os.kill(self.process.pid, signal.SIGUSR2)
        while self.haproxy.backend("application").process_id == before:
            time.sleep(0.05)

    def get(self, path: str = "/", connection: http.client.HTTPConnection | None = None) -> tuple[int, str]:
        own = connection or http.client.HTTPConnection("127.0.0.1", self.front, timeout=30)
        own.request("GET", path)
        answer = own.getresponse()
        said = answer.read().decode()
        if connection is None:
            own.close()
        return answer.status, said

    def _hold(self) -> None:
        try:
            self.answers.append(self.get("/slow"))
        except OSError as error:
            self.answers.append((0, type(error).__name__))

    def hold_request(self, name: str) -> None:
        thread = threading.Thread(target=self._hold, daemon=True)
        thread.start()
        assert self.applications[name].held.acquire(timeout=10)
        self.holding.append(thread)

    def let_go(self) -> None:
        for application in self.applications.values():
            application.gate.set()
        for thread in self.holding:
            thread.join(10)

    def stop_application(self, name: str) -> None:
        self.applications[name].stop()

    def close(self) -> None:
        self.let_go()
        self.process.terminate()
        self.process.wait()
        for application in self.applications.values():
            application.stop()
        super().close()
