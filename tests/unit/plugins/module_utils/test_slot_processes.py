"""What runs in a slot: started once, restarted only for a reason, singletons in one place, and secrets out of sight."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import slot_processes
from ansible_collections.traumalink.ops.plugins.module_utils.command import Completed
from ansible_collections.traumalink.ops.plugins.module_utils.database_access import DatabaseAccess
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.manifest import Process
from ansible_collections.traumalink.ops.plugins.module_utils.slot_processes import Outcome, SlotPlan, bring

ME = pwd.getpwuid(os.getuid()).pw_name
NEW = "ganz neu"
WEB, WORKER = "trauma-web@blue.service", "trauma-worker@blue.service"


class Systemd:
    """A host's systemd: units that are enabled and active, and what was asked of it."""

    def __init__(self) -> None:
        self.active: dict[str, int] = {}
        self.enabled: set[str] = set()
        self.verbs: list[str] = []
        self.dies: set[str] = set()
        self.refuses: set[str] = set()
        self.starts = 0
        self.environment_path = Path()
        self.environments: dict[str, bytes] = {}

    def __call__(self, argv: Sequence[str], **_options: Any) -> Completed:
        match list(argv):
            case ["systemctl", "show", *_options, unit]:
                return Completed(tuple(argv), 0, self.show(unit), "")
            case ["systemctl", "daemon-reload"]:
                pass
            case ["systemctl", verb, unit]:
                self.verbs.append(f"{verb} {unit}")
                if unit in self.refuses and verb in ("start", "restart"):
                    return Completed(tuple(argv), 1, "", "exec failed")
                self.obey(verb, unit)
            case ["journalctl", *_rest]:
                return Completed(tuple(argv), 0, "Traceback\nport is taken\n", "")
            case other:
                raise AssertionError(other)
        return Completed(tuple(argv), 0, "", "")

    def obey(self, verb: str, unit: str) -> None:
        if verb == "enable":
            self.enabled.add(unit)
        elif verb == "disable":
            self.enabled.discard(unit)
        elif verb == "stop":
            self.active.pop(unit)
        else:
            self.starts += 1
            self.active[unit] = self.starts
            text = self.environment_path.read_text()
            self.environments[str(self.starts)] = text.replace('"', "").replace("\n", "\0").encode()

    def show(self, unit: str) -> str:
        run = self.active.get(unit)
        found: Mapping[str, object] = {
            "LoadState": "loaded",
            "ActiveState": "active" if run else "inactive",
            "SubState": "running" if run else "dead",
            "UnitFileState": "enabled" if unit in self.enabled else "disabled",
            "InvocationID": run or "",
            "NRestarts": 0,
            "MainPID": run or 0,
            "NeedDaemonReload": "no",
            "Result": "success",
        }
        return "".join(f"{key}={value}\n" for key, value in found.items())

    def wait(self, _seconds: float) -> None:
        for unit in self.dies:
            self.active.pop(unit, None)


@pytest.fixture
def systemd() -> Systemd:
    return Systemd()


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SlotPlan:
    slot = tmp_path / "opt/trauma/slots/blue"
    slot.mkdir(parents=True)
    (slot / "release.yml").write_text("1.0.0")
    (tmp_path / "units").mkdir()
    # The files belong to root on a host; here to whoever runs the tests.
    file = slot_processes.TextFile
    monkeypatch.setattr(
        slot_processes, "TextFile", lambda path, content, owner=ME, mode=0o644: file(path, content, owner, mode)
    )
    return SlotPlan(
        name="trauma",
        slot="blue",
        release="trauma-1.0.0",
        processes=[Process("web", ("/usr/bin/web",), False), Process("worker", ("/usr/bin/worker",), True)],
        user=ME,
        environment={"LISTEN_PORT": "8001"},
        database=DatabaseAccess("192.0.2.1", 5432, "trauma", "trauma_app", "geheim"),
        singletons=True,
        watched=[tmp_path / "host.crt"],
        units_folder=tmp_path / "units",
        configuration_root=tmp_path / "etc",
        root=tmp_path / "opt",
        stamps=tmp_path / "run",
    )


def go(plan: SlotPlan, systemd: Systemd, state: str = "started", **options: Any) -> Outcome:
    systemd.verbs.clear()
    systemd.environment_path = plan.environment_path
    return bring(plan, state, systemd, sleep=systemd.wait, environment_of=systemd.environments.__getitem__, **options)


def test_starts_everything_and_then_nothing(plan: SlotPlan, systemd: Systemd) -> None:
    first = go(plan, systemd)
    assert first.changed
    assert first.steps == [f"enable {WEB}", f"start {WEB}", f"enable {WORKER}", f"start {WORKER}"]
    again = go(plan, systemd)
    assert (again.changed, again.steps, again.diff, systemd.verbs) == (False, [], [], [])


def test_check_mode_says_the_same_and_does_nothing(plan: SlotPlan, systemd: Systemd) -> None:
    told = go(plan, systemd, check=True)
    assert told.changed
    assert f"start {WEB}" in told.steps
    assert systemd.verbs == []
    assert not plan.configuration.exists()
    go(plan, systemd)
    assert not go(plan, systemd, check=True).changed
    other = replace(plan, environment={"LISTEN_PORT": "9000"})
    assert go(other, systemd, check=True).steps == [f"restart {WEB}", f"restart {WORKER}"]
    assert systemd.verbs == []


