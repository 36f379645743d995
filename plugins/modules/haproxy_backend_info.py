#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: which servers of a HAProxy backend take traffic, and the figures of it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_backend_info
short_description: Tell which servers of a HAProxy backend take traffic, and the figures of it
description:
  - Counters begin anew when HAProxy is reloaded or restarted (RV(process_id) is another then). What happened between two calls is told by the
    filter P(traumalink.ops.upgrade_figures#filter).
options:
  backend: {description: The backend., type: str, default: application}
attributes:
  check_mode: {support: full, description: Changes nothing in any mode.}
  diff_mode: {support: none, description: Changes nothing.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Look at the figures before the switch
  traumalink.ops.haproxy_backend_info:
  register: before
"""

RETURN = r"""
process_id: {description: The process that answered., returned: success, type: int}
uptime_seconds: {description: How long it has been running., returned: success, type: int}
servers:
  description: "By server C(mode) (C(ready), C(drain) or C(maint)), C(status) (HAProxy's word), C(running), C(healthy), C(check) (the last health
    check in words), C(in_flight), C(held) (connections to old processes), and C(figures)."
  returned: success
  type: dict
figures:
  description: "Of the whole backend, as browsers see it: counters C(requests), C(http_1xx) to C(http_5xx), C(http_other),
    C(connection_errors), C(response_errors), C(client_aborts), C(retries), C(redispatches), and means over the latest requests
    C(queue_seconds), C(connect_seconds), C(response_seconds), C(total_seconds)."
  returned: success
  type: dict
"""

from dataclasses import asdict
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.haproxy_runtime import Backend, Haproxy


def result_of(found: Backend) -> dict[str, Any]:
    """Return the backend as plain data."""
    servers = {name: server.as_dict() | {"figures": asdict(server.figures)} for name, server in found.servers.items()}
    return {
        "process_id": found.process_id,
        "uptime_seconds": found.uptime_seconds,
        "servers": servers,
        "figures": asdict(found.figures),
    }


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={"backend": {"type": "str", "default": "application"}}, supports_check_mode=True
    )
    try:
        found = Haproxy().backend(module.params["backend"])
    except OpsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **result_of(found))


if __name__ == "__main__":
    main()
