#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: a Debian PostgreSQL cluster, created or adopted, configured and running."""

from __future__ import annotations

DOCUMENTATION = r"""
module: postgresql_cluster
short_description: Create or adopt a Debian PostgreSQL cluster, configure it and see it run
description:
  - Creates a cluster with data checksums where there is no data, and adopts data that is there. Data is never replaced.
  - Data that is adopted is only read. Configuration files that lie with it stay, and the cluster's, in C(/etc), begins as a copy of them.
  - What a run that was killed while it created the cluster has left is kept aside, and the cluster is created anew.
  - Writes C(conf.d/50-traumalink.conf) and blocks at the top of C(pg_hba.conf) and C(pg_ident.conf), and reloads the server whenever one of its
    files is newer than what it has loaded.
  - Memory and WAL settings follow from the host; O(settings) overrides them.
  - A change that needs a restart is reported as pending unless O(may_restart) allows it.
options:
  version: {description: PostgreSQL's major version., type: str, required: true}
  data_directory: {description: Absolute path of the data., type: path, required: true}
  port: {description: TCP port and name of the socket., type: int, default: 5432}
  memory_bytes: {description: Memory PostgreSQL may count on; the host's where it is not given., type: int}
  max_connections: {description: Connections that the server admits., type: int, default: 100}
  settings: {description: Configuration parameters beyond the computed ones., type: dict, default: {}}
  clients:
    description: Who may connect over the network; always over TLS, always with a SCRAM password.
    type: list
    elements: dict
    default: []
    suboptions:
      database: {description: The database., type: str, required: true}
      roles: {description: The database's roles that may., type: list, elements: str, required: true}
      addresses: {description: "IP addresses, networks (CIDR) or host names.", type: list, elements: str, required: true}
  backup_role: {description: Database role that the backup uses over the local socket., type: str, required: true}
  watch_files: {description: Files (certificates) whose change needs a reload., type: list, elements: path, default: []}
  may_restart: {description: Whether a pending restart may be carried out now., type: bool, default: false}
  create: {description: Whether an empty cluster may be created where there is no data., type: bool, default: true}
  recovery_timeout_seconds: {description: How long to wait for a server that replays WAL., type: int, default: 60}
attributes:
  check_mode: {support: full, description: Says what would be done.}
  diff_mode: {support: full, description: Shows the configuration files.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Run the cluster
  traumalink.ops.postgresql_cluster:
    version: "15"
    data_directory: /var/lib/postgresql/15/main
    backup_role: traumalink_backup
    settings: {archive_mode: "on"}
"""

RETURN = r"""
steps: {description: What was or would be done in words., returned: success, type: list, elements: str}
restart_pending: {description: Settings that wait for a restart., returned: success, type: list, elements: str}
role: {description: "V(primary) or V(standby); V(none) where no server answers.", returned: success, type: str}
data_checksums: {description: Whether the data has checksums., returned: success, type: bool}
server_version: {description: The server's version., returned: success, type: str}
"""

import os
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_access import Client, hba_lines, ident_lines
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_cluster import Cluster, ensure
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_tuning import (
    host_memory_bytes,
    recommended_settings,
)


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "version": {"type": "str", "required": True},
            "data_directory": {"type": "path", "required": True},
            "port": {"type": "int", "default": 5432},
            "memory_bytes": {"type": "int"},
            "max_connections": {"type": "int", "default": 100},
            "settings": {"type": "dict", "default": {}},
            "clients": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "database": {"type": "str", "required": True},
                    "roles": {"type": "list", "elements": "str", "required": True},
                    "addresses": {"type": "list", "elements": "str", "required": True},
                },
            },
            "backup_role": {"type": "str", "required": True},
            "watch_files": {"type": "list", "elements": "path", "default": []},
            "may_restart": {"type": "bool", "default": False},
            "create": {"type": "bool", "default": True},
            "recovery_timeout_seconds": {"type": "int", "default": 60},
        },
        supports_check_mode=True,
    )
    given = module.params
    memory_bytes = given["memory_bytes"] or host_memory_bytes()
    try:
        computed = recommended_settings(memory_bytes, os.cpu_count() or 1, given["max_connections"])
        cluster = Cluster(
            version=given["version"],
            data_directory=Path(given["data_directory"]),
            port=given["port"],
            settings={**computed, **{name: str(value) for name, value in given["settings"].items()}},
            hba_lines=hba_lines([Client(**client) for client in given["clients"]], given["backup_role"]),
            ident_lines=ident_lines(given["backup_role"]),
            watch_files=[Path(path) for path in given["watch_files"]],
            may_restart=given["may_restart"],
            create=given["create"],
            recovery_timeout_seconds=given["recovery_timeout_seconds"],
        )
        outcome = ensure(cluster, run, check=module.check_mode)
    except (OpsError, ValueError) as error:
        module.fail_json(msg=str(error))
    roles = {None: "none", True: "standby", False: "primary"}
    module.exit_json(
        changed=outcome.changed,
        diff=outcome.diff,
        steps=outcome.steps,
        restart_pending=outcome.restart_pending,
        role=roles[outcome.in_recovery],
        data_checksums=outcome.data_checksums,
        server_version=outcome.server_version,
    )


if __name__ == "__main__":
    main()
