"""The Ansible module `site_secrets`: the documentation of the action of that name, and nothing else."""

from __future__ import annotations

import yaml
from ansible_collections.traumalink.ops.plugins.action import site_secrets as action
from ansible_collections.traumalink.ops.plugins.modules import site_secrets


def test_documents_the_arguments_that_the_action_takes() -> None:
    documented = yaml.safe_load(site_secrets.DOCUMENTATION)["options"]
    for option in documented.values():
        option.pop("description")
    assert documented == action.ActionModule.SPEC


def test_the_example_gives_every_argument() -> None:
    options = yaml.safe_load(site_secrets.DOCUMENTATION)["options"]
    (task,) = yaml.safe_load(site_secrets.EXAMPLES)
    assert set(task["traumalink.ops.site_secrets"]) == set(options)
    assert "made" in yaml.safe_load(site_secrets.RETURN)
