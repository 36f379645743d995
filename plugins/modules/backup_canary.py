#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: the database's side of a backup."""

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_canary
short_description: Commit rows beside a backup, and tell what the database holds after it
description:
  - Runs on the database's host while M(traumalink.ops.pgbackrest_backup) runs on the repository's host, in one task. It waits for the backup, commits rows into
    a database of its own until the backup has gone, counts and sums all tables at one position in the WAL, commits a last row, and ends the segment.
  - A restore to those positions must find these rows and sums; M(traumalink.ops.backup_verified) keeps them as the set's proof.
  - Each run commits rows, so the result is always changed.
options:
  port: {description: TCP port and name of the socket., type: int, default: 5432}
  start_seconds: {description: How long to wait for the backup to be seen., type: float, default: 60}
  proof_bytes: {description: "How much of the databases is read for the proof of content; of larger tables always the same blocks. V(0) leaves it out.", type: int, default: 536870912}
  quiet_seconds: {description: How long to wait for a moment without any transaction in each database., type: float, default: 20}
attributes:
  check_mode: {support: full, description: Commits nothing and says that it would.}
  diff_mode: {support: none, description: There is nothing to compare.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Commit rows beside the backup
  traumalink.ops.work:
    module: traumalink.ops.backup_canary
    title: rows beside the backup
"""

RETURN = r"""
observed:
  description: What the database says of the backup, as O(traumalink.ops.backup_verified#module:observed) takes it.
  returned: success and not check mode
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.backup_canary import Watch
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_server import Server


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "port": {"type": "int", "default": 5432},
            "start_seconds": {"type": "float", "default": 60},
            "proof_bytes": {"type": "int", "default": 536870912},
            "quiet_seconds": {"type": "float", "default": 20},
        },
        supports_check_mode=True,
    )
    given = module.params
    if module.check_mode:
        module.exit_json(changed=True)
    watch = Watch(
        Server(run, given["port"]), given["start_seconds"], given["proof_bytes"], quiet_seconds=given["quiet_seconds"]
    )
    try:
        observed = watch.observe()
    except OpsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=True, observed=observed.facts())


if __name__ == "__main__":
    main()
