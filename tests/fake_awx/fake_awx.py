#!/usr/bin/env python3
"""A light AWX for tests: the part of its API that the role `awx` and the gate use, as a real HTTP server with its state in memory.

    fake_awx.py start FOLDER    leave one behind unless FOLDER's own still runs; FOLDER/fake_awx.json tells address, tokens and process
    fake_awx.py serve FOLDER    the same, in this process

What it answers follows AWX 24; the rules stand in awx_rules.py, each with its place in AWX's source. It departs from AWX in one thing on purpose: a field
that AWX does not know is refused (400), where AWX drops it without a word, so that a slip is seen.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import awx_rules as rules
from awx_kinds import KINDS
from awx_rules import Object, RefusedError
from awx_runs import RunningAwx

VERSION = "24.6.1"  # of awx.awx too; another one makes its modules warn
TOLD = "fake_awx.json"
IDLE_SECONDS = 900
USERS = (("admin", "write"), ("li.na", "write"), ("wang.wei", "write"), ("auditor", "read"))
PAGE = 25  # AWX's page size, 200 at most
REFUSED_TO_TEAMS = ("member", "admin")


class MissingError(Exception):
    """AWX would answer 404."""


class Handler(BaseHTTPRequestHandler):
    """One request: who asks, which objects, what is answered."""

    protocol_version = "HTTP/1.1"
    awx: RunningAwx

    def log_message(self, *_arguments: object) -> None:
        """Say nothing: a test's output is its own."""

    def answer(self, status: int, body: object = None) -> None:
        """Send an answer. AWX: awx/api/generics.py, APIView.finalize_response tells product and version."""
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-API-Product-Name", "AWX")
        self.send_header("X-API-Product-Version", VERSION)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        self.handled("GET")

    def do_POST(self) -> None:
        self.handled("POST")

    def do_PATCH(self) -> None:
        self.handled("PATCH")

    def do_DELETE(self) -> None:
        self.handled("DELETE")

    def handled(self, method: str) -> None:
        """Answer a request, or say in AWX's way why not."""
        length = int(self.headers.get("Content-Length") or 0)
        given = json.loads(self.rfile.read(length) or b"{}")
        split = urlsplit(self.path)
        with self.awx.lock:
            self.awx.asked.append(f"{method} {self.path}")
            user, scope = self.awx.users.get(self.headers.get("Authorization", "").removeprefix("Bearer "), ("", ""))
            if not user:
                self.answer(
                    401,
                    {
                        "detail": "Authentication credentials were not provided. To establish a login session, visit /api/login/."
                    },
                )
                return
            if method != "GET" and scope != "write":
                # AWX: awx/api/permissions.py; a token of the scope read may only look
                self.answer(403, {"detail": "You do not have permission to perform this action."})
                return
            try:
                self.answer(
                    *self.served(
                        method,
                        split.path.removeprefix("/api/v2/").strip("/").split("/"),
                        parse_qsl(split.query),
                        given,
                        user,
                    )
                )
            except RefusedError as refused:
                self.answer(400, refused.body)
            except (MissingError, KeyError, StopIteration):
                self.answer(404, {"detail": "Not found."})

    def served(
        self, method: str, path: list[str], query: Sequence[tuple[str, str]], given: Object, user: str
    ) -> tuple[int, Any]:
        """Return status and body."""
        awx, kind = self.awx, path[0]
        if kind in awx.runs:
            return self.served_run(method, path, given, user)
        if kind == "roles" and path[2:] == ["teams"]:
            return self.served_role(method, int(path[1]), given)
        if kind != "unified_job_templates" and kind not in KINDS:
            raise MissingError
        if len(path) == 1:
            if method == "POST":
                return 201, awx.shown(kind, awx.create(kind, given))
            return 200, self.page(awx.matching(kind, awx.listed(kind), query), query)
        number = int(path[1])
        thing = awx.things[kind][number]
        if len(path) == 2:
            if method == "PATCH":
                awx.change(kind, thing, given)
            elif method == "DELETE":
                awx.remove(kind, number)
                return 204, None
            return 200, awx.shown(kind, thing)
        if path[2] == "survey_spec":
            return self.served_survey(method, kind, number, given)
        if path[2] == "launch" and kind == "workflow_job_templates":
            return 201, awx.shown_run("workflow_jobs", awx.launch(number, user, given))
        if path[2] == "create_approval_template":
            # AWX: WorkflowJobTemplateNodeCreateApproval
            approval = awx.create("workflow_approval_templates", given)
            thing["unified_job_template"] = approval["id"]
            return 201, awx.shown("workflow_approval_templates", approval)
        if path[2] not in KINDS[kind].lists:
            raise MissingError
        if method == "POST":
            awx.attach(kind, number, path[2], given)
            return 204, None
        endpoint = KINDS[kind].lists[path[2]]
        members = awx.lists.get((kind, number, path[2]), [])
        return 200, self.page([awx.shown(endpoint, awx.find(endpoint, each)) for each in members], query)

    def served_survey(self, method: str, kind: str, number: int, given: Object) -> tuple[int, Any]:
        """Answer for a survey. AWX: JobTemplateSurveySpec."""
        if method == "POST":
            rules.survey_spec(given)
            self.awx.surveys[(kind, number)] = given
            return 200, None
        if method == "DELETE":
            self.awx.surveys.pop((kind, number), None)
            return 200, None
        return 200, self.awx.surveys.get((kind, number), {})

    def served_role(self, method: str, number: int, given: Object) -> tuple[int, Any]:
        """Answer for the teams of a role. AWX: RoleTeamsList."""
        awx = self.awx
        (kind, _of, name) = next(key for key, role in awx.roles.items() if role == number)
        teams = awx.teams_of_role.setdefault(number, [])
        if method == "GET":
            return 200, self.page([awx.shown("teams", awx.find("teams", each)) for each in teams], ())
        team = awx.find("teams", int(given["id"]))["id"]
        if kind == "organizations" and name in REFUSED_TO_TEAMS:
            raise RefusedError(
                {"msg": "You cannot assign an Organization participation role as a child role for a Team."}
            )
        if given.get("disassociate"):
            teams.remove(team)
        elif team not in teams:
            teams.append(team)
        return 204, None

    def served_run(self, method: str, path: list[str], given: Object, user: str) -> tuple[int, Any]:
        """Answer for jobs, workflow jobs and approvals."""
        awx, kind = self.awx, path[0]
        run = awx.runs[kind][int(path[1])]
        if kind == "workflow_jobs" and path[2:] == ["workflow_nodes"]:
            nodes = [node for node in awx.runs["workflow_job_nodes"].values() if node["workflow_job"] == run["id"]]
            return 200, self.page([awx.shown_run("workflow_job_nodes", node) for node in nodes], [("page_size", "200")])
        if method == "POST" and path[2:] in (["approve"], ["deny"]):
            awx.decide(run["id"], user, path[2])
            return 204, None
        return 200, awx.shown_run(kind, run)

    def page(self, things: list[Object], query: Sequence[tuple[str, str]]) -> Object:
        """Return a page of a list. AWX: awx/api/pagination.py."""
        asked = dict(query)
        size, number = min(int(asked.get("page_size", PAGE)), 200), int(asked.get("page", 1))
        following = None
        if len(things) > number * size:
            others = "".join(f"&{name}={value}" for name, value in query if name != "page")
            following = f"{urlsplit(self.path).path}?page={number + 1}{others}"
        return {
            "count": len(things),
            "next": following,
            "previous": None,
            "results": things[(number - 1) * size : number * size],
        }


