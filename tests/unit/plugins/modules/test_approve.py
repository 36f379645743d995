"""The Ansible module `approve`: the documentation of the action of that name, and nothing else."""

from __future__ import annotations

import yaml
from ansible_collections.traumalink.ops.plugins.action import approve as action
from ansible_collections.traumalink.ops.plugins.modules import approve


def test_documents_the_arguments_that_the_action_takes() -> None:
    documented = yaml.safe_load(approve.DOCUMENTATION)["options"]
    for option in documented.values():
        option.pop("description")
    assert documented == action.ActionModule.SPEC


def test_the_example_gives_what_is_required() -> None:
    options = yaml.safe_load(approve.DOCUMENTATION)["options"]
    (task,) = yaml.safe_load(approve.EXAMPLES)
    given = set(task["traumalink.ops.approve"])
    assert {name for name, option in options.items() if option.get("required")} <= given <= set(options)
    assert set(yaml.safe_load(approve.RETURN)) == {"document", "signature", "subject", "statement"}
