"""The action `work`: ansible-core hands over a module and reads its result; in between stands a unit, which is acted here.

One test has ansible-playbook itself build a module; the others give it a small program in a module's place.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError
from ansible.executor.module_common import _BuiltModule
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins.loader import connection_loader
from ansible.template import Templar
from ansible_collections.traumalink.ops.plugins.action import work

RUN_ID = "20261125-033000-3f9a2c"
UNIT = f"traumalink-{RUN_ID}.service"


PROGRAM = """\
import json, os, sys
print("41 %", file=sys.stderr)
given = ARGUMENTS
print(json.dumps({"changed": True, "stdout": os.environ["GIVEN"], "failed": "msg" in given, **given}))
"""


def built(
    _action: object, module_name: str, module_args: dict[str, Any], task_vars: object
) -> tuple[_BuiltModule, str]:
    """Stand for ansible-core's building of a module: a program that says what it was given."""
    given = {name: value for name, value in module_args.items() if not name.startswith("_")}
    given["check"] = module_args["_ansible_check_mode"]
    program = PROGRAM.replace("ARGUMENTS", repr(given)).encode()
    style: Any = "non_native_want_json" if module_name == "perl" else "new"
    made = {"b_module_data": program, "module_style": style, "shebang": f"#!{sys.executable}"}
    return _BuiltModule(**made, serialization_profile="legacy"), module_name


class Unit:
    """Stands for the module work_unit on the host.

    Attributes:
        answers: what the next polls find: a state, or an error that they meet; the last one for ever.
    """

    def __init__(self, works: Path) -> None:
        self.works = works  # where the host keeps what works leave
        self.asked: list[dict[str, Any]] = []
        self.answers: list[str | Exception] = ["succeeded"]
        self.booted = ["before"]
        self.how = "was killed by signal KILL"
        self.progress = "41 %"
        self.output = self.errors = ""

    def __call__(self, module_name: str, module_args: dict[str, Any], task_vars: object) -> dict[str, Any]:
        assert module_name == "traumalink.ops.work_unit"
        self.asked.append(module_args)
        if module_args["action"] == "start":
            payload = json.loads(module_args["payload"])
            (self.works / module_args["run_id"] / "left").mkdir(parents=True)
            done = subprocess.run(
                module_args["interpreter"], input=payload["program"], env=payload["environment"], capture_output=True,
                text=True, check=False,
            )  # fmt: skip
            self.output, self.errors = done.stdout, done.stderr
            return self.seen("running")
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if answer.startswith("msg: "):
            return {"failed": True, "msg": answer.removeprefix("msg: ")}
        return self.seen(answer)

    def seen(self, state: str) -> dict[str, Any]:
        facts = {"run_id": RUN_ID, "unit": UNIT, "state": state, "title": "slow thing", "seconds": 71.3, "module": "x"}
        booted = self.booted.pop(0) if len(self.booted) > 1 else self.booted[0]
        return {
            "work": {**facts, "progress": self.progress, "how": self.how}, "output": self.output, "errors": self.errors,
            "booted_at": booted,
        }  # fmt: skip

    def did(self) -> list[str]:
        return [asked["action"] for asked in self.asked] + (
            ["tidy"] if self.works.is_dir() and not list(self.works.iterdir()) else []
        )


class Clock:
    """Stands for the module time: sleeping is what lets it pass."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 2.5  # a poll
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def unit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Unit:
    """Give the acted unit in place of the module that handles units; every other module runs on this machine."""
    works = tmp_path / "host" / "works"
    monkeypatch.setattr(work, "WORKS", works)
    unit, usual = Unit(works), work.ActionBase._execute_module

    def execute(action: Any, module_name: str, module_args: dict[str, Any], task_vars: Any) -> Any:
        if module_name == work.UNIT_MODULE:
            assert action._compute_environment_string() == ""
            assert action._work is None
            return unit(module_name, module_args, task_vars)
        return usual(action, module_name=module_name, module_args=module_args, task_vars=task_vars)

    monkeypatch.setattr(work.ActionBase, "_execute_module", execute)
    monkeypatch.setattr(work.ActionBase, "_configure_module", built)
    monkeypatch.setattr(work, "time", Clock())
    return unit


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give what is displayed."""
    lines: list[str] = []
    display = type(
        "Display",
        (),
        {"display": lambda _self, text: lines.append(text), "warning": lambda _self, text: lines.append(text)},
    )
    monkeypatch.setattr(work.ActionModule, "_display", display(), raising=False)
    monkeypatch.setattr(work.ActionModule, "__setattr__", keep_display, raising=False)
    return lines


def keep_display(action: object, name: str, value: object) -> None:
    """Keep the test's display when ansible-core sets its own."""
    if name != "_display":
        object.__setattr__(action, name, value)


