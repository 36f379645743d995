"""The filter hands on whether it fits, and an error of the domain becomes one of the filter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.filter.downtime_problem import FilterModule


def test_hands_on_whether_it_fits(contract_data: Callable[..., dict[str, Any]]) -> None:
    call = FilterModule().filters()["downtime_problem"]
    window = {"name": "always", "days": "any", "start": "00:00", "duration": "24h"}
    site = contract_data(windows=[window], working_hours={"workday": [], "restday": []}, freezes=[])
    site["calendar"] = {"country": "CN", "always_safe": "00:00-24:00"}
    run_id = "20261129-180000-3f9a2c"
    assert call(site, "60", "1000", "50000000", "60", "", run_id) == ""
    with pytest.raises(AnsibleFilterError, match="bytes come back"):
        call(site, 60, 1000, 0, 60, "", run_id)
    with pytest.raises(AnsibleFilterError):
        call({}, 60, 1000, 1, 60, "", run_id)
