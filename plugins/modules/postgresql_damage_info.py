#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: which relations damaged pages belong to."""

from __future__ import annotations

DOCUMENTATION = r"""
module: postgresql_damage_info
short_description: Which relations damaged pages belong to
description:
  - Runs on the database's host.
options:
  port: {description: TCP port and name of the socket., type: int, default: 5432}
  damaged: {description: "Files with damaged pages, as M(traumalink.ops.pgbackrest_backup) returns them.", type: list, elements: dict, required: true}
attributes:
  check_mode: {support: full, description: Reads only.}
  diff_mode: {support: none, description: Reads only.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Name the relations
  traumalink.ops.postgresql_damage_info:
    damaged: [{path: base/16384/16397, pages: [[7, 7]]}]
"""

RETURN = r"""
words: {description: "Relations, databases and blocks, and what to do.", returned: success, type: str}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.damaged_pages import DamagedPages, words
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_server import Server


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "port": {"type": "int", "default": 5432},
            "damaged": {"type": "list", "elements": "dict", "required": True},
        },
        supports_check_mode=True,
    )
    damaged = [DamagedPages(file["path"], file["pages"]) for file in module.params["damaged"]]
    module.exit_json(changed=False, words=words(Server(run, module.params["port"]), damaged))


if __name__ == "__main__":
    main()
