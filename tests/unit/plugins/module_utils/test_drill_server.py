"""The scratch server: started apart from everything, waited for until it pauses or opens, and never believed to have arrived when it has not."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.command import CommandError, Completed
from ansible_collections.traumalink.ops.plugins.module_utils.drill_fetch import Fetching
from ansible_collections.traumalink.ops.plugins.module_utils.drill_scratch import Scratch
from ansible_collections.traumalink.ops.plugins.module_utils.drill_server import ReplayError, ScratchServer

ME = pwd.getpwuid(os.geteuid()).pw_name
LSN = "0/8007DD8"
ARRIVED = 'LOG:  recovery stopping before WAL location (LSN) "0/8007DD8"\n'
TOO_SMALL = "WARNING:  hot standby is not possible because of insufficient parameter settings\n"
CONTROL = "max_connections setting:  {}\nData page checksum version:  1\n"


class Host:
    """A host whose server's log, answers and life are what a test says, look by look."""

    def __init__(self, scratch: Scratch, runner: Any) -> None:
        self.runner, self.seconds = runner, 0.0
        self.server = ScratchServer(
            runner, scratch, "15", Fetching(scratch.server, ME, ["get"]), programs=scratch.home / "programs",
            clock=lambda: self.seconds, sleep=self.pass_by,
        )  # fmt: skip
        self.log: Iterator[str] = iter(())
        scratch.prepare()
        (scratch.data / "postgresql.auto.conf").write_text(
            "archive_mode = 'always'\nshared_preload_libraries = 'pg_cron'\n"
        )
        runner.on(self.server.program("pg_controldata"), out=CONTROL.format(150))
        runner.on("unshare", then=self.live)
        runner.on(self.server.program("pg_ctl"), "stop", then=self.die)
        self.says("replaying")

    def pass_by(self, seconds: float) -> None:
        """Let time go by; the server writes the next lines of its log."""
        self.seconds += seconds
        with self.server.log.open("a", encoding="utf-8") as log:
            log.write(next(self.log, ""))

    def says(self, *states: str) -> None:
        """Let it answer so, one answer a question; `down` is no answer at all."""
        answers = iter(states)
        last = [states[-1]]

        def answer(argv: list[str], **_options: Any) -> Any:
            state = next(answers, last[0])
            return Completed(tuple(argv), int(state == "down"), f"{state}\n", "the database system is starting up")

        self.answer = answer

    def live(self) -> None:
        (self.server.scratch.data / "postmaster.pid").write_text("77\n")
        (self.server.scratch.processes / "77").mkdir(exist_ok=True)

    def die(self) -> None:
        (self.server.scratch.data / "postmaster.pid").unlink(missing_ok=True)


@pytest.fixture
def host(reachable: Path, tmp_path: Path, runner: Any) -> Host:
    (tmp_path / "proc").mkdir()
    made = Host(Scratch(reachable, ME, processes=tmp_path / "proc"), runner)
    usual = runner.__class__.__call__

    def run(argv: list[str], **options: Any) -> Any:
        if argv[0] == "psql":
            runner.calls.append(list(argv))
            runner.options.append(options)
            return made.answer(argv, **options)
        return usual(runner, argv, **options)

    made.server.runner = run
    return made


def settings(host: Host) -> dict[str, str]:
    lines = (host.server.scratch.server / "postgresql.conf").read_text().splitlines()
    return {name: value.strip("'") for name, value in (line.split(" = ", 1) for line in lines)}


def test_starts_in_a_network_of_its_own_as_the_drills_user(host: Host) -> None:
    host.says("open")
    host.server.reach(None, 1)
    (start,) = host.runner.asked("unshare")
    assert start[:8] == ["unshare", "--net", "--", "setpriv", f"--reuid={ME}", f"--regid={ME}", "--init-groups", "--"]
    assert start[8:] == [
        host.server.program("pg_ctl"), "-D", str(host.server.scratch.data), "-o", f"-c config_file={host.server.scratch.server}/postgresql.conf",
        "-W", "-s", "-l", str(host.server.log), "start",
    ]  # fmt: skip


def test_productions_own_settings_never_count(host: Host) -> None:
    host.says("open")
    host.server.reach(None, 1)
    assert (host.server.scratch.data / "postgresql.auto.conf").read_text() == ""
    assert settings(host)["archive_mode"] == "off"
    assert settings(host)["restore_command"].startswith("/bin/sh")
    assert host.server.not_loaded == ["pg_cron"]
    host.server.reach(None, 1)
    assert host.server.not_loaded == ["pg_cron"], "the second start still knows what production loads"


