#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: which servers of a HAProxy backend take traffic."""

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_backend
short_description: Lead traffic to other servers of a HAProxy backend without a reload
description:
  - Waits until HAProxy finds each server of O(in_service) healthy, writes the configuration, makes them ready, lets those of
    O(out_of_service) drain until none of their requests is in flight, and puts them into maintenance. Browsers keep their connections.
  - The configuration says C(disabled) for what is not in service, so that a HAProxy that starts at any moment leads traffic to servers that
    run. It is verified by C(haproxy -c) before it counts, and needs no reload.
  - Servers that are not named stay as they are. Killed anywhere and run again, it ends in the same state. Killed after the configuration was
    written, it leaves M(traumalink.ops.service_current) one reload to do.
  - After a reload of HAProxy, connections that browsers hold to its old process bring one more request each, to the servers that were ready
    then. They are waited for as well, so do not reload HAProxy shortly before.
  - A server needs C(fall 2) or more, else a passed check cannot be told from none.
options:
  backend: {description: The backend., type: str, default: application}
  in_service: {description: Servers that shall take traffic., type: list, elements: str, default: []}
  out_of_service: {description: Servers that shall not., type: list, elements: str, default: []}
  maintenance:
    description: Take every server of the backend out of service. Browsers see the maintenance page, also after HAProxy was restarted, until a
      call with O(in_service).
    type: bool
    default: false
  healthy_seconds: {description: How long a server may take to pass its health check., type: float, default: 60}
  drain_seconds: {description: How long requests in flight may take., type: float, default: 120}
  when_still_running:
    description: What to do about requests that are still in flight then. With V(fail) and V(leave) they run on and nothing new is led there;
      V(cut) ends them with an error for whoever waits.
    type: str
    choices: [fail, leave, cut]
    default: fail
  configuration: {description: HAProxy's configuration., type: path, default: /etc/haproxy/haproxy.cfg}
  files:
    description: Every file that HAProxy reads, as for M(traumalink.ops.service_current), so that this does not reload HAProxy only because of
      what was written here.
    type: list
    elements: path
    required: true
attributes:
  check_mode: {support: full, description: Says what would be done.}
  diff_mode: {support: full, description: Shows the configuration and the running state.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Lead the first app host's traffic to the new release
  traumalink.ops.haproxy_backend:
    in_service: [app1-green]
    out_of_service: [app1-blue]
    files: [/etc/haproxy/haproxy.cfg, /etc/haproxy/traumalink-maintenance.http]

- name: Show everybody the maintenance page, and let nobody write
  traumalink.ops.haproxy_backend:
    maintenance: true
    files: [/etc/haproxy/haproxy.cfg, /etc/haproxy/traumalink-maintenance.http]
"""

RETURN = r"""
steps: {description: What was or would be done., returned: success, type: list, elements: str}
still_running:
  description: By server the requests that were still in flight when O(drain_seconds) had passed, or could still come over connections that
    browsers hold since before a reload of HAProxy (up to C(timeout http-keep-alive)).
  returned: always
  type: dict
cut: {description: By server how many requests were cut., returned: always, type: dict}
servers:
  description: "By server C(mode) (C(ready), C(drain) or C(maint)), C(status) (HAProxy's word), C(running), C(healthy), C(check) (the last health
    check in words), C(in_flight) and C(held) (connections to old processes), afterwards; in check mode as it is."
  returned: always
  type: dict
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.haproxy_backend import Edge, Outcome, Wanted, bring
from ansible_collections.traumalink.ops.plugins.module_utils.haproxy_runtime import Haproxy
from ansible_collections.traumalink.ops.plugins.module_utils.service import Service

UNIT = "haproxy.service"


def edge_of(given: dict[str, Any]) -> Edge:
    """Return HAProxy on this host."""
    service = Service(UNIT, [Path(path) for path in given["files"]], "reload")
    return Edge(Haproxy(), Path(given["configuration"]), service, run)


def wanted_of(given: dict[str, Any]) -> Wanted:
    """Return what shall be."""
    return Wanted(**{name: value for name, value in given.items() if name not in ("configuration", "files")})


def result_of(outcome: Outcome) -> dict[str, Any]:
    """Return the outcome as plain data."""
    servers = {name: server.as_dict() for name, server in outcome.servers.items()}
    return {"still_running": outcome.still_running, "cut": outcome.cut, "servers": servers}


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "backend": {"type": "str", "default": "application"},
            "in_service": {"type": "list", "elements": "str", "default": []},
            "out_of_service": {"type": "list", "elements": "str", "default": []},
            "maintenance": {"type": "bool", "default": False},
            "healthy_seconds": {"type": "float", "default": 60},
            "drain_seconds": {"type": "float", "default": 120},
            "when_still_running": {"type": "str", "choices": ["fail", "leave", "cut"], "default": "fail"},
            "configuration": {"type": "path", "default": "/etc/haproxy/haproxy.cfg"},
            "files": {"type": "list", "elements": "path", "required": True},
        },
        supports_check_mode=True,
    )
    outcome = Outcome()
    try:
        bring(wanted_of(module.params), edge_of(module.params), outcome, check=module.check_mode)
    except OpsError as error:
        module.fail_json(msg=str(error), **result_of(outcome))
    module.exit_json(changed=outcome.changed, steps=outcome.steps, diff=outcome.diff, **result_of(outcome))


if __name__ == "__main__":
    main()