Act = Callable[..., dict[str, Any]]


@pytest.fixture
def act(unit: Unit, tmp_path: Path) -> Act:
    """Give the action as ansible-core makes it for a task on this machine."""

    def call(
        module: str = "slow", check: bool = False, variables: dict[str, Any] | None = None,
        task: dict[str, Any] | None = None, **arguments: Any,
    ) -> dict[str, Any]:  # fmt: skip
        loader, context = DataLoader(), PlayContext()
        given = {"module": module, "arguments": {"size": 7}, "run_id": RUN_ID, **arguments}
        loaded = Task()  # not read from YAML: that needs Ansible's loader of collections for the whole process
        for name, value in {"action": "traumalink.ops.work", "check_mode": check, **(task or {})}.items():
            setattr(loaded, name, value)
        loaded.args = {name: value for name, value in given.items() if value is not None}
        loaded.environment = [{"GIVEN": "S3kr3t"}]
        connection = connection_loader.get("local", context)
        connection.set_options()
        connection._shell.set_options(direct={"remote_tmp": str(tmp_path)})
        names = {"inventory_hostname": "db1", "ansible_python_interpreter": sys.executable, "ansible_facts": {}}
        names |= variables or {}
        action = work.ActionModule(loaded, connection, context, loader, Templar(loader, variables=names))
        result: dict[str, Any] = action.run(task_vars=names)
        return result

    return call


def test_returns_the_module_s_own_result_and_tidies(act: Act, unit: Unit) -> None:
    result = act()
    result.pop("_ansible_parsed")
    assert result == {
        "changed": True, "failed": False, "size": 7, "check": False, "stdout": "S3kr3t", "stdout_lines": ["S3kr3t"]
    }  # fmt: skip
    assert unit.did() == ["start", "look", "tidy"]


def test_secrets_travel_in_the_payload_alone(act: Act, unit: Unit) -> None:
    act(arguments={"token": "S3kr3t"}, title="slow thing")
    start = {name: value for name, value in unit.asked[0].items() if name != "payload"}
    assert "S3kr3t" not in repr([start, unit.asked[1:]])
    assert "S3kr3t" in unit.asked[0]["payload"]
    assert (start["run_id"], start["title"], start["interpreter"]) == (RUN_ID, "slow thing", [sys.executable])


def test_the_module_s_failure_is_the_task_s(act: Act, unit: Unit) -> None:
    unit.answers = ["failed"]
    result = act(arguments={"msg": "the disk is full"})
    assert (result["failed"], result["msg"]) == (True, "the disk is full")
    assert unit.did()[-1] == "tidy"


def test_the_fingerprint_tells_works_apart(act: Act, unit: Unit) -> None:
    for argument in ("a", "a", "b"):
        act(arguments={"size": argument})
    first, second, third = (asked["fingerprint"] for asked in unit.asked if asked["action"] == "start")
    # Two tasks with the same arguments are two works: the second is never answered with the first one's result.
    assert len({first, second, third}) == 3


@pytest.mark.parametrize(
    ("run_id", "variables", "expected"),
    [
        (RUN_ID, {"operation_run_id": "20260101-000000-000000"}, RUN_ID),
        (None, {"operation_run_id": "20260101-000000-000000"}, "20260101-000000-000000"),
        (None, {}, None),
    ],
)
def test_takes_the_operation_s_run_id(
    act: Act, unit: Unit, run_id: str | None, variables: dict[str, str], expected: str | None
) -> None:
    act(run_id=run_id, variables=variables)
    given = unit.asked[0]["run_id"]
    assert given == expected if expected else work_folder_accepts(given)


def work_folder_accepts(run_id: str) -> bool:
    """Tell whether the host would take this run id."""
    from ansible_collections.traumalink.ops.plugins.module_utils.work_folder import RUN_ID as SHAPE

    return bool(SHAPE.fullmatch(run_id))


def test_check_mode_calls_the_module_directly(act: Act, unit: Unit) -> None:
    result = act(check=True)
    assert (result["check"], result["size"]) == (True, 7)
    assert unit.asked == []


def test_a_module_that_is_not_python_is_refused_before_anything_is_copied(act: Act, unit: Unit, tmp_path: Path) -> None:
    with pytest.raises(
        AnsibleActionFail, match=r"perl is not written in Python for Ansible; call it without traumalink\.ops\.work"
    ):
        act("perl")
    assert (unit.asked, list(tmp_path.iterdir())) == ([], [])


def test_shows_progress_every_ten_seconds(act: Act, unit: Unit, shown: list[str]) -> None:
    unit.answers = [*["running"] * 10, "succeeded"]
    act()
    assert set(shown) == {"slow thing on db1: 1 min 11 s: 41 %"}
    assert 2 <= len(shown) <= 5


