#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: how roles, databases and privileges differ from what is wanted."""

from __future__ import annotations

DOCUMENTATION = r"""
module: postgresql_rights_info
short_description: How roles, databases and privileges differ from what is wanted
description:
  - Looks at a server's catalogs in one go, so that nothing else is to be asked where all is well. Reads only.
  - What it cannot judge (privileges on tables, a password that is not ASCII) it names as different; then the modules that bring it about look themselves.
options:
  port: {description: TCP port and name of the socket., type: int, default: 5432}
  roles:
    description: Roles that must be there.
    type: list
    elements: dict
    default: []
    suboptions:
      name: {description: The role., type: str, required: true}
      flags: {description: "What it is, as C(ALTER ROLE) writes it, behind commas.", type: str, default: "LOGIN,NOSUPERUSER,NOCREATEDB,NOCREATEROLE"}
      password: {description: Its password., type: str}
      connections: {description: How many connections it may have., type: int}
  databases:
    description: Databases that must be there, and that nobody enters who is not named.
    type: list
    elements: dict
    default: []
    suboptions:
      name: {description: The database., type: str, required: true}
      owner: {description: The role that it belongs to., type: str, required: true}
  extensions: {description: Extensions of the database C(postgres)., type: list, elements: str, default: []}
  privileges:
    description: "What a role may do, as M(community.postgresql.postgresql_privs) takes it."
    type: list
    elements: dict
    default: []
    suboptions:
      database: {description: The database., type: str, required: true}
      role: {description: "The role, or several behind commas.", type: str, required: true}
      type: {description: Of the objects., type: str, required: true}
      objects: {description: "Names, behind commas.", type: str, required: true}
      privileges: {description: "Privileges, behind commas.", type: str}
      schema: {description: Of the objects., type: str}
attributes:
  check_mode: {support: full, description: Reads only.}
  diff_mode: {support: none, description: Reads only.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: See who may do what
  traumalink.ops.postgresql_rights_info:
    databases: [{name: trauma, owner: trauma_owner}]
    privileges: [{database: postgres, role: trauma_app, type: database, privileges: CONNECT, objects: trauma}]
"""

RETURN = r"""
amiss: {description: What there is to do in words; empty where nothing is., returned: success, type: list, elements: str}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.database_rights import (
    DatabaseWanted,
    Privilege,
    RoleWanted,
    read_rights,
)
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_server import Server

ROLE_OPTIONS = {
    "name": {"type": "str", "required": True},
    "flags": {"type": "str", "default": "LOGIN,NOSUPERUSER,NOCREATEDB,NOCREATEROLE"},
    "password": {"type": "str", "no_log": True},
    "connections": {"type": "int"},
}
DATABASE_OPTIONS = {"name": {"type": "str", "required": True}, "owner": {"type": "str", "required": True}}
PRIVILEGE_OPTIONS = {
    "database": {"type": "str", "required": True},
    "role": {"type": "str", "required": True},
    "type": {"type": "str", "required": True},
    "objects": {"type": "str", "required": True},
    "privileges": {"type": "str"},
    "schema": {"type": "str"},
}


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "port": {"type": "int", "default": 5432},
            "roles": {"type": "list", "elements": "dict", "options": ROLE_OPTIONS, "default": []},
            "databases": {"type": "list", "elements": "dict", "options": DATABASE_OPTIONS, "default": []},
            "extensions": {"type": "list", "elements": "str", "default": []},
            "privileges": {"type": "list", "elements": "dict", "options": PRIVILEGE_OPTIONS, "default": []},
        },
        supports_check_mode=True,
    )
    given = module.params
    try:
        found = read_rights(Server(run, given["port"])).amiss(
            [RoleWanted(**role) for role in given["roles"]],
            [DatabaseWanted(**database) for database in given["databases"]],
            given["extensions"],
            [Privilege(**privilege) for privilege in given["privileges"]],
        )
        module.exit_json(changed=False, amiss=list(found))
    except OpsError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
