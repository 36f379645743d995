#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: nobody is connected who could write."""

from __future__ import annotations

DOCUMENTATION = r"""
module: postgresql_writers
short_description: See that nobody is connected who could write
description:
  - Runs on the database's host. Fails while sessions are connected to any database of the server whose roles may write one of its tables, superusers among
    them, or while a transaction is prepared there; O(wait_seconds) after it began. Queries are not told, since they may hold patients' data.
options:
  port: {description: TCP port and name of the socket., type: int, default: 5432}
  except_roles: {description: Roles that may be connected., type: list, elements: str, default: []}
  wait_seconds: {description: How long they may take to go., type: float, default: 0}
attributes:
  check_mode: {support: full, description: Reads only.}
  diff_mode: {support: none, description: Reads only.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: The application is stopped; see that nobody writes any more
  traumalink.ops.postgresql_writers:
    wait_seconds: 60
"""

RETURN = r"""
writers:
  description: "Who is left, each with C(database), C(pid) (0 where it is a prepared transaction), C(role), C(application) and C(state)."
  returned: always
  type: list
  elements: dict
"""

from dataclasses import asdict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.database_writers import gone, words
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_server import Server


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "port": {"type": "int", "default": 5432},
            "except_roles": {"type": "list", "elements": "str", "default": []},
            "wait_seconds": {"type": "float", "default": 0},
        },
        supports_check_mode=True,
    )
    given = module.params
    try:
        found = gone(Server(run, given["port"]), given["except_roles"], given["wait_seconds"])
    except OpsError as error:
        module.fail_json(msg=str(error))
    left = [asdict(each) for each in found]
    if found:
        module.fail_json(msg=words(found), writers=left)
    module.exit_json(changed=False, writers=left)


if __name__ == "__main__":
    main()
