#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: whether a vault is mounted on the database's host, and how long WAL can wait there for a new ops host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: restore_vault_info
short_description: Whether there is a vault, and how long WAL can wait
description:
  - Looks at the second copy of the repository, which is mounted on this host because C(ops) is gone. It reads only. What comes back from it is planned by
    M(traumalink.ops.restore_plan_info).
options:
  stanza: {description: The stanza., type: str, required: true}
  path: {description: Where the vault is mounted., type: path, required: true}
  cipher_passphrase: {description: Passphrase of the repository., type: str, required: true}
  data_directory: {description: Where WAL waits for a new ops host., type: path, required: true}
attributes:
  check_mode: {support: full, description: It changes nothing.}
  diff_mode: {support: none, description: It changes nothing.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: See what the vault holds
  traumalink.ops.restore_vault_info:
    stanza: example_hospital
    path: /mnt/nas/pgbackrest
    cipher_passphrase: "{{ backup_cipher_passphrase }}"
    data_directory: /var/lib/postgresql/15/main
  become: true
"""

RETURN = r"""
installed: {description: Whether pgBackRest is on this host; without it the rest is not known., returned: success, type: bool}
wal_bytes_a_day: {description: WAL of the last day that the vault knows., returned: where it is installed, type: int}
free_bytes: {description: Free bytes where WAL waits., returned: success, type: int}
days_left: {description: For how many days WAL fits there., returned: where it is installed, type: float}
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.command import NotInstalled, run
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.file_system import free_bytes
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest import repository_at
from ansible_collections.traumalink.ops.plugins.module_utils.vault_content import days_left, wal_bytes_a_day


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "stanza": {"type": "str", "required": True},
            "path": {"type": "path", "required": True},
            "cipher_passphrase": {"type": "str", "required": True, "no_log": True},
            "data_directory": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    given = module.params
    free = free_bytes(Path(given["data_directory"]))
    for part in ("backup", "archive"):
        if not Path(given["path"], part, given["stanza"], f"{part}.info").is_file():
            module.fail_json(
                msg=f"{given['path']} holds no repository of {given['stanza']} ({part}/{given['stanza']}/{part}.info is not there); mount the vault "
                "there, and give its folder as restore_vault_path. Nothing was changed"
            )
    engine = repository_at(run, Path(given["path"]), given["cipher_passphrase"], given["stanza"], "root")
    try:
        daily = wal_bytes_a_day(engine.archive(str(engine.info().database_id)))
    except NotInstalled:
        module.exit_json(changed=False, installed=False, free_bytes=free)
    except OpsError as error:
        module.fail_json(msg=str(error))
    left = days_left(free, daily)
    module.exit_json(changed=False, installed=True, free_bytes=free, days_left=left, wal_bytes_a_day=daily)


if __name__ == "__main__":
    main()