def test_a_singleton_runs_only_where_it_belongs(plan: SlotPlan, systemd: Systemd) -> None:
    elsewhere = replace(plan, singletons=False)
    assert go(elsewhere, systemd).steps == [f"enable {WEB}", f"start {WEB}"]
    assert go(plan, systemd).steps == [f"enable {WORKER}", f"start {WORKER}"]
    assert go(elsewhere, systemd).steps == [f"disable {WORKER}", f"stop {WORKER}"]


def test_a_stopped_slot_stays_stopped_over_a_reboot(plan: SlotPlan, systemd: Systemd) -> None:
    go(plan, systemd)
    assert go(plan, systemd, "stopped").changed
    assert (systemd.active, systemd.enabled) == ({}, set())
    assert not go(plan, systemd, "stopped").changed


def test_present_touches_no_unit(plan: SlotPlan, systemd: Systemd) -> None:
    assert go(plan, systemd, "present").changed
    assert systemd.verbs == []
    assert not go(plan, systemd, "present").changed


@pytest.mark.parametrize("what", ["environment", "certificate", "release"])
def test_restarts_for_what_is_read_at_the_start(plan: SlotPlan, systemd: Systemd, what: str) -> None:
    go(plan, systemd)
    if what == "environment":
        plan = replace(plan, environment={"LISTEN_PORT": "9000"})
    elif what == "certificate":
        plan.watched[0].write_text("renewed")
    else:
        (plan.slot_folder / "release.yml").write_text("1.0.1")
    assert go(plan, systemd).steps == [f"restart {WEB}", f"restart {WORKER}"]
    assert not go(plan, systemd).changed


def test_a_new_password_needs_no_restart(plan: SlotPlan, systemd: Systemd) -> None:
    go(plan, systemd)
    done = go(replace(plan, database=replace(plan.database, password=NEW)), systemd)
    assert (done.changed, done.steps) == (True, [])
    assert NEW in (plan.configuration / "pgpass").read_text()


def test_names_what_waits_for_a_restart_until_it_came(plan: SlotPlan, systemd: Systemd) -> None:
    go(plan, systemd)
    other = replace(plan, environment={"LISTEN_PORT": "9000"})
    for _run in range(2):
        waiting = go(other, systemd, restart=False)
        assert waiting.restart_pending == [WEB, WORKER]
        assert systemd.verbs == []
    assert go(other, systemd).restart_pending == []
    assert go(other, systemd, restart=False).restart_pending == []


def test_no_secret_in_the_diff_nor_in_a_file_that_others_read(plan: SlotPlan, systemd: Systemd) -> None:
    diff = go(plan, systemd).diff
    assert "geheim" not in str(diff)
    assert "a new password, not shown" in str(diff)
    holding = [
        path for folder in (plan.configuration, plan.units_folder) for path in folder.rglob("*")
        if path.is_file() and "geheim" in path.read_text()
    ]  # fmt: skip
    assert holding == [plan.configuration / "pgpass"]
    assert holding[0].stat().st_mode & 0o777 == 0o600
    assert plan.environment_path.stat().st_mode & 0o777 == 0o600


def test_a_process_that_dies_young_fails_with_its_last_words(plan: SlotPlan, systemd: Systemd) -> None:
    systemd.dies = {WORKER}
    with pytest.raises(
        OpsError, match=rf"{WORKER} does not stay up .*Traceback \| port is taken.*journalctl -u {WORKER}"
    ):
        go(plan, systemd)


def test_a_process_that_cannot_start_says_why(plan: SlotPlan, systemd: Systemd) -> None:
    systemd.refuses = {WEB}
    with pytest.raises(OpsError, match=r"start trauma-web@blue\.service failed: exec failed.*port is taken"):
        go(plan, systemd)


def test_the_other_slot_s_command_stays(plan: SlotPlan, systemd: Systemd) -> None:
    go(plan, systemd)
    drop_in = plan.units_folder / f"{WEB}.d/release.conf"
    before = drop_in.read_text()
    newer = replace(plan, slot="green", processes=[Process("web", ("/usr/bin/other",), False)])
    newer.slot_folder.mkdir()
    go(newer, systemd)
    assert drop_in.read_text() == before
    assert "/usr/bin/other" in (plan.units_folder / "trauma-web@green.service.d/release.conf").read_text()
    assert not go(plan, systemd).changed


def test_a_process_that_systemd_started_again_is_left_alone(plan: SlotPlan, systemd: Systemd) -> None:
    go(plan, systemd)
    systemd.obey("restart", WEB)
    assert not go(plan, systemd, check=True).changed
    assert not go(plan, systemd).changed
    for stamp in plan.stamps.iterdir():  # as after a reboot
        stamp.unlink()
    assert not go(plan, systemd).changed


def test_a_process_that_was_started_before_the_files_changed_is_restarted(plan: SlotPlan, systemd: Systemd) -> None:
    go(plan, systemd)
    systemd.obey("restart", WEB)
    assert go(replace(plan, environment={"LISTEN_PORT": "9000"}), systemd).steps[0] == f"restart {WEB}"


def test_a_run_that_was_killed_between_files_and_restart_is_finished(plan: SlotPlan, systemd: Systemd) -> None:
    go(plan, systemd)
    other = replace(plan, environment={"LISTEN_PORT": "9000"})
    go(other, systemd, "present")
    assert go(other, systemd).steps == [f"restart {WEB}", f"restart {WORKER}"]
