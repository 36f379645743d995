"""The module `service_restarts`: which of the units that needrestart names are restarted."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.modules.service_restarts import chosen_of

NAMED = ["dbus.service", "postgresql@15-main.service", "ssh.service", "trauma-web@blue.service"]


@pytest.mark.parametrize(
    ("given", "chosen"),
    [
        ({"restart": True, "only": [], "deny": []}, ["ssh.service", "trauma-web@blue.service"]),
        ({"restart": True, "only": [], "deny": ["ssh*"]}, ["trauma-web@blue.service"]),
        ({"restart": True, "only": ["postgresql@*"], "deny": []}, ["postgresql@15-main.service"]),
        ({"restart": False, "only": [], "deny": []}, []),
    ],
)
def test_what_is_restarted_and_what_is_left(given: dict[str, Any], chosen: list[str]) -> None:
    restarted, left = chosen_of(NAMED, given)
    assert restarted == chosen
    assert left == [unit for unit in NAMED if unit not in chosen]
