"""The action `awx_objects`: the collection's own playbooks, and faults in words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.traumalink.ops.plugins.action import awx_objects
from ansible_collections.traumalink.ops.plugins.plugin_utils import controller_action

Make = Callable[..., dict[str, Any]]
Act = Callable[..., dict[str, Any]]


@pytest.fixture
def act(monkeypatch: pytest.MonkeyPatch) -> Act:
    """Give the action."""
    monkeypatch.setattr(controller_action.ActionBase, "run", lambda *_arguments: {})

    def call(**arguments: Any) -> dict[str, Any]:
        action = awx_objects.ActionModule.__new__(awx_objects.ActionModule)
        action._task = SimpleNamespace(args=arguments)
        result: dict[str, Any] = action.run()
        return result

    return call


def test_it_lists_the_playbooks_that_are_there(act: Act, contract_data: Make) -> None:
    found = act(site="lab", contract=contract_data(), scm_url="https://git.example.org/lab.git")
    templates = [each["playbook"] for each in found["objects"]["job_templates"]]
    root = Path(awx_objects.__file__).resolve().parents[2]
    assert len(templates) > 10
    assert [path for path in templates if not (root / path).is_file()] == []
    assert found["changed"] is False


def test_mail_and_webhook_come_from_what_is_given(act: Act, contract_data: Make) -> None:
    mail = {"host": "mail", "port": 25, "sender": "a@b", "to": ["c@d"], "username": "", "secure": "no"}
    found = act(site="lab", contract=contract_data(), scm_url="https://x/y", mail=mail, webhook_url="https://hook")
    assert [each["name"] for each in found["objects"]["notification_templates"]] == ["lab mail", "lab webhook"]


@pytest.mark.parametrize(
    ("arguments", "message"), [({"scm_url": ""}, "awx_project_url is empty"), ({"contract": {}}, "contract.id")]
)
def test_says_what_is_wrong(act: Act, contract_data: Make, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(AnsibleActionFail, match=message):
        act(**{"site": "lab", "contract": contract_data(), "scm_url": "https://x/y", **arguments})
