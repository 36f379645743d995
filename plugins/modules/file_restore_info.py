#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: say what of a host's files would come back, and from which backup."""

from __future__ import annotations

DOCUMENTATION = r"""
module: file_restore_info
short_description: Say what of a host's files would come back, and from which backup
description:
  - Runs as root on the repositories' host. Reads the list of backups and changes nothing.
options:
  directory: {description: "Where the repositories lie, each in a folder of its host's name.", type: path, required: true}
  user: {description: System user whose they are., type: str, required: true}
  credentials: {description: "Folder with C(<host>.passphrase) and C(<host>.login).", type: path, default: /etc/traumalink/file_backup}
  host: {description: Whose files., type: str, required: true}
  snapshot: {description: Id of a backup; the newest where it is empty., type: str, default: ""}
  paths: {description: Files and folders in it; all where there are none., type: list, elements: str, default: []}
attributes:
  check_mode: {support: full, description: Changes nothing in any mode.}
  diff_mode: {support: none, description: Changes nothing.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: See what would come back
  traumalink.ops.file_restore_info:
    directory: /var/lib/traumalink-files
    user: traumalink-files
    host: app1
"""

RETURN = r"""
plan:
  description:
    - C(snapshot) and C(taken_at), the C(paths), and their C(bytes), where all of the backup comes back.
    - C(counted) is whether that backup was read back whole after it was taken; C(others) lists all backups, newest first.
  returned: success
  type: dict
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.file_proof import read_file_proofs
from ansible_collections.traumalink.ops.plugins.module_utils.file_restore import chosen, chosen_paths
from ansible_collections.traumalink.ops.plugins.module_utils.restic import Restic, secrets_of


def planned(given: dict[str, Any]) -> dict[str, Any]:
    """Return the plan. Raises OpsError where there is no such backup or path."""
    host, place = given["host"], Path(given["directory"], given["host"])
    restic = Restic(run, str(place), secrets_of(host, Path(given["credentials"])).passphrase, given["user"])
    snapshots = restic.snapshots() if (place / "config").exists() else []
    snapshot = chosen(snapshots, host, given["snapshot"])
    paths = chosen_paths(snapshot, given["paths"])
    proof = read_file_proofs().get(host)
    return {
        "snapshot": snapshot.id,
        "taken_at": snapshot.at.isoformat(timespec="seconds"),
        "paths": paths,
        "bytes": None if given["paths"] else restic.bytes_of(snapshot.id),
        "counted": proof is not None and snapshot.at <= proof.taken_at,
        "others": [f"{each.id} of {each.at.isoformat(timespec='seconds')}" for each in reversed(snapshots)],
    }


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "user": {"type": "str", "required": True},
            "credentials": {"type": "path", "default": "/etc/traumalink/file_backup"},
            "host": {"type": "str", "required": True},
            "snapshot": {"type": "str", "default": ""},
            "paths": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    try:
        plan = planned(module.params)
    except OpsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, plan=plan)


if __name__ == "__main__":
    main()
