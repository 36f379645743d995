#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: load what one database or table comes back with from ops into a new database."""

from __future__ import annotations

DOCUMENTATION = r"""
module: database_load
short_description: Load a database that ops gives into a new one
description:
  - Runs on the database's host, as root, beside M(traumalink.ops.database_copy) on the repository's.
  - What is there is never written over. The new database has its name only when all rows are there and sums agree; until then, and after a failure,
    nothing of that name is to be seen.
  - Roles that are there keep what was theirs; nobody but the server's superuser may enter the database.
options:
  action:
    description: Load it; or only remove what loads have left that were cut off.
    type: str
    choices: [load, tidy]
    default: load
  database: {description: Name of the database that comes back., type: str, default: ""}
  into: {description: Name of the new database; O(database) with the time where it is empty., type: str, default: ""}
  port: {description: TCP port of the server., type: int, default: 5432}
  version: {description: PostgreSQL's major version., type: str, required: true}
  data_directory: {description: Where databases grow; room is looked for there., type: path, required: true}
  source_address: {description: Address of the repository's host., type: str, default: ""}
  source_port: {description: TCP port there., type: int, default: 8433}
  source: {description: Name of the repository's host; its certificate proves it., type: str, default: ""}
  run_id: {description: The operation's run id; it names the database until it is whole., type: str, default: ""}
  wait_seconds: {description: How long the repository's host may take until it listens., type: int, default: 120}
attributes:
  check_mode: {support: full, description: Sees that there is no database of that name.}
  diff_mode: {support: none, description: There is nothing to compare.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Load it
  traumalink.ops.work:
    module: traumalink.ops.database_load
    arguments:
      into: trauma_restored_20261129T010000Z
      version: "15"
      data_directory: /var/lib/postgresql/15/main
      source_address: 10.0.0.5
      source: ops1
      run_id: 20261129T010000Z-1a2b3c4d
  become: true
"""

RETURN = r"""
into: {description: Name of the new database., returned: success, type: str}
notes: {description: What a person must know of it., returned: when it was loaded, type: str}
bytes: {description: Bytes that came over., returned: when it was loaded, type: int}
databases: {description: Names of the databases that there are., returned: in check mode, type: list, elements: str}
removed: {description: Names of half databases that were removed., returned: with O(action=tidy), type: list, elements: str}
"""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.database_load import Loading, default_name
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.handover import Certificates, take
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_server import Server


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "action": {"type": "str", "choices": ["load", "tidy"], "default": "load"},
            "database": {"type": "str", "default": ""},
            "into": {"type": "str", "default": ""},
            "port": {"type": "int", "default": 5432},
            "version": {"type": "str", "required": True},
            "data_directory": {"type": "path", "required": True},
            "source_address": {"type": "str", "default": ""},
            "source_port": {"type": "int", "default": 8433},
            "source": {"type": "str", "default": ""},
            "run_id": {"type": "str", "default": ""},
            "wait_seconds": {"type": "int", "default": 120},
        },
        supports_check_mode=True,
    )
    given = module.params
    into = given["into"] or default_name(given["database"], datetime.now(UTC))
    taking = partial(
        take, given["source_address"], given["source_port"], Certificates(), given["source"], given["wait_seconds"]
    )
    server = Server(run, given["port"])
    loading = Loading(server, run, given["version"], Path(given["data_directory"]), taking, into, given["run_id"])
    try:
        if given["action"] == "tidy":
            removed = [] if module.check_mode else loading.tidy()
            module.exit_json(changed=bool(removed), removed=removed)
        if module.check_mode:
            module.exit_json(changed=True, into=into, databases=loading.look())
        loaded = loading.run()
    except OpsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=True, **loaded)


if __name__ == "__main__":
    main()
