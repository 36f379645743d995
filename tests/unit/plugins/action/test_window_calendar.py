"""The action `window_calendar`: prints the table as it is, and says what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.traumalink.ops.plugins.action import window_calendar
from ansible_collections.traumalink.ops.plugins.plugin_utils import controller_action

Make = Callable[..., dict[str, Any]]


@pytest.fixture
def act(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[dict[str, Any], list[str]]]:
    """Give the action, and what it prints."""
    monkeypatch.setattr(controller_action.ActionBase, "run", lambda *_arguments: {})

    def call(**arguments: Any) -> tuple[dict[str, Any], list[str]]:
        printed: list[str] = []
        action = window_calendar.ActionModule.__new__(window_calendar.ActionModule)
        action._task = SimpleNamespace(args=arguments)
        action._display = SimpleNamespace(display=printed.append)
        return action.run(), printed

    return call


def test_prints_a_line_a_day(act: Callable[..., tuple[dict[str, Any], list[str]]], contract_data: Make) -> None:
    result, printed = act(contract=contract_data(), at="2026-04-30T00:00:00+08:00", days="3")
    assert printed == ["\n".join(result["lines"])]
    assert [line[:10].strip(" :") for line in result["lines"]] == [
        "date", "2026-04-30", "2026-05-01", "2026-05-02", "warning: u"
    ]  # fmt: skip
    assert result["changed"] is False


def test_shows_sixty_days_from_now(act: Callable[..., tuple[dict[str, Any], list[str]]], contract_data: Make) -> None:
    lines = act(contract=contract_data())[0]["lines"]
    assert len([line for line in lines if not line.startswith("warning")]) == 61


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"at": "today"}, '"today" is no time'),
        ({"days": 0}, "0 is no number of days"),
        ({"contract": {}}, "contract.id"),
    ],
)
def test_says_what_is_wrong(
    act: Callable[..., tuple[dict[str, Any], list[str]]], contract_data: Make, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(AnsibleActionFail, match=message):
        act(**{"contract": contract_data(), **arguments})
