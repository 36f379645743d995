#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: see whether a backup counts, and keep what was seen of it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_verified
short_description: See whether a backup counts, keep its proof, remove what is too old
description:
  - Runs on the repository's host after M(traumalink.ops.pgbackrest_backup) and M(traumalink.ops.backup_canary).
  - A backup counts when the repository lists it and says of itself that it is well; when every WAL segment from the set's start to the last row that the
    database committed after it is in the repository; when a row was committed while it was copied; when no page has a wrong checksum; and when its size
    can be right.
  - The set that a second repository got counts when that one lists it and says of itself that it is well, and holds every WAL segment from its start on.
    Where it does not, RV(second_problems) says so, nothing is removed, and the set of the first repository is proven all the same.
  - Only then sets older than O(retention_days) are removed. The set that a drill has proven last stays, with what it builds on.
options:
  stanza: {description: The stanza., type: str, required: true}
  user: {description: System user that runs pgBackRest and owns the proofs., type: str, required: true}
  repository_path: {description: Path of the repository., type: path, required: true}
  label: {description: Label of the set., type: str, required: true}
  observed: {description: "What M(traumalink.ops.backup_canary) observed.", type: dict, required: true}
  size_expected: {description: Whether a person has said that the set's size is right., type: bool, default: false}
  retention_days: {description: How long sets are kept., type: int, required: true}
  wait_seconds: {description: How long WAL may take to arrive., type: float, default: 120}
  second_label: {description: "Label of the set that the second repository got; empty where there is no second repository.", type: str, default: ""}
  second_problem: {description: "Why the second repository got none, as M(traumalink.ops.pgbackrest_backup) says.", type: str, default: ""}
  vault: {description: Whether there is a second copy of the repository; a warning says so where there is none., type: bool, default: true}
attributes:
  check_mode: {support: full, description: Looks at nothing; a check takes no backup.}
  diff_mode: {support: none, description: There is nothing to compare.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: See whether it counts
  traumalink.ops.backup_verified:
    stanza: example_hospital
    user: pgbackrest
    repository_path: /var/lib/pgbackrest
    label: "{{ taken.backup.label }}"
    observed: "{{ hostvars['db1'].taken.observed }}"
    retention_days: 7
"""

RETURN = r"""
figures: {description: Figures for the record., returned: success and not check mode, type: dict}
warnings_found: {description: What does not spoil the backup and should be known., returned: success and not check mode, type: list, elements: str}
artefact: {description: "The proof's file: name, sha256, size_bytes.", returned: success and not check mode, type: dict}
removed: {description: Labels of the sets that were too old., returned: success and not check mode, type: list, elements: str}
kept: {description: The set that a drill has proven last., returned: success and not check mode, type: str}
second_problems: {description: "Why the set of the second repository does not count.", returned: success and not check mode, type: list, elements: str}
problems: {description: "Why the backup does not count, each with what to do.", returned: failure, type: list, elements: str}
"""

from datetime import UTC, datetime
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.backup_canary import Observed
from ansible_collections.traumalink.ops.plugins.module_utils.backup_verification import Unproven, Verification
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest import PgBackRest


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "stanza": {"type": "str", "required": True},
            "user": {"type": "str", "required": True},
            "repository_path": {"type": "path", "required": True},
            "label": {"type": "str", "required": True},
            "observed": {"type": "dict", "required": True},
            "size_expected": {"type": "bool", "default": False},
            "retention_days": {"type": "int", "required": True},
            "wait_seconds": {"type": "float", "default": 120},
            "second_label": {"type": "str", "default": ""},
            "second_problem": {"type": "str", "default": ""},
            "vault": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    given = module.params
    if module.check_mode:
        module.exit_json(changed=True)
    repository = Path(given["repository_path"])
    engine = PgBackRest(run, given["stanza"], given["user"], repository)
    verification = Verification(engine, repository, datetime.now(UTC), given["wait_seconds"])
    try:
        verified = verification.run(
            given["label"],
            Observed.of(given["observed"]),
            size_expected=given["size_expected"],
            retention_days=given["retention_days"],
            vault=given["vault"],
            second=given["second_label"],
            second_problem=given["second_problem"],
        )
    except Unproven as error:
        module.fail_json(msg=f"backup {given['label']} does not count: {error}", problems=error.problems)
    except OpsError as error:
        module.fail_json(msg=str(error))
    for text in verified.warnings:
        module.warn(text)
    module.exit_json(changed=True, **verified.facts())


if __name__ == "__main__":
    main()
