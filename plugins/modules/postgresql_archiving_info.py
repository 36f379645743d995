#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: which database runs here, and what keeps its WAL from being archived."""

from __future__ import annotations

DOCUMENTATION = r"""
module: postgresql_archiving_info
short_description: Which database runs on a host, and how its WAL is archived
description:
  - Runs on the database's host.
options:
  stanza: {description: The stanza into which pgBackRest archives., type: str, required: true}
  port: {description: TCP port and name of the socket., type: int, default: 5432}
attributes:
  check_mode: {support: full, description: Reads only.}
  diff_mode: {support: none, description: Reads only.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Ask why no WAL arrives
  traumalink.ops.postgresql_archiving_info:
    stanza: example_hospital
"""

RETURN = r"""
system_id: {description: "The database's system identifier; null where no server answers.", returned: success, type: int}
words: {description: "What keeps WAL from arriving, in words.", returned: success, type: str}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_server import Server
from ansible_collections.traumalink.ops.plugins.module_utils.wal_archiving import look


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={"stanza": {"type": "str", "required": True}, "port": {"type": "int", "default": 5432}},
        supports_check_mode=True,
    )
    try:
        state = look(Server(run, module.params["port"]), module.params["stanza"])
    except OpsError as error:
        # Whoever asks wants to know more than this, and says itself what it means that nobody answers.
        module.exit_json(changed=False, system_id=None, words=str(error))
    module.exit_json(changed=False, system_id=state.system_id, words=state.words(module.params["stanza"]))


if __name__ == "__main__":
    main()
