"""What actions on the controller share: arguments by their specification, and what cannot be done as a failure in its own words."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.plugin_utils import controller_action


class Greeting(controller_action.ControllerAction):
    """An action with one argument."""

    SPEC = {"name": {"type": "str", "required": True}, "times": {"type": "int", "default": 2}}  # noqa: RUF012

    def act(self, given: dict[str, Any]) -> dict[str, Any]:
        """Greet, unless nobody is there."""
        if given["name"] == "nobody":
            raise OpsError("nobody is there; name somebody")
        return {"changed": False, "said": [given["name"]] * given["times"]}


def run(monkeypatch: pytest.MonkeyPatch, **arguments: Any) -> dict[str, Any]:
    """Run it with arguments."""
    monkeypatch.setattr(controller_action.ActionBase, "run", lambda *_arguments: {})
    action = Greeting.__new__(Greeting)
    action._task = SimpleNamespace(args=arguments)
    return action.run()


def test_arguments_are_read_by_their_specification(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, name="li_na", times="3")["said"] == ["li_na"] * 3
    assert run(monkeypatch, name="li_na")["said"] == ["li_na"] * 2
    with pytest.raises(AnsibleError, match="missing required arguments: name"):
        run(monkeypatch)


def test_what_cannot_be_done_is_told_in_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AnsibleActionFail, match=r"^nobody is there; name somebody$"):
        run(monkeypatch, name="nobody")
