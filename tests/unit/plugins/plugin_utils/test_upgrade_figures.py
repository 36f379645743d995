"""What an upgrade cost the hospital, over all edge hosts."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.filter import upgrade_figures
from ansible_collections.traumalink.ops.plugins.module_utils.haproxy_figures import Figures

START = Figures(requests=1000, http_2xx=990, http_5xx=10, downtime_seconds=4)
CALL = upgrade_figures.FilterModule().filters()["upgrade_figures"]


def look(figures: Figures, process_id: int = 7) -> dict[str, Any]:
    """Return a look at a backend."""
    return {"process_id": process_id, "figures": asdict(figures), "servers": {}}


def test_it_sums_over_the_edge_hosts() -> None:
    quiet = replace(START, requests=1500, http_2xx=1490)
    failing = replace(START, requests=1600, http_2xx=1583, http_5xx=17, downtime_seconds=9)
    assert CALL([look(START), look(START)], [look(quiet), look(failing)]) == {
        "requests": 1100,
        "failed_requests": 7,
        "downtime_seconds": 5,
    }


def test_a_restart_meanwhile_is_told() -> None:
    found = CALL([look(START)], [look(Figures(requests=20, http_2xx=20), process_id=8)])
    assert found == {"requests": 20, "failed_requests": 0, "downtime_seconds": 0, "counted_anew": 1}


@pytest.mark.parametrize("ends", [[], [{"process_id": 7}]])
def test_what_are_no_looks_is_refused(ends: list[dict[str, Any]]) -> None:
    with pytest.raises(AnsibleFilterError):
        CALL([look(START)], ends)
