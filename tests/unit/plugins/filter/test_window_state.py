"""The filter adapts, and turns the domain's error into Ansible's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.filter.window_state import FilterModule

window_state = FilterModule().filters()["window_state"]


def test_answers_by_the_sites_clock(contract_data: Callable[..., dict[str, Any]]) -> None:
    found = window_state(contract_data(), at="2026-10-01T15:00:00Z")
    assert (found["state"], found["next_open"], found["seconds_left"]) == ("open", "2026-10-02T22:00:00+08:00", 18900)


def test_judges_now_where_no_time_is_given(contract_data: Callable[..., dict[str, Any]]) -> None:
    data = contract_data(freezes=[{"name": "all", "from": "2000-01-01", "to": "2100-12-31", "reason": "test"}])
    assert window_state(data)["state"] == "frozen"
    assert window_state(data, at=datetime.now(UTC))["state"] == "frozen"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"at": "tonight"}, '"tonight" is no time'),
        ({"at": "2026-10-01T15:00:00Z", "needs": "2 hours"}, '"2 hours" is no duration, write 2h'),
    ],
)
def test_a_wrong_value_is_an_error_of_the_filter(
    contract_data: Callable[..., dict[str, Any]], arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(AnsibleFilterError, match=message):
        window_state(contract_data(), **arguments)


def test_a_wrong_contract_is_an_error_of_the_filter() -> None:
    with pytest.raises(AnsibleFilterError, match=r"contract\.id: is missing"):
        window_state({})
