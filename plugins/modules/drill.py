#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: bring a backup back into a scratch instance, and look whether it is what it should be."""

from __future__ import annotations

DOCUMENTATION = r"""
module: drill
short_description: Prove a backup by restoring it into a scratch instance
description:
  - Runs on the repository's host, as root; all work on the data is done by O(user), which can read the repository and not write to it.
  - Replay pauses where the content was summed when the backup was taken, and goes on to the end of the archived WAL. Then canaries, indexes, a whole dump,
    extensions, collations and page checksums are looked at.
  - The scratch server has no network and archives nothing. Restored data is removed at the end, also what a drill left that was cut off.
  - A check that fails makes the module fail when all others have been made; the result is kept in O(results_path) either way.
options:
  stanza: {description: The stanza., type: str, required: true}
  set: {description: Label of the backup; the newest where it is not given., type: str}
  user: {description: System user of the drill; nothing else may run as it., type: str, required: true}
  configuration: {description: pgBackRest's configuration for the drill., type: path, required: true}
  repository_path: {description: Where the repository lies., type: path, required: true}
  home: {description: Folder of the drill; restored data lies in its folder C(scratch) while the drill runs., type: path, required: true}
  proofs_path: {description: Folder of what was seen of backups when they were taken., type: path, required: true}
  results_path: {description: Folder that keeps the result., type: path, required: true}
  results_owner: {description: System user that owns the result's file., type: str, required: true}
  libraries: {description: Libraries that production loads with its server., type: list, elements: str, default: []}
attributes:
  check_mode: {support: full, description: Sees that there is such a backup and room for it.}
  diff_mode: {support: none, description: There is nothing to compare.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Prove the newest backup
  traumalink.ops.work:
    module: traumalink.ops.drill
    title: drill
    scratch: /var/lib/traumalink-drill/scratch
    arguments:
      stanza: example_hospital
      user: traumalink-drill
      configuration: /etc/pgbackrest/drill.conf
      repository_path: /var/lib/pgbackrest
      home: /var/lib/traumalink-drill
      proofs_path: /var/lib/traumalink-backup/proofs
      results_path: /var/lib/traumalink-backup/drills
      results_owner: pgbackrest
  become: true
"""

RETURN = r"""
backup: {description: The set., returned: success, type: dict}
drill:
  description: The result as it is kept.
  returned: when a drill was carried out
  type: dict
  sample:
    label: 20261123-013700F
    drilled_at: "2026-11-23T02:00:00+00:00"
    outcome: success
    reason: ""
    seconds: 93.4
    proof_compared: true
    checks: [{name: canaries, ok: true, detail: "the rows committed during and after the backup (ids 7, 8)"}]
figures: {description: Figures for the record of the operation., returned: when a drill was carried out, type: dict}
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.command import Completed, run
from ansible_collections.traumalink.ops.plugins.module_utils.drill import Drill
from ansible_collections.traumalink.ops.plugins.module_utils.drill_fetch import Fetching
from ansible_collections.traumalink.ops.plugins.module_utils.drill_result import SUCCESS, write_result
from ansible_collections.traumalink.ops.plugins.module_utils.drill_scratch import Scratch
from ansible_collections.traumalink.ops.plugins.module_utils.drill_server import ScratchServer
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest import PgBackRest


def configured(argv: Sequence[str], *, configuration: str, **options: Any) -> Completed:
    """Run pgBackRest with the drill's configuration instead of the repository's own."""
    environment = {**(options.pop("environment", None) or {}), "PGBACKREST_CONFIG": configuration}
    return run(argv, environment=environment, **options)


def drill_of(given: dict[str, Any]) -> Drill:
    """Return the drill that the arguments describe."""
    scratch = Scratch(Path(given["home"]), given["user"])
    engine = PgBackRest(partial(configured, configuration=given["configuration"]), given["stanza"], given["user"])
    get = [
        "pgbackrest",
        f"--config={given['configuration']}",
        f"--stanza={given['stanza']}",
        "--log-level-console=warn",
    ]

    def server(version: str) -> ScratchServer:
        return ScratchServer(run, scratch, version, Fetching(scratch.server, scratch.user, get), given["libraries"])

    return Drill(engine, scratch, Path(given["repository_path"]), Path(given["proofs_path"]), server, datetime.now(UTC))


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "stanza": {"type": "str", "required": True},
            "set": {"type": "str"},
            "user": {"type": "str", "required": True},
            "configuration": {"type": "path", "required": True},
            "repository_path": {"type": "path", "required": True},
            "home": {"type": "path", "required": True},
            "proofs_path": {"type": "path", "required": True},
            "results_path": {"type": "path", "required": True},
            "results_owner": {"type": "str", "required": True},
            "libraries": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    given = module.params
    drill = drill_of(given)
    try:
        if module.check_mode and not Path(given["configuration"]).exists():
            module.exit_json(changed=True, backup=None)  # a host on which the drill would be installed first
        if module.check_mode:
            _stanza, backup = drill.look(given["set"])
            module.exit_json(changed=True, backup=backup.facts())
        drilled = drill.run(given["set"])
        write_result(drilled.result, Path(given["results_path"]), given["results_owner"])
    except OpsError as error:
        module.fail_json(msg=str(error))
    if drilled.result.outcome != SUCCESS:
        module.fail_json(
            msg=f"the drill of backup {drilled.result.label} failed: {drilled.result.reason}", **drilled.facts()
        )
    module.exit_json(changed=True, **drilled.facts())


if __name__ == "__main__":
    main()
