# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether real traffic fares worse on a new release than it did before."""

from __future__ import annotations

from dataclasses import dataclass

from .haproxy_figures import Traffic

__all__ = ["TrafficLimits", "traffic_problems"]


@dataclass(frozen=True)
class TrafficLimits:
    """What counts as worse.

    Attributes:
        failed_share: by how much the share of failed requests may rise, 0 to 1.
        failed_requests: fewer failed requests than this say nothing, whatever their share.
        response_factor, response_seconds: the mean response time may become so many times as long, and so many seconds longer still.
        minimum_requests: a mean over fewer requests than this, before or after, says nothing.
    """

    failed_share: float = 0.01
    failed_requests: int = 3
    response_factor: float = 2.0
    response_seconds: float = 0.1
    minimum_requests: int = 50


def traffic_problems(name: str, before: Traffic, after: Traffic, limits: TrafficLimits) -> list[str]:
    """Return in sentences what is worse `after` than `before`; empty where nothing is, or where there was too little traffic to tell.

    `name` is what took the traffic after, as people know it.
    """
    problems = []
    allowed_share = before.failed_share + limits.failed_share
    if after.failed >= limits.failed_requests and after.failed_share > allowed_share:
        problems.append(
            f"{name} failed {after.failed} of {after.requests} requests ({after.failed_share:.1%}); before it were {before.failed_share:.1%}, and at "
            f"most {allowed_share:.1%} are allowed."
        )
    if (
        before.response_seconds is not None
        and after.response_seconds is not None
        and min(before.requests, after.requests) >= limits.minimum_requests
    ):
        allowed_seconds = before.response_seconds * limits.response_factor + limits.response_seconds
        if after.response_seconds > allowed_seconds:
            problems.append(
                f"{name} answers after {after.response_seconds:.3f} s on average ({after.requests} requests); before it were "
                f"{before.response_seconds:.3f} s, and at most {allowed_seconds:.3f} s are allowed."
            )
    return problems
