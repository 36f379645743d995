#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: what the backup repository holds."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pgbackrest_info
short_description: What the backup repository of a stanza holds
description:
  - Reads the repository on its own host, or on the database's host through the repository's TLS server.
  - With O(cipher_passphrase) it tries that passphrase on the repository at O(repository_path) before any configuration is written.
options:
  stanza: {description: The stanza., type: str, required: true}
  user: {description: System user that runs pgBackRest., type: str, required: true}
  repository_path: {description: Path of the repository whose passphrase is tried., type: path}
  cipher_passphrase: {description: The passphrase to try., type: str}
attributes:
  check_mode: {support: full, description: Reads only.}
  diff_mode: {support: none, description: Reads only.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Learn what the repository holds
  traumalink.ops.pgbackrest_info:
    stanza: example_hospital
    user: pgbackrest
"""

RETURN = r"""
installed: {description: Whether pgBackRest is on the host., returned: success, type: bool}
exists: {description: Whether the stanza exists., returned: success, type: bool}
backups: {description: The sets oldest first., returned: success, type: list, elements: dict}
newest: {description: The newest set., returned: success, type: dict}
wal_min: {description: First archived WAL segment., returned: success, type: str}
wal_max: {description: Last archived WAL segment., returned: success, type: str}
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.command import NotInstalled, run
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest import PgBackRest, repository_at


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "stanza": {"type": "str", "required": True},
            "user": {"type": "str", "required": True},
            "repository_path": {"type": "path"},
            "cipher_passphrase": {"type": "str", "no_log": True},
        },
        required_together=[("repository_path", "cipher_passphrase")],
        supports_check_mode=True,
    )
    given = module.params
    engine = PgBackRest(run, given["stanza"], given["user"])
    nothing = {"changed": False, "exists": False, "backups": [], "newest": None}
    if given["repository_path"]:
        if not any(Path(given["repository_path"], part, given["stanza"]).is_dir() for part in ("backup", "archive")):
            module.exit_json(installed=True, **nothing)
        place = Path(given["repository_path"])
        engine = repository_at(run, place, given["cipher_passphrase"], given["stanza"], given["user"])
    try:
        stanza = engine.info()
    except NotInstalled:
        module.exit_json(installed=False, **nothing)
    except OpsError as error:
        module.fail_json(msg=str(error))
    newest = stanza.newest.facts() if stanza.newest else None
    module.exit_json(
        changed=False,
        installed=True,
        exists=stanza.exists,
        backups=[backup.facts() for backup in stanza.backups],
        newest=newest,
        wal_min=stanza.wal_min,
        wal_max=stanza.wal_max,
    )


if __name__ == "__main__":
    main()