def test_has_arrived_when_it_pauses_at_the_target(host: Host) -> None:
    host.says("down", "replaying", "paused")
    host.log = iter(["", "", ARRIVED])
    host.server.reach(LSN, 1)
    assert settings(host)["recovery_target_lsn"] == LSN
    assert host.seconds > 0


def test_a_pause_for_another_reason_is_no_arrival(host: Host) -> None:
    host.says("paused", "paused", "open")
    with pytest.raises(ReplayError, match=f"opened instead of pausing at {LSN}"):
        host.server.reach(LSN, 1)


def test_a_server_that_ends_says_why(host: Host) -> None:
    host.says("down")
    host.log = iter(
        [
            "FATAL:  the database system is starting up\n",
            "FATAL:  recovery ended before configured recovery target was reached\n",
        ]
    )
    host.runner.on("unshare")
    with pytest.raises(ReplayError) as caught:
        host.server.reach(LSN, 1)
    assert str(caught.value) == (
        f"the scratch server ended before it reached {LSN}: FATAL: recovery ended before configured recovery target was reached"
    )


def test_is_started_anew_when_production_was_given_more(host: Host) -> None:
    host.says("replaying", "paused", "open")
    host.log = iter([TOO_SMALL])
    host.runner.on(host.server.program("pg_controldata"), out=[CONTROL.format(150), CONTROL.format(400)])
    host.server.reach(None, 1)
    assert len(host.runner.asked("unshare")) == 2
    assert len(host.runner.asked(host.server.program("pg_ctl"), "stop")) == 1
    assert settings(host)["max_connections"] == "400"


def test_gives_up_when_more_is_never_enough(host: Host) -> None:
    host.says("replaying")

    def write() -> None:
        host.live()
        host.server.log.write_text(TOO_SMALL)

    host.runner.on("unshare", then=write)
    with pytest.raises(ReplayError, match="settings did not suffice 5 times"):
        host.server.reach(None, 1)


def test_waits_as_long_as_segments_go_by_and_no_longer(host: Host) -> None:
    host.says("replaying")
    process = host.server.scratch.processes / "78"
    process.mkdir()
    (process / "stat").write_text("78 (postgres) S 77 1 1")
    segments = iter(f"{number:024X}" for number in range(1, 10))
    usual = host.server.sleep

    def slow(seconds: float) -> None:
        usual(seconds)
        host.seconds += 1000
        (process / "cmdline").write_text(f"postgres: startup recovering {next(segments, '000000000000000000000009')}\0")

    host.server.sleep = slow
    with pytest.raises(
        ReplayError, match="stands still at 000000000000000000000009 for 1800 s: its log holds no complaint"
    ):
        host.server.reach(None, 1)
    assert host.seconds > 9000


def test_tools_find_the_server_by_themselves_and_start_nobodys_triggers(host: Host) -> None:
    host.runner.on(host.server.program("pg_dump"))
    host.server.tool("pg_dump", "--file=/dev/null", database='odd "name"')
    environment = host.runner.options[-1]["environment"]
    assert environment["PGDATABASE"] == 'odd "name"'
    assert environment["PGHOST"] == str(host.server.scratch.server)
    assert "session_replication_role=replica" in environment["PGOPTIONS"]
    assert "event_triggers" not in environment["PGOPTIONS"]
    assert host.runner.options[-1]["user"] == ME
    host.server.version = "17"
    host.runner.on(host.server.program("pg_dump"))
    host.server.tool("pg_dump")
    assert "event_triggers=off" in host.runner.options[-1]["environment"]["PGOPTIONS"]


def test_stops_only_what_runs(host: Host) -> None:
    host.server.stop()
    assert host.runner.asked("stop") == []
    host.live()
    host.server.stop()
    assert len(host.runner.asked("stop")) == 1
    host.live()
    host.runner.on(host.server.program("pg_ctl"), "stop", status=1, err="server does not shut down")
    with pytest.raises(CommandError, match=r"stopping the scratch server failed: .*does not shut down"):
        host.server.stop()


def test_opens_at_another_kind_of_target(host: Host) -> None:
    host.server.target = {"recovery_target_xid": "742", "recovery_target_action": "promote"}
    host.log = iter(["LOG:  recovery stopping after commit of transaction 742, time 2026-11-25 02:00:00+00\n"])
    host.says("replaying", "open")
    host.server.reach(None, 1)
    written = (host.server.scratch.server / "postgresql.conf").read_text()
    assert "recovery_target_xid = '742'" in written


def test_a_target_that_the_wal_does_not_hold_is_not_reached_by_opening(host: Host) -> None:
    host.server.target = {"recovery_target_xid": "742", "recovery_target_action": "promote"}
    host.says("replaying", "open")
    with pytest.raises(ReplayError, match="opened instead of stopping at 742"):
        host.server.reach(None, 1)
