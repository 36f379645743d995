#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: see whether backups of files count, and remove what is too old."""

from __future__ import annotations

DOCUMENTATION = r"""
module: file_backup_verified
short_description: See whether backups of files count, and remove what is too old
description:
  - Runs as root on the repository's host, after M(traumalink.ops.file_backup) on others. Each repository is read whole, as its own system user, and must hold the
    snapshot that was just taken; only then what is too old is removed. The hosts themselves cannot remove anything. Locks that killed processes left are removed first.
options:
  directory: {description: "Where the repositories lie, each in a folder of its host's name.", type: path, required: true}
  user: {description: System user whose they are., type: str, required: true}
  credentials: {description: "Folder with C(<host>.passphrase) and C(<host>.login).", type: path, default: /etc/traumalink/file_backup}
  snapshots: {description: "What M(traumalink.ops.file_backup) gave, a host each. One that counts is kept in mind for drills and the watch.", type: list, elements: dict, required: true}
  retention_days: {description: How long snapshots are kept., type: int, required: true}
attributes:
  check_mode: {support: full, description: Looks at nothing; a check takes no backup.}
  diff_mode: {support: none, description: There is nothing to compare.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: See whether they count
  traumalink.ops.file_backup_verified:
    directory: /var/lib/traumalink-files
    user: traumalink-files
    snapshots: ["{{ file_backup_taken.snapshot }}"]
    retention_days: 7
"""

RETURN = r"""
kept: {description: Number of snapshots by host., returned: success and not check mode, type: dict}
"""

from datetime import datetime
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.file_proof import FileProof, write_proof
from ansible_collections.traumalink.ops.plugins.module_utils.restic import FilesError, Restic, secrets_of


def proof_of(taken: dict[str, Any]) -> FileProof:
    """Return what file_backup gave as a proof. Raises FilesError where a part of it is missing."""
    try:
        at = datetime.fromisoformat(taken["at"])
        return FileProof(taken["host"], taken["id"], at, int(taken["files"]), int(taken["bytes"]))
    except (KeyError, TypeError, ValueError) as error:
        raise FilesError(f"snapshots has an entry that file_backup did not give ({error!r})") from None


def verified(restic: Restic, host: str, snapshot: str, days: int) -> int:
    """See that a snapshot is there and everything can be read, remove what is too old; return how many snapshots stay. Raises OpsError."""
    if snapshot not in {each.id for each in restic.snapshots()}:
        raise FilesError(
            f"snapshot {snapshot} of {host} is not in {restic.repository}, although it was taken just now; run again"
        )
    restic.unlock()
    restic.check()
    restic.expire(days)
    left = restic.snapshots()
    if snapshot not in {each.id for each in left}:
        raise FilesError(
            f"snapshot {snapshot} of {host} has gone from {restic.repository} with what was too old; see the clocks of both hosts"
        )
    return len(left)


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "user": {"type": "str", "required": True},
            "credentials": {"type": "path", "default": "/etc/traumalink/file_backup"},
            "snapshots": {"type": "list", "elements": "dict", "required": True},
            "retention_days": {"type": "int", "required": True},
        },
        supports_check_mode=True,
    )
    given = module.params
    if module.check_mode:
        module.exit_json(changed=True)
    kept = {}
    try:
        for taken in map(proof_of, given["snapshots"]):
            passphrase = secrets_of(taken.host, Path(given["credentials"])).passphrase
            restic = Restic(run, str(Path(given["directory"], taken.host)), passphrase, given["user"])
            kept[taken.host] = verified(restic, taken.host, taken.snapshot, given["retention_days"])
            write_proof(taken)
    except OpsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=True, kept=kept)


if __name__ == "__main__":
    main()
