#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: what a restore would bring back and what would be lost."""

from __future__ import annotations

DOCUMENTATION = r"""
module: restore_plan_info
short_description: Plan a restore, or refuse it, before anything is changed
description:
  - Runs on the repository's host, as root; the repository is read by O(user).
  - Chooses the backup and the timeline that lead to the target, looks into the archived WAL whether it is there, and says what comes back and what is lost.
  - Fails, with what is possible instead, for a target that is not in the archive, that can mean several things, or that has no time zone; for a timeline
    that nobody expected; and for a gap in the WAL that O(accept_loss) does not agree to.
options:
  stanza: {description: The stanza., type: str, required: true}
  user: {description: The repository's system user., type: str, required: true}
  target_time: {description: "A time with its zone, such as 2026-11-29 03:15:00+08:00; every commit up to it comes back.", type: str, default: ""}
  target_name: {description: A restore point., type: str, default: ""}
  target_lsn: {description: A position in the WAL; the record there comes back too., type: str, default: ""}
  target_xid: {description: A transaction that was committed; it comes back too., type: str, default: ""}
  set: {description: Label of the backup; chosen where it is empty., type: str, default: ""}
  timeline: {description: Number of the timeline; chosen where it is empty., type: str, default: ""}
  accept_loss: {description: "The loss in words, as this module's refusal gives them.", type: str, default: ""}
  repository_path: {description: "Where the repository lies, when the host has no settings for it: the vault, where C(ops) is gone.", type: path}
  cipher_passphrase: {description: "Its passphrase, with O(repository_path).", type: str}
  proofs_path: {description: Folder of what was seen of backups when they were taken; the drills' results lie beside it., type: path, default: /var/lib/traumalink-backup/proofs}
  programs_path: {description: Where PostgreSQL's versions lie; its pg_waldump reads the WAL., type: path, default: /usr/lib/postgresql}
attributes:
  check_mode: {support: full, description: Reads only.}
  diff_mode: {support: none, description: Reads only.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Plan a restore to a time
  traumalink.ops.restore_plan_info:
    stanza: example_hospital
    user: pgbackrest
    target_time: "2026-11-29 03:15:00 Asia/Shanghai"
  become: true
"""

RETURN = r"""
plan:
  description: The plan; its words are in RV(ignore:recovered), RV(ignore:lost) and RV(ignore:notes).
  returned: success
  type: dict
  sample:
    backup: {label: 20261123-013700F}
    goal: 2026-11-28 19:15:00 UTC
    type: time
    target: "2026-11-28 19:15:00.000000+00"
    timeline: 1
    last_segment: "000000010000000000000012"
    reach: 0/12000A31
    beyond: 0/12000B60
    last_commit: "2026-11-28T19:14:58.120000+00:00"
    wanted_commit: "2026-11-28T19:14:58.120000+00:00"
    missing: ""
    recovered: backup 20261123-013700F of 2026-11-23T01:37:02+00:00 along timeline 1, to 2026-11-28 19:15:00 UTC
    lost: every later commit
    notes: []
    tablespaces: {/srv/other: 1073741824}
    possible: from 2026-11-23 01:37:03 UTC to 2026-11-28 20:00:01 UTC
    segments_looked: 2
"""

import time
from datetime import UTC, datetime
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest import PgBackRest, repository_at
from ansible_collections.traumalink.ops.plugins.module_utils.restore_request import Request, plan_restore

TARGETS = ("time", "name", "lsn", "xid")


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "stanza": {"type": "str", "required": True},
            "user": {"type": "str", "required": True},
            **{f"target_{kind}": {"type": "str", "default": ""} for kind in TARGETS},
            "set": {"type": "str", "default": ""},
            "timeline": {"type": "str", "default": ""},
            "accept_loss": {"type": "str", "default": ""},
            "repository_path": {"type": "path"},
            "cipher_passphrase": {"type": "str", "no_log": True},
            "proofs_path": {"type": "path", "default": "/var/lib/traumalink-backup/proofs"},
            "programs_path": {"type": "path", "default": "/usr/lib/postgresql"},
        },
        required_together=[("repository_path", "cipher_passphrase")],
        supports_check_mode=True,
    )
    given = module.params
    target = {kind: given[f"target_{kind}"] for kind in TARGETS}
    request = Request(target, given["set"], given["timeline"], given["accept_loss"])
    engine = PgBackRest(run, given["stanza"], given["user"])
    if given["repository_path"]:
        place = Path(given["repository_path"])
        engine = repository_at(run, place, given["cipher_passphrase"], given["stanza"], given["user"])
    try:
        plan = plan_restore(
            request, engine, Path(given["proofs_path"]), Path(given["programs_path"]), datetime.now(UTC), time.sleep
        )
    except OpsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, plan=plan.facts())


if __name__ == "__main__":
    main()