def test_one_question_waits_for_the_end_and_a_caller_may_ask_less_often(act: Act, unit: Unit) -> None:
    for given, waits in (({}, [5] * 6), ({"poll_seconds": 8}, [8] * 6)):
        unit.answers, unit.asked[:] = [*["running"] * 4, "succeeded"], []
        act(**given)
        assert [asked["wait_seconds"] for asked in unit.asked] == waits


def test_no_log_hides_what_the_module_says(act: Act, unit: Unit, shown: list[str]) -> None:
    unit.answers = [*["running"] * 10, "succeeded"]
    act(task={"no_log": True})
    assert set(shown) == {"slow thing on db1: 1 min 11 s"}


def test_a_connection_that_drops_is_tried_again(act: Act, unit: Unit, shown: list[str]) -> None:
    unit.answers = [AnsibleConnectionFailure("no route"), "msg: no bus", "succeeded", "succeeded"]
    assert act()["stdout"] == "S3kr3t"
    assert f"db1 does not answer; {UNIT} goes on there, trying again for 300 s" in shown
    assert unit.did() == ["start", "look", "look", "look", "tidy"]


def test_after_five_minutes_the_host_is_unreachable_and_the_unit_goes_on(
    act: Act, unit: Unit, shown: list[str]
) -> None:
    unit.answers = [AnsibleConnectionFailure("no route")]
    with pytest.raises(AnsibleConnectionFailure, match=f"db1 has not answered for 300 s; {UNIT} may still work there"):
        act()
    assert 20 <= len(unit.did()) <= 80
    assert "tidy" not in unit.did()


def test_says_that_the_unit_was_killed(act: Act, unit: Unit) -> None:
    unit.answers = ["running", "killed"]
    message = rf"slow thing did not end by itself: {UNIT} on db1 was killed by signal KILL; it had run for 1 min 11 s, and said last: 41 %"
    with pytest.raises(AnsibleActionFail, match=message) as caught:
        act()
    assert caught.value.result["work"]["state"] == "killed"
    assert unit.did()[-1] == "tidy"


@pytest.mark.parametrize(
    ("booted", "how"),
    [
        (["before", "after"], "was cut off by a restart of the host, which is up again since after; it had run for"),
        (["before"], "was tidied away by somebody else"),
    ],
)
def test_says_that_the_host_was_restarted(act: Act, unit: Unit, booted: list[str], how: str) -> None:
    unit.answers, unit.booted = ["absent"], booted
    with pytest.raises(AnsibleActionFail, match=how):
        act()


@pytest.mark.parametrize("answers", [["running", "succeeded"], ["succeeded"], [AnsibleConnectionFailure("no route")]])
def test_a_lost_lease_leaves_the_unit_to_whoever_took_over(
    act: Act, unit: Unit, tmp_path: Path, answers: list[str | Exception]
) -> None:
    unit.answers = answers
    keeper = tmp_path / "keeper.json"
    keeper.write_text(json.dumps({"state": "lost", "reason": "restore 7 took it"}))
    message = f"lost its lease: restore 7 took it; {UNIT} on db1 is left to the operation that takes over"
    with pytest.raises(AnsibleActionFail, match=message):
        act(variables={"operation_keeper_file": str(keeper)})
    assert "tidy" not in unit.did()
    assert (tmp_path / "noticed").exists()


