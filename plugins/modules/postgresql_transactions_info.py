#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: which transactions stand in the way of a migration."""

from __future__ import annotations

DOCUMENTATION = r"""
module: postgresql_transactions_info
short_description: Which transactions stand in the way of a migration
description:
  - Runs on the database's host. Lists the transactions of a database that are open for longer than a limit, prepared ones, and an autovacuum that prevents
    wraparound. Queries are not told, since they may hold patients' data.
options:
  port: {description: TCP port and name of the socket., type: int, default: 5432}
  database: {description: The database., type: str, required: true}
  older_than_seconds: {description: How old a transaction may be., type: float, default: 30}
attributes:
  check_mode: {support: full, description: Reads only.}
  diff_mode: {support: none, description: Reads only.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: See that nobody is in the way
  traumalink.ops.postgresql_transactions_info:
    database: trauma
"""

RETURN = r"""
obstacles:
  description: "Each with C(pid) (0 where it is prepared), C(age_seconds), C(application) and C(state), the oldest first."
  returned: success
  type: list
  elements: dict
words: {description: "Who is in the way and what to do, empty where nobody is.", returned: success, type: str}
"""

from dataclasses import asdict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.open_transactions import obstacles, words
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_server import Server


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "port": {"type": "int", "default": 5432},
            "database": {"type": "str", "required": True},
            "older_than_seconds": {"type": "float", "default": 30},
        },
        supports_check_mode=True,
    )
    database = module.params["database"]
    try:
        found = obstacles(Server(run, module.params["port"]), database, module.params["older_than_seconds"])
    except OpsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, obstacles=[asdict(each) for each in found], words=words(found, database))


if __name__ == "__main__":
    main()
