#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: a named restore point of the database on this host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: postgresql_restore_point
short_description: Make a named restore point, and wait until its WAL is archived
description:
  - Makes the point, ends its WAL segment, and waits until the server has archived that. A restore with C(restore_target_name) goes there.
options:
  name: {description: "Its name: up to 63 letters, digits, dots, dashes and C(_).", type: str, required: true}
  port: {description: The server's port., type: int, default: 5432}
  wait_seconds: {description: How long archiving may take., type: float, default: 120}
attributes:
  check_mode: {support: full, description: Makes none.}
  diff_mode: {support: none, description: There is nothing to compare.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: A point to which the database can be brought back
  traumalink.ops.postgresql_restore_point:
    name: upgrade_20261129-221500-3f9a2c
"""

RETURN = r"""
point:
  description: "C(name), C(lsn), the C(segment) that holds it, and C(seconds) until that was archived; null in check mode."
  returned: success
  type: dict
"""

from dataclasses import asdict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_server import Server
from ansible_collections.traumalink.ops.plugins.module_utils.restore_point import make


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "port": {"type": "int", "default": 5432},
            "wait_seconds": {"type": "float", "default": 120},
        },
        supports_check_mode=True,
    )
    if module.check_mode:
        module.exit_json(changed=True, point=None)
    try:
        point = make(Server(run, module.params["port"]), module.params["name"], module.params["wait_seconds"])
    except OpsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=True, point=asdict(point))


if __name__ == "__main__":
    main()
