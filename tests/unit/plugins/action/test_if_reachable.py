"""The action `if_reachable`: a module on a host that may be lost."""

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
from ansible_collections.traumalink.ops.plugins.action import if_reachable

ROLE = {"module": "traumalink.ops.postgresql_role_info", "arguments": {"port": 5432}}


def act(execute: Callable[..., dict[str, Any]], **arguments: Any) -> dict[str, Any]:
    """Run the action; `execute` stands for the host."""
    context, task, loader = PlayContext(), Task(), DataLoader()
    task.action, task.args = "traumalink.ops.if_reachable", arguments
    connection = connection_loader.get("local", context)
    made = if_reachable.ActionModule(task, connection, context, loader, Templar(loader, variables={}))
    made._execute_module = execute
    result: dict[str, Any] = made.run(task_vars={})
    return result


@pytest.mark.parametrize("said", [{"changed": False, "role": "primary"}, {"failed": True, "msg": "no such cluster"}])
def test_the_module_s_own_result_is_given_also_one_that_failed(said: dict[str, Any]) -> None:
    asked: list[dict[str, Any]] = []

    def host(**call: Any) -> dict[str, Any]:
        asked.append(call)
        return said

    assert act(host, **ROLE) == {**said, "reached": True}
    assert (asked[0]["module_name"], asked[0]["module_args"]) == (ROLE["module"], {"port": 5432})


def raised(**_call: Any) -> dict[str, Any]:
    raise AnsibleConnectionFailure("Failed to connect:\n  no route to host")


def returned(**_call: Any) -> dict[str, Any]:
    return {"unreachable": True, "msg": "Failed to connect:\n  no route to host"}


@pytest.mark.parametrize("host", [raised, returned])
def test_a_host_that_cannot_be_reached_is_an_answer(host: Callable[..., dict[str, Any]]) -> None:
    answer = act(host, **ROLE)
    assert answer == {"changed": False, "reached": False, "problem": "Failed to connect: no route to host"}


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(AnsibleActionFail, match="missing required arguments: module"):
        act(raised)
