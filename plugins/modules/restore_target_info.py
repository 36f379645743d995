#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: whether a host has room for a restore, where its server would look for it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: restore_target_info
short_description: Whether a host is ready for a restore, before anything is changed
description:
  - Fails where a file system has too little free space for what comes back there, the data or a tablespace; what lies there stays beside it and does
    not count.
  - Fails where Debian's configuration of the cluster names another data directory; its server would serve the old data after the restore.
options:
  data_directory: {description: Absolute path of the data., type: path, required: true}
  version: {description: PostgreSQL's major version., type: str, required: true}
  in_place: {description: Write over old data where it differs instead of moving it aside; a copy of it is kept., type: bool, default: false}
  in_place_agreed: {description: "V(write over <data_directory>) agrees to keep no copy.", type: str, default: ""}
  memory_bytes: {description: "Memory PostgreSQL may count on, which bounds its WAL; the host's where it is not given.", type: int}
  set: {description: Label of the backup., type: str, required: true}
  type: {description: The engine's word for the kind of target., type: str, default: default}
  target: {description: "The target, as the engine writes it down.", type: str, default: ""}
  timeline: {description: Along which WAL is replayed., type: int}
  database_bytes: {description: "Size of the database that comes back, its tablespaces among it.", type: int, required: true}
  tablespaces:
    description: Folders outside the data directory that belong to the set, with the bytes that come back there.
    type: dict
    default: {}
attributes:
  check_mode: {support: full, description: Reads only.}
  diff_mode: {support: none, description: Reads only.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: See that there is room
  traumalink.ops.restore_target_info:
    data_directory: /var/lib/postgresql/15/main
    version: "15"
    set: 20261123-013700F
    database_bytes: 3221225472
    tablespaces: {/srv/other: 1073741824}
"""

RETURN = r"""
file_systems:
  description: What is free and what the restore needs on each file system that it writes to, that of the data directory first.
  returned: success
  type: list
  elements: dict
  sample: [{mount: /, free_bytes: 10737418240, required_bytes: 3435973836}, {mount: /srv/other, free_bytes: 2147483648, required_bytes: 1181116006}]
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_cluster import (
    Cluster,
    ClusterError,
    look,
    refuse_another_place,
)
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_tuning import (
    host_memory_bytes,
    max_wal_size_bytes,
)
from ansible_collections.traumalink.ops.plugins.module_utils.restore_in_place import InPlace
from ansible_collections.traumalink.ops.plugins.module_utils.restore_job import RestoreJob
from ansible_collections.traumalink.ops.plugins.module_utils.restore_room import RestoreRoom
from ansible_collections.traumalink.ops.plugins.module_utils.restore_target import RestoreTarget


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "data_directory": {"type": "path", "required": True},
            "version": {"type": "str", "required": True},
            "in_place": {"type": "bool", "default": False},
            "in_place_agreed": {"type": "str", "default": ""},
            "memory_bytes": {"type": "int"},
            "set": {"type": "str", "required": True},
            "type": {"type": "str", "default": "default"},
            "target": {"type": "str", "default": ""},
            "timeline": {"type": "int"},
            "database_bytes": {"type": "int", "required": True},
            "tablespaces": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    given = module.params
    job = RestoreJob(given["set"], given["type"], given["target"], given["timeline"])
    in_place = InPlace(given["in_place_agreed"]) if given["in_place"] else None
    wal_bytes = max_wal_size_bytes(given["memory_bytes"] or host_memory_bytes())
    tablespaces = {Path(place): int(size_bytes) for place, size_bytes in given["tablespaces"].items()}
    target = RestoreTarget(Path(given["data_directory"]), tablespaces, in_place)
    room = RestoreRoom(target, wal_bytes=wal_bytes)
    cluster = Cluster(version=given["version"], data_directory=target.data_directory, settings={})
    try:
        target.require_movable(job)
        needed = room.require(given["database_bytes"], job)
        refuse_another_place(cluster, look(cluster))
    except ClusterError as error:
        module.fail_json(msg=f"{error}. Nothing was changed")
    except OpsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, file_systems=[each.facts() for each in needed])


if __name__ == "__main__":
    main()
