"""A whole drill, with a repository and a server that are acted: what it finds, what it leaves, and what it never touches."""

from __future__ import annotations

import json
import os
import pwd
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import drill_checks
from ansible_collections.traumalink.ops.plugins.module_utils.backup_proof import (
    Canary,
    Content,
    Proof,
    Table,
    write_proof,
)
from ansible_collections.traumalink.ops.plugins.module_utils.drill import Drill, Drilled
from ansible_collections.traumalink.ops.plugins.module_utils.drill_fetch import Fetching
from ansible_collections.traumalink.ops.plugins.module_utils.drill_plan import PlanError
from ansible_collections.traumalink.ops.plugins.module_utils.drill_result import Check
from ansible_collections.traumalink.ops.plugins.module_utils.drill_scratch import Scratch, ScratchError
from ansible_collections.traumalink.ops.plugins.module_utils.drill_server import ReplayError, ScratchServer
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest import PgBackRest
from info_samples import one_full

ME = pwd.getpwuid(os.geteuid()).pw_name
AT = datetime(2026, 11, 25, 3, 30, tzinfo=UTC)
LABEL = "20261123-013701F"
SEGMENTS = [f"00000001000000000000000{number}" for number in range(1, 10)]
EXTENSIONS, COLLATIONS = (" ".join(text.split()) for text in (drill_checks.EXTENSIONS, drill_checks.COLLATIONS))
INFO = [one_full(LABEL, "0/100", SEGMENTS[0], 1000)]
ALL_CHECKS = [
    "wal", "copies", "restore", "content", "content", "replay", "canaries", "amcheck", "dump", "extensions", "collations", "segments", "checksums",
    "repository",
]  # fmt: skip


class ActedServer(ScratchServer):
    """A server that gets to each position in two seconds, unless the test says why not."""

    def __init__(self, world: World) -> None:
        scratch = world.drill.scratch
        super().__init__(world.runner, scratch, "15", Fetching(scratch.server, ME, ["get"]))
        self.world = world
        self.running = False

    def reach(self, target_lsn: str | None, timeline: int) -> None:
        assert not self.running, "a server is stopped before it is started with another target"
        assert timeline == 1
        self.world.reached.append(target_lsn)
        self.world.seconds += 2
        if target_lsn in self.world.unreachable:
            raise ReplayError(f"the scratch server ended before it reached {target_lsn}")
        self.running = True

    def stop(self) -> None:
        self.running = False


class World:
    """The ops host: a repository of one set, a scratch folder, and the server."""

    def __init__(self, place: Path, runner: Any) -> None:
        self.runner, self.seconds = runner, 0.0
        self.reached: list[str | None] = []
        self.unreachable: set[str | None] = set()
        self.repository, self.proofs = place / "repository", place / "proofs"
        for folder in (self.repository, self.proofs, place / "home"):
            folder.mkdir()
        (self.repository / "backup.info").write_text("info")
        engine = PgBackRest(runner, "lab", ME, running=list)
        self.scratch = Scratch(
            place / "home", ME, processes=place / "none", sleep=lambda _seconds: None, free=lambda _path: 1024**4
        )
        self.drill = Drill(
            engine, self.scratch, self.repository, self.proofs, lambda _version: ActedServer(self), AT,
            clock=lambda: self.seconds, sleep=lambda _seconds: None,
        )  # fmt: skip
        runner.on("info", out=json.dumps(INFO)).on("repo-get", out="same")
        self.holds(*SEGMENTS)
        runner.on("restore", then=self.lay_down)
        runner.on("psql").on(
            "-c", "SELECT datname FROM pg_database WHERE datallowconn ORDER BY datname", out="trauma\n"
        )
        runner.on("psql", "trauma", out="2\x1f11\n").on("traumalink_canary", out="7\n9\n")
        runner.on("psql", "-d", "trauma", "-c", EXTENSIONS).on("psql", "-d", "trauma", "-c", COLLATIONS)
        server = ActedServer(self)
        runner.on(server.program("pg_amcheck"), err='pg_amcheck: checking heap table "a"\n')
        runner.on(server.program("pg_dump"))
        runner.on(server.program("pg_controldata"), out="Data page checksum version:  1\n")
        runner.on(server.program("pg_checksums"), out="Blocks scanned:  9231\nBad checksums:  0\n")

    def holds(self, *segments: str) -> None:
        """Let the repository hold these segments."""
        files = {
            f"15-1/{name[:16]}/{name}-{'a' * 40}.zst": {"type": "file", "size": 1, "time": 1795397820}
            for name in segments
        }
        self.runner.on("repo-ls", out=json.dumps(files))

    def lay_down(self) -> None:
        """Do what a restore does."""
        self.seconds += 10
        (self.scratch.data / "recovery.signal").touch()
        (self.scratch.data / "pg_wal").mkdir()
        (self.scratch.data / "pg_wal" / "00000002.history").write_text("1\t0/9000100\tno recovery target specified\n")

    def prove(self) -> None:
        """Keep what was seen of the set: two databases, each at its position."""
        content = (Content("trauma", "0/8000100", {"public.a": Table(2, "11")}), Content("other", "0/8000200", {}))
        canaries = Canary(7, "0/7000100"), Canary(9, "0/8000900")
        write_proof(
            Proof(LABEL, "full", AT, 7, *canaries, content, 700, 1, SEGMENTS[0], SEGMENTS[0], SEGMENTS[8], 1, 1),
            ME,
            self.proofs,
        )

    def run(self, label: str | None = None) -> Drilled:
        drilled = self.drill.run(label)
        assert not self.scratch.root.exists(), "restored data must never stay"
        return drilled


