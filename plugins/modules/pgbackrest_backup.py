#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: take one backup, and look at what it left in the repository."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pgbackrest_backup
short_description: Take a backup with pgBackRest
description:
  - Runs on the repository's host. An exit status is not taken for proof, the set is looked up in the repository afterwards.
  - Each run takes a backup, so the result is always changed.
options:
  stanza: {description: The stanza., type: str, required: true}
  user: {description: System user that runs pgBackRest., type: str, required: true}
  repository_path: {description: "Path of the repository, whose free space a failure tells.", type: path}
  type:
    description: "Kind of backup. V(auto) takes a full one where the newest full set that was proven is O(full_every_seconds) old, and else an incremental one."
    type: str
    choices: [auto, full, diff, incr]
    required: true
  repositories: {description: "How many repositories are configured; each gets a backup of its own.", type: int, choices: [1, 2], default: 1}
  full_every_seconds: {description: How old the newest full set may become., type: int, default: 604800}
attributes:
  check_mode: {support: full, description: Takes no backup and says that one would be taken.}
  diff_mode: {support: none, description: There is nothing to compare.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Back up
  traumalink.ops.pgbackrest_backup:
    stanza: example_hospital
    user: pgbackrest
    type: incr
"""

RETURN = r"""
backup:
  description: The new set.
  returned: success and not check mode
  type: dict
  sample:
    label: 20260102-220003F
    type: full
    prior: null
    started_at: "2026-01-02T14:00:03+00:00"
    stopped_at: "2026-01-02T14:01:10+00:00"
    seconds: 67
    lsn_start: 0/2000028
    lsn_stop: 0/2000138
    wal_start: "000000010000000000000002"
    wal_stop: "000000010000000000000002"
    database_bytes: 243269632
    backup_bytes: 243269632
    repository_bytes: 49283072
    checksum_errors: false
second: {description: "The new set of the second repository, as RV(backup); null where there is none.", returned: success and not check mode, type: dict}
second_problem: {description: Why the second repository got none; empty where it did., returned: success and not check mode, type: str}
code: {description: The engine's number of the error., returned: failure, type: int}
damaged:
  description: "Files of the database with pages that do not have their checksum: path and ranges of block numbers."
  returned: failure, where there are any
  type: list
  elements: dict
  sample: [{path: base/16384/16397, pages: [[7, 7]]}]
"""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.backup_kind import due_kind
from ansible_collections.traumalink.ops.plugins.module_utils.backup_proof import read_proofs
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest import BackupError, DamageError, PgBackRest


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "stanza": {"type": "str", "required": True},
            "user": {"type": "str", "required": True},
            "repository_path": {"type": "path"},
            "type": {"type": "str", "choices": ["auto", "full", "diff", "incr"], "required": True},
            "repositories": {"type": "int", "choices": [1, 2], "default": 1},
            "full_every_seconds": {"type": "int", "default": 604800},
        },
        supports_check_mode=True,
    )
    given = module.params
    if module.check_mode:
        module.exit_json(changed=True)
    repository = Path(given["repository_path"]) if given["repository_path"] else None
    engine, kind = PgBackRest(run, given["stanza"], given["user"], repository), given["type"]
    try:
        if kind == "auto":
            kind = due_kind(
                engine.info(), read_proofs(), timedelta(seconds=given["full_every_seconds"]), datetime.now(UTC)
            )
        backup = engine.backup(kind)
    except DamageError as error:
        module.fail_json(msg=str(error), code=error.code, damaged=[asdict(file) for file in error.files])
    except BackupError as error:
        module.fail_json(msg=str(error), code=error.code)
    except OpsError as error:
        module.fail_json(msg=str(error))
    # A second copy that cannot be made takes nothing away from this set, which is still to be proven.
    second, second_problem = None, ""
    if given["repositories"] > 1:
        try:
            second = engine.second.backup(kind).facts()
        except OpsError as error:
            second_problem = str(error)
    module.exit_json(changed=True, backup=backup.facts(), second=second, second_problem=second_problem)


if __name__ == "__main__":
    main()
