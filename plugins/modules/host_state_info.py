#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: how a host differs from what a role wants of it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_state_info
short_description: How a host differs from what a role wants of it
description:
  - Looks at packages, users, paths and services in one go, so that nothing else is to be asked where all is well. Reads only.
options:
  packages: {description: Debian packages that must be installed., type: list, elements: str, default: []}
  users:
    description: System users that must be there.
    type: list
    elements: dict
    default: []
    suboptions:
      name: {description: The user., type: str, required: true}
      groups: {description: Groups that it must be in., type: list, elements: str, default: []}
      home: {description: Its home., type: str}
      shell: {description: Its shell., type: str}
  paths:
    description: What must lie where.
    type: list
    elements: dict
    default: []
    suboptions:
      path: {description: Absolute path., type: path, required: true}
      kind: {description: What it must be., type: str, choices: [folder, file, absent], default: folder}
      owner: {description: User that it must belong to., type: str, default: root}
      group: {description: Group that it must belong to., type: str, default: root}
      mode: {description: Its permissions., type: str, default: "0755"}
      sha256: {description: "SHA-256 of a file's content.", type: str, default: ""}
  services:
    description: Units that must be enabled, active, and have read their files as they are, as M(traumalink.ops.service_current) sees to.
    type: list
    elements: dict
    default: []
    suboptions:
      name: {description: The unit with its suffix., type: str, required: true}
      files: {description: Files that the unit reads., type: list, elements: path, default: []}
attributes:
  check_mode: {support: full, description: Reads only.}
  diff_mode: {support: none, description: Reads only.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: See whether the host has what it needs
  traumalink.ops.host_state_info:
    packages: [pgbackrest]
    users: [{name: postgres, groups: [traumalink-tls]}]
    paths: [{path: /etc/pgbackrest}]
    services: [{name: pgbackrest.service, files: [/etc/pgbackrest/pgbackrest.conf]}]
"""

RETURN = r"""
amiss: {description: What there is to do in words; empty where nothing is., returned: success, type: list, elements: str}
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.host_state import Account, HostState, Place
from ansible_collections.traumalink.ops.plugins.module_utils.service import Service

USER_OPTIONS = {
    "name": {"type": "str", "required": True},
    "groups": {"type": "list", "elements": "str", "default": []},
    "home": {"type": "str"},
    "shell": {"type": "str"},
}
PATH_OPTIONS = {
    "path": {"type": "path", "required": True},
    "kind": {"type": "str", "choices": ["folder", "file", "absent"], "default": "folder"},
    "owner": {"type": "str", "default": "root"},
    "group": {"type": "str", "default": "root"},
    "mode": {"type": "str", "default": "0755"},
    "sha256": {"type": "str", "default": ""},
}
SERVICE_OPTIONS = {
    "name": {"type": "str", "required": True},
    "files": {"type": "list", "elements": "path", "default": []},
}


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "packages": {"type": "list", "elements": "str", "default": []},
            "users": {"type": "list", "elements": "dict", "options": USER_OPTIONS, "default": []},
            "paths": {"type": "list", "elements": "dict", "options": PATH_OPTIONS, "default": []},
            "services": {"type": "list", "elements": "dict", "options": SERVICE_OPTIONS, "default": []},
        },
        supports_check_mode=True,
    )
    given = module.params
    wanted = HostState(
        given["packages"],
        [Account(**user) for user in given["users"]],
        [Place(**{**place, "path": Path(place["path"])}) for place in given["paths"]],
        [Service(service["name"], [Path(path) for path in service["files"]]) for service in given["services"]],
    )
    try:
        module.exit_json(changed=False, amiss=wanted.amiss(run))
    except (OpsError, OSError) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
