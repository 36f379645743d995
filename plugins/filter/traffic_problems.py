# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: What is worse for real traffic than before."""

from __future__ import annotations

DOCUMENTATION = r"""
name: traffic_problems
short_description: What is worse for real traffic than before
description:
  - An empty list where nothing is, or where there was too little traffic to tell.
positional: before, name
options:
  _input: {description: "Traffic after the change, as P(traumalink.ops.traffic_between#filter) returned it.", type: dict, required: true}
  before: {description: Traffic before the change., type: dict, required: true}
  name: {description: "What took the traffic after, as people know it.", type: str, required: true}
  limits:
    description: "What counts as worse: C(failed_share) (by how much it may rise, 0.01), C(failed_requests) (fewer say nothing, 3),
      C(response_factor) and C(response_seconds) (so many times as long, and so many seconds longer still, 2.0 and 0.1), C(minimum_requests) (a mean
      over fewer says nothing, 50)."
    type: dict
    default: {}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
problems: "{{ canary | traumalink.ops.traffic_problems(baseline, 'app1-green', {'minimum_requests': 20}) }}"
"""

RETURN = r"""
_value: {description: The problems in sentences., type: list, elements: str}
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.module_utils import traffic
from ansible_collections.traumalink.ops.plugins.module_utils.haproxy_figures import Traffic


def traffic_problems(
    after: Mapping[str, Any], before: Mapping[str, Any], name: str, limits: Mapping[str, float] | None = None
) -> list[str]:
    """Adapt the call; see module_utils.traffic."""
    try:
        was, is_now = (_traffic(found) for found in (before, after))
        return traffic.traffic_problems(name, was, is_now, traffic.TrafficLimits(**(limits or {})))  # type: ignore[arg-type]
    except (KeyError, TypeError) as error:
        raise AnsibleFilterError(f"traffic_problems cannot compare these: {error}") from None


def _traffic(found: Mapping[str, Any]) -> Traffic:
    return Traffic(found["requests"], found["failed"], found["response_seconds"], found["began_anew"])


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"traffic_problems": traffic_problems}
