#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: whether a server came back with what was planned."""

from __future__ import annotations

DOCUMENTATION = r"""
module: restore_recovered_info
short_description: See whether a server came back with what was planned
description:
  - Runs on the database's host. Fails where the server still replays, serves other data, or replayed less or more than O(plan) says.
options:
  plan: {description: "What M(traumalink.ops.restore_plan_info) has planned.", type: dict, required: true}
  data_directory: {description: Absolute path of the data., type: path, required: true}
  port: {description: The server's port., type: int, default: 5432}
attributes:
  check_mode: {support: full, description: Reads only.}
  diff_mode: {support: none, description: Reads only.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: See how far it came back
  traumalink.ops.restore_recovered_info:
    plan: "{{ planned.plan }}"
    data_directory: /var/lib/postgresql/15/main
"""

RETURN = r"""
timeline: {description: The server's timeline., returned: success, type: int}
replayed_to: {description: Position at which the replay ended., returned: success, type: str}
reason: {description: PostgreSQL's words for why it ended there., returned: success, type: str}
last_commit: {description: "The last commit that came back, by the server or by the plan; empty where neither knows it.", returned: success, type: str}
rpo_seconds:
  description: From the last commit that came back to the last one that was wanted, as far as the archived WAL tells; null where it does not.
  returned: success
  type: float
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_server import Server
from ansible_collections.traumalink.ops.plugins.module_utils.restore_recovered import judge, look, lost_seconds


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "plan": {"type": "dict", "required": True},
            "data_directory": {"type": "path", "required": True},
            "port": {"type": "int", "default": 5432},
        },
        supports_check_mode=True,
    )
    plan = module.params["plan"]
    try:
        found = look(Server(run, module.params["port"]))
        judge(found, plan, Path(module.params["data_directory"]))
    except OpsError as error:
        module.fail_json(msg=str(error))
    facts = {**found.facts(), "last_commit": found.last_commit or plan["last_commit"]}
    module.exit_json(changed=False, **facts, rpo_seconds=lost_seconds(found, plan))


if __name__ == "__main__":
    main()