@pytest.fixture
def world(reachable: Path, runner: Any) -> World:
    made = World(reachable, runner)
    made.prove()
    return made


def failed(drilled: Drilled) -> dict[str, str]:
    return {check.name: check.detail for check in drilled.result.checks if not check.ok}


def test_a_good_backup_is_proven_with_every_check(world: World) -> None:
    drilled = world.run()
    assert failed(drilled) == {}
    assert [check.name for check in drilled.result.checks] == ALL_CHECKS
    assert (drilled.result.label, drilled.result.outcome, drilled.result.reason) == (LABEL, "success", "")
    assert drilled.result.drilled_at == AT
    assert drilled.result.proof_compared
    assert world.reached == ["0/8000100", "0/8000200", None]


def test_the_time_of_a_restore_is_without_the_comparisons(world: World) -> None:
    world.runner.on("psql", "trauma", out="2\x1f11\n", then=lambda: setattr(world, "seconds", world.seconds + 100))
    world.runner.on("psql", "-d", "trauma", "-c", EXTENSIONS).on("psql", "-d", "trauma", "-c", COLLATIONS)
    drilled = world.run()
    assert drilled.result.seconds == 16.0
    figures = {
        name: drilled.figures[name]
        for name in ("backup", "rto_seconds", "restore_seconds", "replay_seconds", "checks_failed", "content_compared")
    }
    assert figures == {
        "backup": LABEL, "rto_seconds": 16.0, "restore_seconds": 10.0, "replay_seconds": 6.0, "checks_failed": 0, "content_compared": "yes",
    }  # fmt: skip


def test_restores_as_the_drills_user_into_the_scratch_folder_alone(world: World) -> None:
    world.run()
    (restore,) = world.runner.asked("restore")
    for option in (
        f"--set={LABEL}", "--type=default", f"--pg1-path={world.scratch.data}", f"--tablespace-map-all={world.scratch.tablespaces}",
    ):  # fmt: skip
        assert option in restore
    asked = [
        options
        for argv, options in zip(world.runner.calls, world.runner.options, strict=True)
        if argv[0] == "pgbackrest"
    ]
    assert {options["user"] for options in asked} == {ME}


def test_a_set_from_before_proofs_is_drilled_without_the_comparison_and_says_so(world: World) -> None:
    (world.proofs / f"{LABEL}.json").unlink()
    drilled = world.run()
    assert drilled.result.outcome == "success"
    assert drilled.result.checks[0] == Check(
        "proof", True, f"nothing was kept of backup {LABEL} when it was taken: its content is not compared"
    )
    assert not drilled.result.proof_compared
    assert drilled.figures["content_compared"] == "no"
    assert world.reached == [None]


def test_a_damaged_proof_is_a_fault(world: World) -> None:
    (world.proofs / f"{LABEL}.json").write_text("{")
    assert list(failed(world.run())) == ["proof"]


