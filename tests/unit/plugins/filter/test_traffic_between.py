"""The filter `traffic_between`, as Ansible calls it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.filter.traffic_between import FilterModule
from ansible_collections.traumalink.ops.plugins.module_utils.haproxy_figures import Figures

BETWEEN = FilterModule().filters()["traffic_between"]


def look(requests: int, failed: int, seconds: float = 0.1) -> dict[str, Any]:
    """Return what haproxy_backend_info would, with other figures of the server than of the backend."""
    figures = Figures(requests=requests, http_5xx=failed, response_seconds=seconds)
    server = Figures(requests=requests * 2, http_5xx=failed, response_seconds=seconds)
    return {"process_id": 1, "figures": asdict(figures), "servers": {"app1-green": {"figures": asdict(server)}}}


def test_traffic_is_told_of_a_backend_and_of_a_server() -> None:
    assert BETWEEN(look(100, 5), look(0, 0)) == {
        "requests": 100, "failed": 5, "failed_share": 0.05, "response_seconds": 0.1, "began_anew": False, "downtime_seconds": 0
    }  # fmt: skip
    server = BETWEEN(look(300, 20), look(100, 0), "app1-green")
    assert (server["requests"], server["failed"], server["failed_share"]) == (400, 20, 0.05)


def test_what_is_no_look_is_refused_in_words() -> None:
    with pytest.raises(AnsibleFilterError, match="these are no figures of app9-blue by haproxy_backend_info"):
        BETWEEN(look(1, 0), look(1, 0), "app9-blue")
