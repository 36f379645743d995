"""Long work as a systemd unit: with a systemd that is acted, and with a real one where the machine has it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.command import Completed, run
from ansible_collections.traumalink.ops.plugins.module_utils.work_folder import Work, WorkError
from ansible_collections.traumalink.ops.plugins.module_utils.work_unit import WorkUnits

RUN_ID = "20261125-033000-3f9a2c"
UNIT = f"traumalink-{RUN_ID}.service"
WORK = Work(RUN_ID, "a.b.slow", "slow thing", "print('S3kr3t')", "f1", environment={"TOKEN": "S3kr3t"})


class Systemd:
    """Acts systemd: a unit runs from systemd-run until the test lets it end."""

    def __init__(self, works: Path) -> None:
        self.works, self.active, self.refuses, self.stubborn = works, "inactive", "", False
        self.calls: list[list[str]] = []
        self.now = 100.0

    def __call__(self, argv: list[str], **_options: Any) -> Completed:
        self.calls.append(list(argv))
        if argv[0] == "systemd-run":
            self.active = "inactive" if self.refuses else "active"
            return Completed(tuple(argv), int(bool(self.refuses)), "", self.refuses)
        if argv[1] == "stop" and not self.stubborn:
            self.end("success killed TERM")
        listed = {
            "list-units": f"{UNIT} loaded active running slow\ntraumalink-portal.service loaded active running x\n"
        }
        shown = "UserspaceTimestamp=@1795397820\n" if "UserspaceTimestamp" in argv else f"{self.active}\n"
        return Completed(tuple(argv), 0, listed.get(argv[1], shown), "")

    def end(self, words: str, output: str = "") -> None:
        """Do what the unit does at its end."""
        self.active = "inactive"
        (self.works / RUN_ID / "output").write_text(output)
        (self.works / RUN_ID / "ended").write_text(f"{words} {self.now}\n")


@pytest.fixture
def systemd(tmp_path: Path) -> Systemd:
    return Systemd(tmp_path / "traumalink" / "work")


@pytest.fixture
def units(systemd: Systemd) -> WorkUnits:
    def sleep(seconds: float) -> None:
        systemd.now += seconds

    return WorkUnits(systemd, systemd.works, lambda: systemd.now, sleep)


def test_starts_a_unit_whose_command_tells_no_secret(units: WorkUnits, systemd: Systemd) -> None:
    assert units.start(WORK) is True
    command = systemd.calls[-1]
    assert command[:4] == ["systemd-run", "--quiet", "--collect", f"--unit={UNIT}"]
    assert "--property=Type=exec" in command
    assert command[-2:] == ["/bin/sh", f"{systemd.works}/{RUN_ID}/run"]
    assert "S3kr3t" not in repr(systemd.calls)
    assert "S3kr3t" in (systemd.works / RUN_ID / "run").read_text()
    assert systemd.works.stat().st_mode & 0o777 == 0o700


def test_a_scratch_folder_is_removed_by_systemd_itself_after_the_word_of_the_end(
    units: WorkUnits, systemd: Systemd
) -> None:
    units.start(replace(WORK, scratch="/var/lib/drill/scratch"))
    after = [word for word in systemd.calls[-1] if word.startswith("--property=ExecStopPost=")]
    assert after == [
        f"--property=ExecStopPost=/bin/sh {systemd.works}/{RUN_ID}/ended.sh {systemd.works}/{RUN_ID}",
        "--property=ExecStopPost=/bin/rm -rf --one-file-system /var/lib/drill/scratch",
    ]


@pytest.mark.parametrize(
    "path",
    ["/", "/var", "/var/lib", "var/lib/x/y", "/var/lib/../x", "/var/lib/x y", "/var/lib/x/", "/var/lib/%n", "/a//b/c"],
)
def test_a_folder_that_is_no_scratch_folder_is_never_removed(units: WorkUnits, systemd: Systemd, path: str) -> None:
    with pytest.raises(WorkError, match="is no scratch folder; name one of its own"):
        units.start(replace(WORK, scratch=path))
    assert systemd.calls == []


def test_shows_what_runs(units: WorkUnits, systemd: Systemd) -> None:
    units.start(WORK)
    systemd.now += 71.26
    (systemd.works / RUN_ID / "errors").write_text("10 %\n41 %\n")
    assert units.look(RUN_ID).facts() == {
        "run_id": RUN_ID, "unit": UNIT, "state": "running", "module": "a.b.slow", "title": "slow thing", "seconds": 71.3,
        "progress": "41 %", "how": "",
    }  # fmt: skip


def test_the_result_of_what_has_ended_waits_to_be_fetched(units: WorkUnits, systemd: Systemd) -> None:
    units.start(WORK)
    systemd.now += 5
    systemd.end("exit-code exited 1", output='{"failed": true}')
    systemd.now += 1000
    seen = units.look(RUN_ID)
    assert (seen.state, seen.output, seen.seconds) == ("failed", '{"failed": true}', 5)
    assert units.tidy(RUN_ID) is True
    assert units.look(RUN_ID).state == "absent"
    assert units.tidy(RUN_ID) is False


def test_the_same_work_is_joined_and_not_started_twice(units: WorkUnits, systemd: Systemd) -> None:
    units.start(WORK)
    assert units.start(WORK) is False
    systemd.end("success exited 0", output="{}")
    assert units.start(WORK) is False
    assert units.look(RUN_ID).output == "{}"
    assert len([argv for argv in systemd.calls if argv[0] == "systemd-run"]) == 1


def test_other_work_of_the_run_is_refused_by_name_while_the_unit_runs(units: WorkUnits, systemd: Systemd) -> None:
    units.start(WORK)
    systemd.now += 7
    message = rf"{UNIT} still runs here \(slow thing, since 7 s\); wait for it, or end it with traumalink.ops.work_unit"
    with pytest.raises(WorkError, match=message):
        units.start(replace(WORK, fingerprint="f2"))
    systemd.end("success exited 0")
    assert units.start(replace(WORK, fingerprint="f2")) is True
    assert not (systemd.works / RUN_ID / "ended").exists()


def test_a_unit_that_lacks_its_folder_is_refused_too(units: WorkUnits, systemd: Systemd) -> None:
    systemd.active = "deactivating"
    assert units.look(RUN_ID).state == "running"
    with pytest.raises(WorkError, match="still runs here"):
        units.start(WORK)
    systemd.stubborn = True
    with pytest.raises(WorkError, match=f"{UNIT} does not end"):
        units.end(RUN_ID, "why")


def test_what_systemd_refuses_leaves_nothing(units: WorkUnits, systemd: Systemd) -> None:
    systemd.refuses = "no bus"
    with pytest.raises(WorkError, match=f"{UNIT} was not started: starting {UNIT} failed: .*no bus"):
        units.start(WORK)
    assert list(systemd.works.iterdir()) == []


def test_waits_until_the_end_and_no_longer_than_asked(units: WorkUnits, systemd: Systemd) -> None:
    units.start(WORK)
    assert units.wait(RUN_ID, 3).state == "running"
    assert 103 <= systemd.now < 103.3
    ends = iter([None, None, "now"])

    def sleep(seconds: float) -> None:
        systemd.now += seconds
        if next(ends, None):
            systemd.end("success exited 0")

    assert replace(units, sleep=sleep).wait(RUN_ID, 30).state == "succeeded"
    assert systemd.now < 104


def test_end_stops_the_unit_and_says_why(units: WorkUnits, systemd: Systemd) -> None:
    units.start(WORK)
    ran, seen = units.end(RUN_ID, "the controller died")
    assert (ran, seen.state, seen.how) == (True, "killed", "was ended on request: the controller died")
    assert ["systemctl", "stop", UNIT] in systemd.calls
    assert units.end(RUN_ID, "again")[0] is False
    assert units.look(RUN_ID).how == "was ended on request: the controller died"


def test_what_runs_is_not_tidied(units: WorkUnits, systemd: Systemd) -> None:
    units.start(WORK)
    with pytest.raises(WorkError, match=f"{UNIT} still runs; wait for it or end it first"):
        units.tidy(RUN_ID)
    assert (systemd.works / RUN_ID).is_dir()


def test_a_unit_that_vanished_is_told_from_one_that_never_was(units: WorkUnits, systemd: Systemd) -> None:
    assert units.look(RUN_ID).state == "absent"
    units.start(WORK)
    systemd.active = "inactive"
    seen = units.look(RUN_ID)
    assert (seen.state, seen.how) == ("killed", "is gone and left no word of its end")


def test_lists_operations_and_no_other_unit(units: WorkUnits, systemd: Systemd) -> None:
    assert units.look_all() == []
    units.start(WORK)
    (systemd.works / "lost+found").mkdir()
    assert [seen.run_id for seen in units.look_all()] == [RUN_ID]
    systemd.end("success exited 0")
    assert [(seen.run_id, seen.state) for seen in units.look_all()] == [(RUN_ID, "succeeded")]


def test_says_since_when_the_host_is_up(units: WorkUnits, runner: Any) -> None:
    assert units.booted_at() == "2026-11-23T01:37:00+00:00"
    with pytest.raises(WorkError, match="work needs a host with systemd"):
        WorkUnits(runner.on("show", out="")).booted_at()


def test_without_root_it_says_what_to_add(systemd: Systemd, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(path: Path, **_options: Any) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", forbid)
    with pytest.raises(WorkError, match="belongs to root; add become: true, without another become_user"):
        WorkUnits(systemd, systemd.works).start(WORK)


def why_no_systemd() -> str:
    """Return why this machine cannot run units, "" where it can."""
    if os.geteuid() != 0 or not Path("/run/systemd/system").is_dir():
        return "needs root on a machine that systemd started (the lab's hosts are)"
    return (
        "" if subprocess.run(["systemctl", "is-system-running"], capture_output=True, check=False).stdout else "no bus"
    )


@pytest.fixture
def real(tmp_path: Path) -> Iterator[WorkUnits]:
    units = WorkUnits(run, tmp_path / "traumalink" / "work")
    yield units
    units.end(RUN_ID, "the test is over")


@pytest.mark.skipif(bool(why_no_systemd()), reason=why_no_systemd())
@pytest.mark.parametrize(
    ("program", "state"),
    [
        ("print('{}')", "succeeded"),
        ("raise SystemExit(1)", "failed"),
        ("import os; os.kill(os.getpid(), 9)", "killed"),
    ],
)
def test_with_systemd_itself_it_ends_as_it_ends(real: WorkUnits, program: str, state: str) -> None:
    real.start(replace(WORK, program=program))
    assert real.wait(RUN_ID, 30).state == state


@pytest.mark.skipif(bool(why_no_systemd()), reason=why_no_systemd())
def test_with_systemd_itself_it_is_ended(real: WorkUnits) -> None:
    real.start(replace(WORK, program="import time; time.sleep(60)"))
    assert real.look(RUN_ID).state == "running"
    assert real.end(RUN_ID, "enough")[1].how == "was ended on request: enough"


def test_an_operation_that_was_ended_here_starts_nothing_any_more(units: WorkUnits, systemd: Systemd) -> None:
    assert units.end(RUN_ID, "a restore has settled it")[0] is False
    with pytest.raises(WorkError, match="is not started: another operation has settled this one and gone on"):
        units.start(WORK)
    assert systemd.active == "inactive"
    assert units.look_all() == []
    assert units.start(replace(WORK, run_id="20261125-033000-000002"))


def test_what_a_run_ends_itself_it_may_follow_with_more(units: WorkUnits, systemd: Systemd) -> None:
    units.start(WORK)
    units.end(RUN_ID, "the operation has failed", settles=False)
    assert units.start(replace(WORK, fingerprint="undone")) is True
    units.end(RUN_ID, "another takes over")
    with pytest.raises(WorkError, match="another operation has settled this one"):
        units.start(replace(WORK, fingerprint="undone again"))
