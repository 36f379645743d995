#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: bring a database cluster back from the repository."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pgbackrest_restore
short_description: Restore a backup into a data directory, with archived WAL to a target
description:
  - Runs on the database's host. Data that lies there is moved aside in one rename, never removed.
  - The server replays WAL when it is started afterwards, see M(traumalink.ops.postgresql_cluster).
  - A restore that was interrupted is completed by running it again with the same set, target and timeline; what another one left is moved aside.
options:
  stanza: {description: The stanza., type: str, required: true}
  set: {description: "Label of the backup, as M(traumalink.ops.restore_plan_info) has chosen it.", type: str, required: true}
  type: {description: The engine's word for the kind of target., type: str, choices: [default, time, name, lsn, xid], default: default}
  target: {description: "The target, as the engine writes it down.", type: str, default: ""}
  timeline: {description: Along which WAL is replayed; the newest where it is not given., type: int}
  tablespaces:
    description: Folders outside the data directory that belong to the set, with the bytes that come back there; what lies there is kept aside too.
    type: dict
    default: {}
  data_directory: {description: Absolute path of the data., type: path, required: true}
  in_place: {description: Write over old data where it differs instead of moving it aside; a copy of it is kept., type: bool, default: false}
  in_place_agreed: {description: "V(write over <data_directory>) agrees to keep no copy.", type: str, default: ""}
  memory_bytes: {description: "Memory PostgreSQL may count on, which bounds its WAL; the host's where it is not given.", type: int}
  unit: {description: The systemd unit of the server on that data., type: str, required: true}
  configuration: {description: pgBackRest's configuration where another repository than the usual one is read., type: path}
attributes:
  check_mode: {support: full, description: Checks space and repository and says what would be done.}
  diff_mode: {support: none, description: There is nothing to compare.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Bring the data back
  traumalink.ops.pgbackrest_restore:
    stanza: example_hospital
    set: 20261123-013700F
    type: time
    target: "2026-11-29 03:15:00.000000+00"
    timeline: 1
    data_directory: /var/lib/postgresql/15/main
    unit: postgresql@15-main.service
"""

RETURN = r"""
steps: {description: What was or would be done., returned: success, type: list, elements: str}
kept_aside: {description: Where the old data lies now., returned: success, type: str}
backup: {description: The set that was restored; null where check mode finds no pgBackRest yet., returned: success, type: dict}
"""

from datetime import UTC, datetime
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.command import NotInstalled, run, run_checked
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest import PgBackRest
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_server import SYSTEM_USER
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_tuning import (
    host_memory_bytes,
    max_wal_size_bytes,
)
from ansible_collections.traumalink.ops.plugins.module_utils.restore import Restore
from ansible_collections.traumalink.ops.plugins.module_utils.restore_in_place import InPlace
from ansible_collections.traumalink.ops.plugins.module_utils.restore_job import RestoreJob
from ansible_collections.traumalink.ops.plugins.module_utils.restore_room import RestoreRoom
from ansible_collections.traumalink.ops.plugins.module_utils.restore_target import RestoreTarget


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "stanza": {"type": "str", "required": True},
            "set": {"type": "str", "required": True},
            "type": {"type": "str", "choices": ["default", "time", "name", "lsn", "xid"], "default": "default"},
            "target": {"type": "str", "default": ""},
            "timeline": {"type": "int"},
            "tablespaces": {"type": "dict", "default": {}},
            "data_directory": {"type": "path", "required": True},
            "in_place": {"type": "bool", "default": False},
            "in_place_agreed": {"type": "str", "default": ""},
            "memory_bytes": {"type": "int"},
            "unit": {"type": "str", "required": True},
            "configuration": {"type": "path"},
        },
        supports_check_mode=True,
    )
    given = module.params

    def stop() -> None:
        run_checked(run, ["systemctl", "stop", given["unit"]], f"stopping {given['unit']}")

    in_place = InPlace(given["in_place_agreed"]) if given["in_place"] else None
    wal_bytes = max_wal_size_bytes(given["memory_bytes"] or host_memory_bytes())
    # The engine writes it into the restore_command as well.
    options = (f"--config={given['configuration']}",) if given["configuration"] else ()
    engine = PgBackRest(run, given["stanza"], SYSTEM_USER, options=options)
    job = RestoreJob(given["set"], given["type"], given["target"], given["timeline"])
    tablespaces = {Path(place): int(size_bytes) for place, size_bytes in given["tablespaces"].items()}
    room = RestoreRoom(RestoreTarget(Path(given["data_directory"]), tablespaces, in_place), wal_bytes=wal_bytes)
    restore = Restore(engine, job, room, stop, datetime.now(UTC))
    try:
        result = restore.run(check=module.check_mode)
    except NotInstalled as error:
        if not module.check_mode:
            module.fail_json(msg=str(error))
        # An empty host, on which the roles before this one would have installed pgBackRest by now.
        module.exit_json(changed=True, steps=[f"start the restore of {given['set']}"], kept_aside=None, backup=None)
    except OpsError as error:
        module.fail_json(msg=str(error))
    backup = result.backup.facts()
    module.exit_json(changed=True, steps=result.steps, kept_aside=result.kept_aside, backup=backup)


if __name__ == "__main__":
    main()