def serve(awx: RunningAwx) -> ThreadingHTTPServer:
    """Return a server on a free port of loopback, not yet started."""
    handler = type("AwxHandler", (Handler,), {"awx": awx})
    return ThreadingHTTPServer(("127.0.0.1", 0), handler)


def main(folder: Path) -> None:
    """Serve until ended, or until nobody has asked for a while: a test that was cut off leaves nothing behind."""
    root = Path(__file__).resolve().parents[2]
    playbooks = [f"playbooks/{path.name}" for path in sorted((root / "playbooks").glob("*.yml"))]
    users = {f"token-{os.urandom(8).hex()}": each for each in USERS}
    awx = RunningAwx(playbooks, ["lab", "shared"], users)
    server = serve(awx)
    tokens = {name: token for token, (name, _scope) in users.items()}
    told = {"url": f"http://127.0.0.1:{server.server_port}", "tokens": tokens, "process": os.getpid()}
    (folder / TOLD).write_text(json.dumps(told), encoding="utf-8")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    seen = -1
    while seen != len(awx.asked):
        seen = len(awx.asked)
        time.sleep(IDLE_SECONDS)


def start(folder: Path) -> None:
    """Leave a server behind, unless the folder's own still answers."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / TOLD
    if path.exists():
        try:
            there = urlsplit(json.loads(path.read_text(encoding="utf-8"))["url"])
            socket.create_connection((str(there.hostname), there.port or 0), timeout=5).close()
            return
        except OSError:
            path.unlink()
    subprocess.Popen(
        [sys.executable, __file__, "serve", str(folder)],
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _attempt in range(100):
        if path.exists() and path.read_text(encoding="utf-8"):
            print("started")
            return
        time.sleep(0.1)
    sys.exit(f"fake_awx: {path} did not appear")


if __name__ == "__main__":
    {"serve": main, "start": start}[sys.argv[1]](Path(sys.argv[2]))
