#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: whether this host's PostgreSQL is the primary."""

from __future__ import annotations

DOCUMENTATION = r"""
module: postgresql_role_info
short_description: Whether this host's PostgreSQL is the primary now
options:
  port: {description: TCP port and name of the socket., type: int, default: 5432}
attributes:
  check_mode: {support: full, description: Reads only.}
  diff_mode: {support: none, description: Reads only.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Ask the server
  traumalink.ops.postgresql_role_info:
    port: 5432
"""

RETURN = r"""
role:
  description:
    - V(primary) takes writes, V(standby) replays WAL, V(down) does not answer, V(absent) is not installed;
      V(retired) does not answer either, since the database has come back on another host.
  returned: success
  type: str
successor: {description: The host on which the database of a retired one has come back., returned: success, type: str}
timeline: {description: The timeline on which a primary writes; 0 for any other., returned: success, type: int}
started_at: {description: "When the server was started, in seconds since the epoch; 0 where it does not answer.", returned: success, type: float}
"""

import shutil

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.cluster_retirement import retired_for
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_server import Server, ServerError


def started_at(server: Server) -> float:
    """Return when the server was started; 0 where it has gone meanwhile."""
    try:
        return server.started_at()
    except ServerError:
        return 0.0


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(argument_spec={"port": {"type": "int", "default": 5432}}, supports_check_mode=True)
    installed = shutil.which("psql", path="/usr/bin") is not None
    server = Server(run, module.params["port"])
    role, timeline = server.role_and_timeline() if installed else ("absent", 0)
    successor = retired_for() if role == "down" else ""
    module.exit_json(
        changed=False,
        role="retired" if successor else role,
        successor=successor,
        timeline=timeline,
        started_at=started_at(server) if role in ("primary", "standby") else 0.0,
    )


if __name__ == "__main__":
    main()
