"""The filter hands on whether there is time left, and an error of the domain becomes one of the filter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.filter.cutoff_problem import FilterModule


def test_hands_on_whether_there_is_time(contract_data: Callable[..., dict[str, Any]]) -> None:
    call = FilterModule().filters()["cutoff_problem"]
    window = {"name": "always", "days": "any", "start": "00:00", "duration": "24h"}
    site = contract_data(windows=[window], working_hours={"workday": [], "restday": []}, freezes=[])
    site["calendar"] = {"country": "CN", "always_safe": "00:00-24:00"}
    assert call(site, "60", "", "20261129-180000-3f9a2c") == ""
    with pytest.raises(AnsibleFilterError):
        call({}, 60, "", "20261129-180000-3f9a2c")
