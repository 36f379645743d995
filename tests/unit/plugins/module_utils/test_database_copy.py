"""A scratch restore whose dump goes to the database's host: the right moment, nothing given that is not whole, nothing left."""

from __future__ import annotations

import json
import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import database_copy
from ansible_collections.traumalink.ops.plugins.module_utils.backup_proof import Content, Table
from ansible_collections.traumalink.ops.plugins.module_utils.copy_source import Part, SourceError
from ansible_collections.traumalink.ops.plugins.module_utils.database_copy import Asked, Copying, target_settings
from ansible_collections.traumalink.ops.plugins.module_utils.drill_plan import PlanError
from ansible_collections.traumalink.ops.plugins.module_utils.drill_scratch import Scratch, ScratchError
from ansible_collections.traumalink.ops.plugins.module_utils.drill_server import ReplayError
from ansible_collections.traumalink.ops.plugins.module_utils.handover import HandoverError
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest import PgBackRest
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest_sets import parse_info
from ansible_collections.traumalink.ops.plugins.module_utils.restore_goal import read_goal
from ansible_collections.traumalink.ops.plugins.module_utils.restore_plan import RestorePlan
from ansible_collections.traumalink.ops.plugins.module_utils.restore_planner import RefusedError
from ansible_collections.traumalink.ops.plugins.module_utils.restore_request import Request

ME = pwd.getpwuid(os.geteuid()).pw_name
LABEL = "20261123-013701F"
SEGMENTS = [f"00000001000000000000000{number}" for number in range(1, 10)]
INFO = [
    {
        "name": "lab",
        "status": {"code": 0, "message": "ok"},
        "archive": [{"database": {"id": 1}, "min": SEGMENTS[0], "max": SEGMENTS[-1]}],
        "db": [{"id": 1, "system-id": 7, "version": "15"}],
        "backup": [
            {
                "label": LABEL, "type": "full", "prior": None, "timestamp": {"start": 1795397820, "stop": 1795397822},
                "lsn": {"start": "0/1000028", "stop": "0/1000770"}, "archive": {"start": SEGMENTS[0], "stop": SEGMENTS[0]},
                "info": {"size": 1000, "delta": 1000, "repository": {"delta": 1, "size": 1}}, "database": {"id": 1},
            }
        ],
    }
]  # fmt: skip
MANIFEST = '[db]\npostgres={"db-id":5}\ntrauma={"db-id":16384}\n[target:file]\nother={"db-id":1}\n'


@dataclass
class Server:
    """A scratch server that reaches what a test lets it."""

    world: World
    target: dict[str, str] = field(default_factory=dict)

    @property
    def fetching(self) -> Any:
        return self.world.fetching

    def reach(self, target_lsn: str | None, timeline: int) -> None:
        assert (target_lsn, timeline) == (None, 1)
        self.world.reached.append(dict(self.target))
        if self.target and self.world.beyond:
            raise ReplayError("it ended: FATAL:  recovery ended before configured recovery target was reached")

    def stop(self) -> None:
        self.world.stopped += 1


class World:
    """The ops host, and the taker at the other end."""

    def __init__(self, place: Path, runner: Any) -> None:
        (place / "home").mkdir()
        self.runner, self.reached, self.beyond, self.stopped = runner, [], False, 0
        self.refusal = ""
        self.damaged_segments: list[str] = []
        self.said: list[Any] = []
        self.answers: list[dict[str, Any]] = [{"ok": True}, {"ok": True, "notes": "a role is gone"}]
        self.peer, self.bytes, self.came = "db1", 99, 0
        self.fetching = self
        self.scratch = Scratch(
            place / "home", ME, processes=place / "none", sleep=lambda _s: None, free=lambda _path: 1024**4
        )
        runner.on("info", out=json.dumps(INFO)).on("repo-get", out=MANIFEST).on("restore", then=self.lay_down)
        files = {
            f"15-1/{name[:16]}/{name}-{'a' * 40}.zst": {"type": "file", "size": 1, "time": 1795500000}
            for name in SEGMENTS
        }
        runner.on("repo-ls", out=json.dumps(files))
        self.copying = Copying(
            self.planning, PgBackRest(runner, "lab", ME, running=list), self.scratch, lambda _version: Server(self), self.giving,
            present=["postgres", "newer"],
        )  # fmt: skip

    def planning(self, request: Request) -> RestorePlan:
        """Plan what was asked for, as far as the goal goes."""
        if self.refusal:
            raise RefusedError(self.refusal)
        (backup,) = parse_info(json.dumps(INFO), "lab").backups
        goal = read_goal(request.target)
        kind, target = ("default", "") if goal.kind == "end" else (goal.kind, goal.value.replace("'", "''"))
        return RestorePlan(backup, goal, kind, target, 1, SEGMENTS[-1], "", "everything", "what came later")

    def lay_down(self) -> None:
        (self.scratch.data / "recovery.signal").touch()

    def lay(self, _checksums: Any) -> None:
        """Lay the fetching script down."""

    def damaged(self) -> list[str]:
        return self.damaged_segments

    @contextmanager
    def giving(self) -> Iterator[Any]:
        self.came += 1
        yield self

    def say(self, words: Any) -> None:
        self.said.append(words)

    def data(self, piece: bytes) -> None:
        self.said.append(piece)

    def end(self) -> None:
        self.said.append("end")

    def hear(self) -> dict[str, Any]:
        return self.answers.pop(0)


