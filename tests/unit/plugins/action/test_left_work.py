"""The action `left_work`: what a cut-off operation left comes to its end; the host's answers are acted here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins.loader import connection_loader
from ansible.template import Templar
from ansible_collections.traumalink.ops.plugins.action import left_work

RUN_ID = "20261125-033000-3f9a2c"
AWAY = AnsibleConnectionFailure("no route to host")


class Clock:
    """Stands for the module time: sleeping and asking are what lets it pass."""

    now = 0.0

    def monotonic(self) -> float:
        self.now += 4
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Host:
    """What the host answers to each question: a state, an error, or a refusal; the last one for ever."""

    def __init__(self, *answers: str | Exception | dict[str, Any]) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []
        self.clock = Clock()
        self.said: list[str] = []

    def __call__(self, **call: Any) -> dict[str, Any]:
        assert call["module_name"] == "traumalink.ops.work_unit"
        self.asked.append(call["module_args"])
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, dict):
            return answer
        return {"work": {"state": answer, "title": "full backup", "seconds": 71.3, "progress": "41 %"}}

    def did(self) -> list[str]:
        return [asked["action"] for asked in self.asked]


Act = Callable[..., dict[str, Any]]


@pytest.fixture
def act(monkeypatch: pytest.MonkeyPatch) -> Act:
    """Give the action, asked of an acted host."""

    def call(host: Host, action: str = "await", **arguments: Any) -> dict[str, Any]:
        context, task = PlayContext(), Task()
        task.action, task.delegate_to = "traumalink.ops.left_work", "db1"
        task.args = {"action": action, "run_id": RUN_ID, "reason": "an upgrade has settled it", **arguments}
        connection = connection_loader.get("local", context)
        loader = DataLoader()
        made = left_work.ActionModule(task, connection, context, loader, Templar(loader, variables={}))
        monkeypatch.setattr(left_work, "time", host.clock)
        made._execute_module = host
        made._display = type(
            "Display", (), {"display": lambda _s, t: host.said.append(t), "warning": lambda _s, t: host.said.append(t)}
        )()
        result: dict[str, Any] = made.run(task_vars={})
        return result

    return call


def test_work_is_awaited_and_then_starts_nothing_any_more(act: Act) -> None:
    host = Host("running", "running", "succeeded", "succeeded")
    result = act(host)
    assert (result["seen"], result["work"]["state"], result["changed"]) == (True, "succeeded", False)
    assert host.did() == ["look", "look", "look", "end"]
    assert host.asked[-1]["reason"] == "an upgrade has settled it"


def test_long_work_is_told_about(act: Act) -> None:
    host = Host(*["running"] * 30, "succeeded")
    act(host)
    assert set(host.said) == {"full backup on db1 still runs, 1 min 11 s: 41 %"}
    assert 2 <= len(host.said) <= 10


def test_what_is_to_end_is_not_awaited(act: Act) -> None:
    host = Host("killed")
    assert act(host, "end")["work"]["state"] == "killed"
    assert host.did() == ["end"]


def test_a_result_is_forgotten_without_ending_anything(act: Act) -> None:
    host = Host("absent")
    act(host, "tidy")
    assert host.did() == ["tidy"]
    assert "reason" not in host.asked[0]


@pytest.mark.parametrize(("patience", "fewest", "most"), [(0, 1, 1), (30, 3, 5)])
def test_a_host_that_cannot_be_reached_is_an_answer(act: Act, patience: int, fewest: int, most: int) -> None:
    host = Host(AWAY)
    result = act(host, patience_seconds=patience)
    assert (result["seen"], result["problem"], result["work"]) == (False, "no route to host", {})
    assert fewest <= len(host.asked) <= most


def test_a_host_that_has_answered_may_be_restarting(act: Act) -> None:
    host = Host("running", *[AWAY] * 8, "absent")
    assert act(host, patience_seconds=0)["work"]["state"] == "absent"
    gone = Host("running", AWAY)
    assert act(gone)["seen"] is False
    assert 25 <= len(gone.asked) <= 45


def test_a_host_that_answers_and_refuses_is_no_lost_host(act: Act) -> None:
    with pytest.raises(AnsibleActionFail, match="belongs to root; add become"):
        act(Host({"failed": True, "msg": "/run/traumalink belongs to root; add become: true"}))
