"""Whether real traffic fares worse than before."""

from __future__ import annotations

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.haproxy_figures import Traffic
from ansible_collections.traumalink.ops.plugins.module_utils.traffic import TrafficLimits, traffic_problems

BEFORE = Traffic(1000, 1, 0.1)


@pytest.mark.parametrize(
    ("after", "problems"),
    [
        (Traffic(1000, 11, 0.1), 0),  # as many more as are allowed
        (Traffic(1000, 12, 0.1), 1),
        (Traffic(5, 2, 0.1), 0),  # two failed requests say nothing
        (Traffic(3, 3, 0.1), 1),  # three of three do
        (Traffic(1000, 1, 0.3), 0),
        (Traffic(1000, 1, 0.301), 1),
        (Traffic(49, 0, 9.9), 0),  # a mean over few requests says nothing
        (Traffic(50, 0, 9.9), 1),
        (Traffic(1000, 500, 9.9), 2),
        (Traffic(0, 0, None), 0),
        (Traffic(1000, 900, 9.9, began_anew=True), 2),
    ],
)
def test_what_counts_as_worse(after: Traffic, problems: int) -> None:
    assert len(traffic_problems("app1-green", BEFORE, after, TrafficLimits())) == problems


def test_a_release_that_was_no_better_before_is_not_worse() -> None:
    assert traffic_problems("app1-green", Traffic(1000, 300, 0.5), Traffic(1000, 305, 0.9), TrafficLimits()) == []


@pytest.mark.parametrize("before", [Traffic(0, 0, None), Traffic(49, 0, 0.001)])
def test_without_traffic_before_a_mean_says_nothing_but_failures_do(before: Traffic) -> None:
    assert len(traffic_problems("app1-green", before, Traffic(1000, 500, 9.9), TrafficLimits())) == 1


def test_says_what_was_what_is_and_what_is_allowed() -> None:
    assert traffic_problems("app1-green", BEFORE, Traffic(400, 12, 0.48), TrafficLimits()) == [
        "app1-green failed 12 of 400 requests (3.0%); before it were 0.1%, and at most 1.1% are allowed.",
        "app1-green answers after 0.480 s on average (400 requests); before it were 0.100 s, and at most 0.300 s are allowed.",
    ]  # fmt: skip


def test_limits_are_the_site_s() -> None:
    limits = TrafficLimits(0.5, 100, 10, 1, 5000)
    assert traffic_problems("app1-green", BEFORE, Traffic(4000, 2000, 9.9), limits) == []
