"""The application module: a host without a release has nothing to do."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.traumalink.ops.plugins.module_utils.application import Application
from ansible_collections.traumalink.ops.plugins.module_utils.command import Completed
from ansible_collections.traumalink.ops.plugins.module_utils.slot_return import SlotUnits
from ansible_collections.traumalink.ops.plugins.modules import application


def run(capsys: pytest.CaptureFixture[str], state: str, **given: object) -> dict:
    with patch_module_args({"state": state, **given}), pytest.raises(SystemExit):
        application.main()
    return json.loads(capsys.readouterr().out)


def test_a_host_without_a_release_has_nothing_to_do(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(application, "deployed", list)
    answer = run(capsys, "stopped")
    assert (answer["changed"], answer["units"], answer["applications"]) == (False, [], [])


def test_a_damaged_register_is_told(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    def damaged() -> list:
        raise OSError("releases.json is cut short")

    monkeypatch.setattr(application, "deployed", damaged)
    answer = run(capsys, "started")
    assert answer["failed"]
    assert "cut short" in answer["msg"]


def test_an_unknown_state_is_refused(capsys) -> None:
    assert "state" in run(capsys, "paused")["msg"]


@pytest.mark.parametrize(
    ("state", "steps"),
    [
        ("serving", ["start trauma-web@blue.service"]),
        ("settled", ["stop trauma-web@green.service", "start trauma-worker@blue.service"]),
        ("without_singletons", ["stop trauma-worker@green.service"]),
    ],
)
def test_the_slots_are_brought_to_what_is_current(
    monkeypatch: pytest.MonkeyPatch, capsys, state: str, steps: list[str]
) -> None:
    current = SlotUnits("trauma", "blue", "1.0.0", ("trauma-web@blue.service",), ("trauma-worker@blue.service",))
    other = SlotUnits("trauma", "green", "1.1.0", ("trauma-web@green.service",), ("trauma-worker@green.service",))
    left = {"trauma-web@green.service", *(["trauma-worker@green.service"] if state == "without_singletons" else [])}
    monkeypatch.setattr(application, "deployed", lambda: [Application("trauma", "1.0.0", "blue", ())])
    monkeypatch.setattr(
        application, "slots_of", lambda _places, slot: (current, [other]) if slot == "blue" else (other, [current])
    )

    def systemctl(argv, **_options):
        runs = argv[-1] in left
        said = {"ActiveState": "active" if runs else "inactive", "UnitFileState": "enabled" if runs else "disabled"}
        return Completed(tuple(argv), 0, said.get(argv[3], "") if argv[1] == "show" else "", "")

    monkeypatch.setattr(application, "run", systemctl)
    answer = run(capsys, state, singletons=True, slots={"trauma": "blue"})
    assert (answer["changed"], answer["units"]) == (True, steps)
