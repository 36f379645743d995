"""The Ansible module `approve`: the documentation of the action of that name, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.traumalink.ops.plugins.action import approve as action
from ansible_collections.traumalink.ops.plugins.modules import approve


def test_documents_the_arguments_that_the_action_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(action.ActionBase, "run", lambda *_arguments: {})
    taken: dict[str, Any] = {}

    class Task(action.ActionModule):  # type: ignore[misc]
        def __init__(self) -> None:
            self._connection = self._task = None

        def validate_argument_spec(self, argument_spec: dict[str, Any]) -> None:
            taken.update(argument_spec)
            raise StopIteration

    with pytest.raises(StopIteration):
        Task().run()
    documented = yaml.safe_load(approve.DOCUMENTATION)["options"]
    for option in documented.values():
        option.pop("description")
    assert documented == taken


def test_the_example_gives_what_is_required() -> None:
    options = yaml.safe_load(approve.DOCUMENTATION)["options"]
    (task,) = yaml.safe_load(approve.EXAMPLES)
    given = set(task["traumalink.ops.approve"])
    assert {name for name, option in options.items() if option.get("required")} <= given <= set(options)
    assert set(yaml.safe_load(approve.RETURN)) == {"document", "signature", "subject", "statement"}