def test_a_missing_segment_ends_the_drill_before_anything_is_restored(world: World) -> None:
    world.holds(*SEGMENTS[:4], *SEGMENTS[5:])
    drilled = world.run()
    assert drilled.result.reason.startswith(
        f"wal: WAL segment {SEGMENTS[4]} is missing in the repository: a restore of backup {LABEL} ends before it"
    )
    assert world.runner.asked("restore") == []
    assert drilled.result.seconds == 0
    assert "rto_seconds" not in drilled.figures


def test_a_damaged_file_is_named_with_its_set(world: World) -> None:
    world.runner.on("restore", status=26, err="ERROR: [026]: raised from local-1 protocol: error restoring '/x'")
    world.runner.on("verify", out=f"P02   INFO: invalid checksum '{LABEL}/pg_data/base/1/1.zst'")
    drilled = world.run()
    assert failed(drilled)["restore"].startswith(
        f"backup {LABEL} cannot be restored, its files are damaged or gone: {LABEL}/pg_data/base/1/1.zst (invalid checksum)"
    )
    assert world.reached == []
    assert drilled.result.checks[-1].name == "repository"


def test_an_engine_that_ends_well_and_lays_nothing_down_is_not_believed(world: World) -> None:
    world.runner.on("restore")
    assert "ended without an error, but laid no recovery.signal down" in failed(world.run())["restore"]


def test_what_fails_does_not_keep_the_rest_from_being_looked_at(world: World) -> None:
    world.runner.on("psql", "trauma", out="3\x1f12\n").on("traumalink_canary", out="7\n")
    world.runner.on("psql", "-d", "trauma", "-c", EXTENSIONS).on("psql", "-d", "trauma", "-c", COLLATIONS)
    drilled = world.run()
    assert list(failed(drilled)) == ["content", "canaries"]
    assert [check.name for check in drilled.result.checks] == ALL_CHECKS
    assert drilled.result.outcome == "failed"
    assert "content: table public.a of trauma has 3 rows" in drilled.result.reason
    assert "; canaries: the row committed after the backup" in drilled.result.reason
    assert drilled.figures["checks_failed"] == 2


def test_a_position_that_is_never_reached_is_a_fault_and_the_end_is_still_tried(world: World) -> None:
    world.unreachable = {"0/8000100"}
    drilled = world.run()
    assert world.reached == ["0/8000100", None]
    assert failed(drilled) == {"content": "the scratch server ended before it reached 0/8000100"}


def test_a_server_that_never_opens_leaves_what_was_seen(world: World) -> None:
    world.unreachable = {"0/8000100", "0/8000200", None}
    drilled = world.run()
    assert list(failed(drilled)) == ["content", "replay"]
    assert drilled.result.seconds == 0
    assert drilled.result.checks[-1].name == "repository"


def test_the_damaged_segment_is_named_first_since_the_rest_follows_from_it(world: World) -> None:
    world.runner.on(
        "traumalink_canary",
        out="7\n",
        then=lambda: (world.scratch.server / "damaged").write_text(f"{SEGMENTS[7]} is not what was archived\n"),
    )
    drilled = world.run()
    assert drilled.result.reason.startswith(f"segments: WAL segment {SEGMENTS[7]} is not what was archived; canaries: ")


def test_a_touched_repository_is_a_fault(world: World) -> None:
    world.runner.on("verify")
    world.runner.on("repo-get", out="same", then=lambda: (world.repository / "backup.info").write_text("touched"))
    assert failed(world.run()) == {"repository": "backup.info was changed"}


def test_a_label_that_is_not_there_and_a_full_disk_stop_it_before_it_begins(world: World) -> None:
    with pytest.raises(PlanError, match="holds no backup X"):
        world.run("X")
    world.drill.scratch = replace(world.scratch, free=lambda _path: 0)
    with pytest.raises(ScratchError, match=r"the drill needs 1\.0 GiB"):
        world.run()
    assert world.runner.asked("restore") == []


def test_a_drill_that_is_cut_off_by_an_error_leaves_nothing(world: World) -> None:
    def crash() -> None:
        raise KeyboardInterrupt

    world.runner.on("traumalink_canary", then=crash)
    with pytest.raises(KeyboardInterrupt):
        world.drill.run(None)
    assert not world.scratch.root.exists()
