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
  - Where the stanza is there, it is compared with the server; one that belongs to another database is an error.
options:
  stanza: {description: The stanza., type: str, required: true}
  user: {description: System user that runs pgBackRest on the repository's host., type: str, required: true}
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

RETURN = r""" # """

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.command import NotInstalled, run
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest import PgBackRest


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "stanza": {"type": "str", "required": True},
            "user": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    engine = PgBackRest(run, module.params["stanza"], module.params["user"])
    try:
        stanza = engine.info()
        if not module.check_mode:
            # Also where it is there: the engine then compares it with the server, which may be another one by now.
            engine.create_stanza()
            if stanza.wal_max is None:
                engine.check()
    except NotInstalled as error:
        if module.check_mode:
            module.exit_json(changed=True)  # a bare host, on which the role would have installed it by now
        module.fail_json(msg=str(error))
    except OpsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=not stanza.exists)


if __name__ == "__main__":
    main()
