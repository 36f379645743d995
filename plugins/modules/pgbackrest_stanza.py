#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: a stanza that exists and into which WAL arrives."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pgbackrest_stanza
short_description: Create a stanza in the repository and see WAL arrive in it
description:
  - Creates the stanza where it is missing, and sees one WAL segment arrive where the repository holds none yet.
  - Where the stanza is there, it is compared with the server; one that belongs to another database is an error, unless O(replace).
options:
  stanza: {description: The stanza., type: str, required: true}
  user: {description: System user that runs pgBackRest on the repository's host., type: str, required: true}
  repository_path: {description: "Path of the repository, whose free space a failure tells.", type: path}
  system_id:
    description: The running database's system identifier. With it, a stanza that is there for that database is left alone.
    type: int
  replace:
    description: Whether a stanza of another database may go on with this one. What it holds of the other stays in it.
    type: bool
    default: false
attributes:
  check_mode: {support: full, description: Says whether the stanza would be created.}
  diff_mode: {support: none, description: There is nothing to compare.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Create the stanza
  traumalink.ops.pgbackrest_stanza:
    stanza: example_hospital
    user: pgbackrest
"""

RETURN = r"""
code: {description: The engine's number of the error., returned: failure, type: int}
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.command import NotInstalled, run
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest import BackupError, PgBackRest, step_to


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "stanza": {"type": "str", "required": True},
            "user": {"type": "str", "required": True},
            "repository_path": {"type": "path"},
            "system_id": {"type": "int"},
            "replace": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    given = module.params
    repository = Path(given["repository_path"]) if given["repository_path"] else None
    engine = PgBackRest(run, given["stanza"], given["user"], repository)
    try:
        stanza = engine.info()
        if module.check_mode:
            step = step_to(stanza, given["system_id"], replace=given["replace"])
        else:
            step = engine.settle_stanza(stanza, given["system_id"], replace=given["replace"])
    except NotInstalled as error:
        if module.check_mode:
            module.exit_json(changed=True)  # a bare host, on which the role would have installed it by now
        module.fail_json(msg=str(error))
    except BackupError as error:
        module.fail_json(msg=str(error), code=error.code)
    except OpsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=step is not None)


if __name__ == "__main__":
    main()
