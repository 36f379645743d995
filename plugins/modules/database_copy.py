#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: bring one database or table back into a scratch instance on ops, and give it to the database's host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: database_copy
short_description: Bring one database or table back into a scratch instance, and give it to the database's host
description:
  - Runs on the repository's host, as root, beside M(traumalink.ops.database_load) on the database's; all work on the data is done by O(user).
  - The scratch server has no network and archives nothing; restored data is removed at the end.
  - The dump goes over one TLS connection on which both hosts prove who they are by their certificates of the site; no file holds it.
options:
  stanza: {description: The stanza., type: str, required: true}
  database: {description: The database that comes back., type: str, required: true}
  table: {description: The one table of it as SQL writes it with its schema., type: str, default: ""}
  into: {description: Name of the new database., type: str, required: true}
  set: {description: Label of the backup; chosen where it is empty., type: str, default: ""}
  target_time: {description: "A time with its zone, such as 2026-11-29 03:15:00+08:00; every commit up to it comes back.", type: str, default: ""}
  target_name: {description: A restore point., type: str, default: ""}
  target_lsn: {description: A position in the WAL; the record there comes back too., type: str, default: ""}
  target_xid: {description: A transaction that was committed; it comes back too., type: str, default: ""}
  timeline: {description: Number of the timeline; chosen where it is empty., type: str, default: ""}
  accept_loss: {description: "The loss in words, as the refusal gives them.", type: str, default: ""}
  proofs_path: {description: Folder of what was seen of backups when they were taken; the drills' results lie beside it., type: path, default: /var/lib/traumalink-backup/proofs}
  present: {description: Names of the databases that there are today., type: list, elements: str, default: []}
  user: {description: System user of the drill; nothing else may run as it., type: str, required: true}
  configuration: {description: pgBackRest's configuration for the drill., type: path, required: true}
  home: {description: Folder of the drill; restored data lies in its folder C(scratch) meanwhile., type: path, required: true}
  libraries: {description: Libraries that production loads with its server., type: list, elements: str, default: []}
  address: {description: Address of this host on which the database's host asks for the data., type: str, required: true}
  port: {description: TCP port there., type: int, required: true}
  peer: {description: Name of the database's host; its certificate proves it., type: str, required: true}
  wait_seconds: {description: How long that host may take to come., type: int, default: 120}
attributes:
  check_mode: {support: full, description: Sees that there is such a backup and room for it.}
  diff_mode: {support: none, description: There is nothing to compare.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Bring a table back
  traumalink.ops.work:
    module: traumalink.ops.database_copy
    title: restore of one table
    scratch: /var/lib/traumalink-drill/scratch
    arguments:
      stanza: example_hospital
      database: trauma
      table: trauma.trauma_case
      into: trauma_restored_20261129T010000Z
      target_time: "2026-11-28T23:59:00+08:00"
      user: traumalink-drill
      configuration: /etc/pgbackrest/drill.conf
      home: /var/lib/traumalink-drill
      address: 10.0.0.5
      port: 8433
      peer: db1
  become: true
"""

RETURN = r"""
backup: {description: The set., returned: in check mode, type: dict}
words: {description: What comes back in words., returned: in check mode, type: str}
figures: {description: Figures for the record of the operation., returned: when it came back, type: dict}
"""

import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.database_copy import Asked, Copying
from ansible_collections.traumalink.ops.plugins.module_utils.drill_fetch import Fetching
from ansible_collections.traumalink.ops.plugins.module_utils.drill_scratch import Scratch
from ansible_collections.traumalink.ops.plugins.module_utils.drill_server import ScratchServer
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.handover import Certificates, give
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest import PgBackRest
from ansible_collections.traumalink.ops.plugins.module_utils.restore_plan import RestorePlan
from ansible_collections.traumalink.ops.plugins.module_utils.restore_request import Request, plan_restore

TARGETS = ("time", "name", "lsn", "xid")
PROGRAMS = Path("/usr/lib/postgresql")


def copying_of(given: dict[str, Any], now: datetime) -> Copying:
    """Return the restore that the arguments describe."""
    scratch, configuration = Scratch(Path(given["home"]), given["user"]), f"--config={given['configuration']}"
    engine = PgBackRest(run, given["stanza"], given["user"], options=(configuration,))
    get = ["pgbackrest", configuration, f"--stanza={given['stanza']}", "--log-level-console=warn"]

    def server(version: str) -> ScratchServer:
        return ScratchServer(run, scratch, version, Fetching(scratch.server, scratch.user, get), given["libraries"])

    giving = partial(give, given["address"], given["port"], Certificates(), given["peer"], given["wait_seconds"])

    def planning(request: Request) -> RestorePlan:
        return plan_restore(request, engine, Path(given["proofs_path"]), PROGRAMS, now, time.sleep)

    return Copying(planning, engine, scratch, server, giving, given["present"])


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "stanza": {"type": "str", "required": True},
            "database": {"type": "str", "required": True},
            "table": {"type": "str", "default": ""},
            "into": {"type": "str", "required": True},
            "set": {"type": "str", "default": ""},
            **{f"target_{kind}": {"type": "str", "default": ""} for kind in TARGETS},
            "timeline": {"type": "str", "default": ""},
            "accept_loss": {"type": "str", "default": ""},
            "proofs_path": {"type": "path", "default": "/var/lib/traumalink-backup/proofs"},
            "present": {"type": "list", "elements": "str", "default": []},
            "user": {"type": "str", "required": True},
            "configuration": {"type": "path", "required": True},
            "home": {"type": "path", "required": True},
            "libraries": {"type": "list", "elements": "str", "default": []},
            "address": {"type": "str", "required": True},
            "port": {"type": "int", "required": True},
            "peer": {"type": "str", "required": True},
            "wait_seconds": {"type": "int", "default": 120},
        },
        supports_check_mode=True,
    )
    given, now = module.params, datetime.now(UTC)
    targets = {kind: given[f"target_{kind}"] for kind in TARGETS}
    request = Request(targets, given["set"], given["timeline"], given["accept_loss"])
    asked = Asked(given["database"], given["table"], given["into"], request)
    copying = copying_of(given, now)
    try:
        if module.check_mode and not Path(given["configuration"]).exists():
            module.exit_json(changed=True, backup=None, words="ops is prepared for it first")
        if module.check_mode:
            plan = copying.look(asked)
            words = f"{plan.recovered}. Is lost: {plan.lost}"
            module.exit_json(changed=True, backup=plan.backup.facts(), words=words)
        figures = copying.run(asked)
    except OpsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=True, figures=figures)


if __name__ == "__main__":
    main()