@pytest.fixture
def world(tmp_path: Path, runner: Any, monkeypatch: pytest.MonkeyPatch) -> World:
    class Source:
        def __init__(self, _server: Any, database: str, table: str) -> None:
            self.database, self.table = database, table

        def find(self) -> dict[str, Any]:
            if self.table == "none":
                raise SourceError("no table")
            return {"bytes": 7, "encoding": "UTF8"}

        def content(self) -> Content:
            return Content(self.database, "0/0", {"public.a": Table(3, "5"), "public.b": Table(40, "6")})

        def parts(self) -> list[Part]:
            return [Part("definitions", ()), Part("rows", ())]

        def dump(self, part: Part, sink: Any) -> None:
            sink(part.title.encode())

        def large_objects(self) -> int:
            return 2

    monkeypatch.setattr(database_copy, "Source", Source)
    return World(tmp_path, runner)


def test_what_is_wanted_goes_over_whole_and_nothing_stays(world: World) -> None:
    figures = world.copying.run(Asked("trauma", "public.a", "copy"))
    offered, *parts, sealed = world.said
    assert offered == {
        "like": {"bytes": 7, "encoding": "UTF8"},
        "parts": ["definitions", "rows"],
        "words": f"{LABEL}, the end of the archived WAL",
    }
    assert parts == [b"definitions", "end", b"rows", "end"]
    assert sealed["content"]["tables"]["public.b"] == {"rows": 40, "sum": "6"}
    assert sealed["large_objects"] == 2
    assert (figures["rows"], figures["tables"], figures["rows_by_table"], figures["dump_bytes"]) == (
        43,
        2,
        "public.b 40; public.a 3",
        99,
    )
    assert (figures["backup"], figures["table"], figures["into"], figures["notes"]) == (
        LABEL,
        "public.a",
        "copy",
        "a role is gone",
    )
    assert not world.scratch.root.exists()
    (restored,) = world.runner.asked("restore")
    assert f"--set={LABEL}" in restored
    assert "--type=default" in restored


@pytest.mark.parametrize(
    ("kind", "given", "settings"),
    [
        ("xid", "742", {"recovery_target_xid": "742", "recovery_target_inclusive": "on"}),
        ("lsn", "0/5000100", {"recovery_target_lsn": "0/5000100", "recovery_target_inclusive": "on"}),
        (
            "time",
            "2026-11-24T01:00Z",
            {"recovery_target_time": "2026-11-24 01:00:00.000000+00", "recovery_target_inclusive": "on"},
        ),
        ("name", "it's", {"recovery_target_name": "it's"}),
    ],
)
def test_it_opens_at_the_moment_that_was_planned(world: World, kind: str, given: str, settings: dict[str, str]) -> None:
    world.copying.run(Asked("trauma", request=Request({kind: given})))
    assert world.reached == [{**settings, "recovery_target_action": "promote"}]


def test_without_a_target_it_opens_at_the_end(world: World) -> None:
    assert target_settings(world.planning(Request({}))) == {}


def test_a_moment_that_is_not_reached_gives_nothing(world: World) -> None:
    world.beyond = True
    with pytest.raises(ReplayError, match="before configured recovery target was reached"):
        world.copying.run(Asked("trauma", request=Request({"xid": "742"})))
    assert world.said == []
    assert not world.scratch.root.exists()


def test_a_damaged_segment_is_no_end(world: World) -> None:
    world.damaged_segments = ["WAL segment 000000010000000000000004 is not what was archived"]
    with pytest.raises(ReplayError, match="000000010000000000000004"):
        world.copying.run(Asked("trauma"))
    assert world.said == []


@pytest.mark.parametrize("at", [0, 1])
def test_what_the_database_host_refuses_fails_here_too(world: World, at: int) -> None:
    world.answers[at] = {"ok": False, "why": "no room"}
    with pytest.raises(HandoverError, match="db1: no room"):
        world.copying.run(Asked("trauma"))
    assert not world.scratch.root.exists()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked("truama"), "neither backup .* nor the server of today has a database 'truama'; there is: trauma"),
        (Asked("a\nb"), "line break"),
        (Asked("trauma", "a\nb"), "line break"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_restored(world: World, asked: Asked, said: str) -> None:
    with pytest.raises((PlanError, SourceError), match=said):
        world.copying.look(asked)
    assert world.runner.asked("restore") == []


def test_a_database_that_is_newer_than_the_backup_is_looked_for(world: World) -> None:
    assert world.copying.look(Asked("newer")).backup.label == LABEL


def test_what_the_plan_refuses_is_refused(world: World) -> None:
    world.refusal = "a segment is missing"
    with pytest.raises(RefusedError, match="a segment is missing"):
        world.copying.run(Asked("trauma"))
    assert world.came == 0
    assert world.runner.asked("restore") == []


def test_without_room_nothing_is_restored(world: World) -> None:
    world.copying.scratch = replace(world.scratch, free=lambda _path: 1000)
    with pytest.raises(ScratchError, match="free"):
        world.copying.look(Asked("trauma"))


def test_a_table_that_is_not_there_ends_it_and_nothing_stays(world: World) -> None:
    with pytest.raises(SourceError, match="no table"):
        world.copying.run(Asked("trauma", "none"))
    assert world.said == []
    assert not world.scratch.root.exists()
