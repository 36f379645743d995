# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: What happened at a server or a backend of HAProxy between two looks."""

from __future__ import annotations

DOCUMENTATION = r"""
name: traffic_between
short_description: What happened at a server or a backend of HAProxy between two looks
description:
  - From two results of M(traumalink.ops.haproxy_backend_info). A reload or restart of HAProxy in between is recognised; the figures are those
    since then.
positional: start, server
options:
  _input: {description: The later look., type: dict, required: true}
  start: {description: The earlier look., type: dict, required: true}
  server: {description: "The server. Without it, the whole backend as browsers see it.", type: str}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
canary: "{{ now | traumalink.ops.traffic_between(at_the_switch, 'app1-green') }}"
failed_requests: "{{ (now | traumalink.ops.traffic_between(at_the_start)).failed }}"
"""

RETURN = r"""
_value:
  description: "C(requests), C(failed), C(failed_share) (0 to 1), C(response_seconds) (their mean, or null where there were none),
    C(began_anew) (HAProxy was reloaded or restarted in between) and C(downtime_seconds), in which no server could take a request."
  type: dict
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.module_utils import haproxy_figures


def traffic_between(end: Mapping[str, Any], start: Mapping[str, Any], server: str | None = None) -> dict[str, Any]:
    """Adapt the call; see module_utils.haproxy_figures."""
    try:
        looks = [haproxy_figures.look_of(found, server) for found in (start, end)]
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from None
    traffic = haproxy_figures.traffic_between(*looks)
    return asdict(traffic) | {"failed_share": traffic.failed_share}


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"traffic_between": traffic_between}
