"""The filter hands on why an upgrade does not fit, and an error of the domain becomes one of the filter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.filter.fit_problem import FilterModule


def test_hands_on_why_it_does_not_fit(contract_data: Callable[..., dict[str, Any]]) -> None:
    call = FilterModule().filters()["fit_problem"]
    window = {"name": "night", "days": "any", "start": "22:00", "duration": "2h"}
    site = contract_data(timezone="UTC", windows=[window], working_hours={"workday": [], "restday": []}, freezes=[])
    assert call(site, "60", 60, 60, "2026-11-24T22:00:00+00:00") == ""
    assert "are needed" in call(site, "3600", 3600, 60, "2026-11-24T22:00:00+00:00")
    with pytest.raises(AnsibleFilterError):
        call({}, 60, 60, 60, "2026-11-24T22:00:00+00:00")