def test_work_that_was_begun_when_the_lease_was_lost_keeps_its_operation_open(
    act: Act, unit: Unit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = tmp_path / "keeper.json"
    keeper.write_text(json.dumps({"state": "held", "reason": ""}))
    seen = unit.seen

    def lose(state: str) -> dict[str, Any]:
        keeper.write_text(json.dumps({"state": "lost", "reason": "it could not be renewed for 60 s"}))
        return seen(state)

    monkeypatch.setattr(unit, "seen", lose)
    with pytest.raises(AnsibleActionFail, match="lost its lease: it could not be renewed"):
        act(variables={"operation_keeper_file": str(keeper)})
    assert (tmp_path / "left-db1").exists(), "nobody closes it as if nothing ran"


def test_without_the_lease_nothing_is_started(act: Act, unit: Unit, tmp_path: Path) -> None:
    keeper = tmp_path / "keeper.json"
    for said in ({"state": "lost", "reason": "restore 7 took it"}, {"state": "held", "reason": "", "until": 1.0}):
        keeper.write_text(json.dumps(said))
        with pytest.raises(AnsibleActionFail, match=r"lost its lease: (restore 7 took it|nobody renews it any more)"):
            act(variables={"operation_keeper_file": str(keeper)})
    assert unit.did() == []
    assert not (tmp_path / "left-db1").exists()


def test_work_that_is_lost_sight_of_is_told_beside_the_keeper(act: Act, unit: Unit, tmp_path: Path) -> None:
    keeper = tmp_path / "keeper.json"
    keeper.write_text('{"state": "held", "reason": ""}')
    unit.answers = ["running", AnsibleConnectionFailure("no route")]
    with pytest.raises(AnsibleConnectionFailure, match="may still work there"):
        act(variables={"operation_keeper_file": str(keeper)})
    assert (tmp_path / "left-db1").exists()


@pytest.mark.parametrize("text", [None, "", "[]", '{"state": "held", "reason": ""}'])
def test_a_keeper_that_holds_or_is_about_to_write_disturbs_nothing(act: Act, tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "keeper.json").write_text(text)
    assert act(variables={"operation_keeper_file": str(tmp_path / "keeper.json")})["stdout"] == "S3kr3t"


def test_a_worker_whose_playbook_was_killed_takes_no_result_away(
    act: Act, unit: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    parents = iter([7, 7, 1, 1])
    monkeypatch.setattr(work.os, "getppid", lambda: next(parents))
    with pytest.raises(AnsibleActionFail, match=f"the playbook has died; {UNIT}"):
        act()
    assert unit.did() == ["start"]


def test_a_refusal_is_the_task_s_failure(act: Act, unit: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Unit, "__call__", lambda *_arguments: {"failed": True, "msg": f"{UNIT} still runs here"})
    with pytest.raises(AnsibleActionFail, match=f"{UNIT} still runs here"):
        act()


@pytest.mark.parametrize(
    ("problem", "said"),
    [(AnsibleConnectionFailure("no route"), "no route"), ("read-only\n", "read-only"), ("", "status 1")],
)
def test_a_folder_that_cannot_be_tidied_does_not_cost_the_result(
    act: Act, unit: Unit, shown: list[str], monkeypatch: pytest.MonkeyPatch, problem: str | Exception, said: str
) -> None:
    def command(_action: Any, command: str) -> dict[str, Any]:
        assert command == f"rm -rf -- {unit.works / RUN_ID}"
        if isinstance(problem, Exception):
            raise problem
        return {"rc": 1, "stdout": "", "stderr": problem}

    def forget(action: Any, *arguments: str) -> None:
        monkeypatch.setattr(work.ActionModule, "_low_level_execute_command", command)
        usual(action, *arguments)

    usual = work.ActionModule._forget
    monkeypatch.setattr(work.ActionModule, "_forget", forget)
    assert act()["stdout"] == "S3kr3t"
    assert shown == [f"{UNIT} on db1 was not tidied: {said}"]
    assert "tidy" not in unit.did()


def test_a_module_that_does_not_answer_is_told_as_usual(act: Act, unit: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unit, "seen", lambda state, usual=unit.seen: {**usual(state), "output": "half of a"})
    result = act()
    assert (result["failed"], result["module_stdout"]) == (True, "half of a")


@pytest.mark.parametrize("arguments", [{"surprise": 1}, {"arguments": "x"}, {"poll_seconds": "soon"}])
def test_refuses_other_arguments(act: Act, unit: Unit, arguments: dict[str, Any]) -> None:
    with pytest.raises(AnsibleError):
        act(**arguments)
    assert unit.asked == []


PLAYBOOK = """\
- hosts: localhost
  gather_facts: false
  tasks:
    - acted_work: {module: ansible.builtin.command, arguments: {argv: [printenv, GIVEN]}}
      environment: {GIVEN: "it's given"}
      register: left
    - ansible.builtin.assert:
        that: [left is changed, left.rc == 0, left.stdout_lines == expected, left.cmd | join(' ') == 'printenv GIVEN']
      vars: {expected: ["it's given"]}
"""
ACTED = """\
import json, subprocess
from ansible_collections.traumalink.ops.plugins.action.work import ActionModule as Work

class ActionModule(Work):
    def _ask(self, action, **given):
        if action == "start":
            payload = json.loads(given["payload"])
            done = subprocess.run(given["interpreter"], input=payload["program"], env=payload["environment"],
                                  capture_output=True, text=True)
            self.answer = {"work": {"state": "succeeded", "unit": "u", "run_id": given["run_id"]}, "booted_at": "",
                           "output": done.stdout, "errors": done.stderr}
        return self.answer
"""


def test_ansible_playbook_itself_builds_the_module_and_reads_its_result(tmp_path: Path) -> None:
    (tmp_path / "action_plugins").mkdir()
    (tmp_path / "action_plugins" / "acted_work.py").write_text(ACTED)
    (tmp_path / "playbook.yml").write_text(PLAYBOOK)
    variables = json.dumps({"ansible_connection": "local", "ansible_python_interpreter": sys.executable})
    argv = ["ansible-playbook", "-i", "localhost,", "-e", variables, str(tmp_path / "playbook.yml")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
