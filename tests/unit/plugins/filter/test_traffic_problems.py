"""The filter `traffic_problems`, as Ansible calls it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.filter.traffic_problems import FilterModule
from ansible_collections.traumalink.ops.plugins.module_utils.haproxy_figures import Traffic

PROBLEMS = FilterModule().filters()["traffic_problems"]


def traffic(requests: int, failed: int) -> dict[str, Any]:
    """Return what traffic_between would."""
    found = Traffic(requests, failed, 0.1)
    return asdict(found) | {"failed_share": found.failed_share}


def test_traffic_is_judged_by_limits_that_may_be_given() -> None:
    (problem,) = PROBLEMS(traffic(200, 20), traffic(100, 0), "app1-green")
    assert problem.startswith("app1-green failed 20 of 200 requests (10.0%)")
    assert PROBLEMS(traffic(200, 20), traffic(100, 0), "app1-green", {"failed_share": 0.2}) == []
    assert PROBLEMS(traffic(200, 20), traffic(100, 10), "app1-green") == []


def test_what_is_no_traffic_and_no_limit_is_refused_in_words() -> None:
    with pytest.raises(AnsibleFilterError, match="traffic_problems cannot compare these: 'requests'"):
        PROBLEMS({}, {}, "app1-green")
    with pytest.raises(AnsibleFilterError, match=r"traffic_problems cannot compare these: .*failed_shares"):
        PROBLEMS(traffic(1, 0), traffic(1, 0), "app1-green", {"failed_shares": 1})
