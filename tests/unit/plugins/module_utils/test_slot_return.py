"""The slots brought back to what is current, from whatever a change has left."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.command import Completed
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.release import Places
from ansible_collections.traumalink.ops.plugins.module_utils.slot_return import (
    serve,
    settle,
    singletons_stopped,
    slots_of,
)
from ansible_collections.traumalink.ops.plugins.module_utils.slots import Register, Staged

WEB, WORKER = "trauma-web@{}.service", "trauma-worker@{}.service"
EVERYTHING = {unit.format(slot) for unit in (WEB, WORKER) for slot in ("blue", "green")}


class Systemd:
    """A host's units: which run, and which are enabled."""

    def __init__(self, running: set[str], enabled: set[str] | None = None) -> None:
        self.running, self.enabled = set(running), set(running if enabled is None else enabled)
        self.most = 0

    def __call__(self, argv: list[str], **_options: Any) -> Completed:
        unit = argv[-1]
        if argv[1] == "show":
            asked = argv[argv.index("-p") + 1]
            found = (
                ("active" if unit in self.running else "inactive")
                if asked == "ActiveState"
                else ("enabled" if unit in self.enabled else "disabled")
            )
            return Completed(tuple(argv), 0, f"{found}\n", "")
        assert argv[2] == "--now"
        (set.add if argv[1] == "enable" else set.discard)(self.running, unit)
        (set.add if argv[1] == "enable" else set.discard)(self.enabled, unit)
        self.most = max(self.most, len([unit for unit in self.running if "worker" in unit]))
        return Completed(tuple(argv), 0, "", "")


@pytest.fixture
def places(tmp_path: Path, manifest: Callable[..., dict[str, Any]]) -> Places:
    """Give a host on which 1.1.0 was staged in green while 1.0.0 is current in blue."""
    register = Register().staged("1.0.0", Staged("0" * 64, "vendor"), "blue").activated("1.0.0")
    register = register.staged("1.1.0", Staged("1" * 64, "vendor"), "green")
    found = Places("trauma", tmp_path / "opt", tmp_path / "state")
    found.register_file.parent.mkdir(parents=True)
    found.register_file.write_text(register.as_text())
    for version in ("1.0.0", "1.1.0"):
        folder = found.releases / version
        folder.mkdir(parents=True)
        files = [{"path": "a", "sha256": "0" * 64, "size_bytes": 1, "executable": False}]
        data = manifest(version=version, from_versions=[], documents=[], files=files)
        (folder / "release.yml").write_text(json.dumps(data))
    return found


@pytest.mark.parametrize(
    "running",
    [
        {WEB.format("blue"), WORKER.format("blue")},
        {WEB.format("blue"), WEB.format("green"), WORKER.format("blue")},
        {WEB.format("blue"), WEB.format("green"), WORKER.format("green")},
        {WEB.format("green"), WORKER.format("green")},
        {WEB.format("green")},
        set(),
    ],
    ids=["nothing begun", "started", "singletons moved", "old one stopped", "singletons nowhere", "switched off"],
)
@pytest.mark.parametrize("first", [True, False])
def test_from_any_state_the_current_slot_alone_runs(places: Places, running: set[str], first: bool) -> None:
    systemd = Systemd(running)
    current, others = slots_of(places)
    assert current is not None
    serve(current, systemd)
    assert WEB.format("blue") in systemd.running
    settle(current, others, systemd, singletons=first)
    assert systemd.running == systemd.enabled == {WEB.format("blue"), *([WORKER.format("blue")] if first else [])}
    assert systemd.most <= 1, "a singleton ran in both slots"
    assert serve(current, systemd) == settle(current, others, systemd, singletons=first) == []


def test_what_is_enabled_and_does_not_run_is_stopped_for_good_too(places: Places) -> None:
    systemd = Systemd({WEB.format("blue")}, {WEB.format("blue"), WEB.format("green")})
    current, others = slots_of(places)
    assert current is not None
    assert settle(current, others, systemd, singletons=False) == [f"stop {WEB.format('green')}"]


def test_singletons_stop_in_every_slot_and_nothing_else_does(places: Places) -> None:
    systemd = Systemd(EVERYTHING)
    current, others = slots_of(places)
    assert current is not None
    singletons_stopped([current, *others], systemd)
    assert systemd.running == {WEB.format("blue"), WEB.format("green")}


def test_check_mode_only_tells(places: Places) -> None:
    systemd = Systemd({WEB.format("green")})
    current, others = slots_of(places)
    assert current is not None
    assert serve(current, systemd, check=True) == [f"start {WEB.format('blue')}"]
    assert len(settle(current, others, systemd, singletons=True, check=True)) == 2
    assert systemd.running == {WEB.format("green")}


def test_a_host_without_a_release_has_no_slot(tmp_path: Path) -> None:
    assert slots_of(Places("trauma", tmp_path, tmp_path)) == (None, [])


def test_a_release_that_is_gone_is_said(places: Places) -> None:
    (places.releases / "1.1.0" / "release.yml").unlink()
    with pytest.raises(OpsError, match=r"stage 1\.1\.0 again"):
        slots_of(places)


def test_another_slot_than_the_current_one_may_be_brought_to_serve(places: Places) -> None:
    systemd = Systemd({WEB.format("blue"), WORKER.format("blue")})
    wanted, others = slots_of(places, "green")
    assert wanted is not None
    assert wanted.version == "1.1.0"
    serve(wanted, systemd)
    settle(wanted, others, systemd, singletons=True)
    assert systemd.running == {WEB.format("green"), WORKER.format("green")}


def test_an_empty_slot_cannot_serve(tmp_path: Path) -> None:
    with pytest.raises(OpsError, match="slot green of trauma holds no release"):
        slots_of(Places("trauma", tmp_path, tmp_path), "green")
