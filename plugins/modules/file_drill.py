#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: bring backups of files back into a scratch folder, and look whether they are what they should be."""

from __future__ import annotations

DOCUMENTATION = r"""
module: file_drill
short_description: Prove backups of files by bringing them back into a scratch folder
description:
  - Runs as root on the repositories' host. The last backup of each host that counts comes back over the server that the hosts send to, as O(user), which can
    write nothing in the repositories; each file is compared with its checksums, and their number and size with what went in.
  - What came back is removed at the end, also what a drill left that was cut off. A host that fails keeps no other from its turn, and makes the module fail
    when all have been drilled.
options:
  repository: {description: "Where the repositories are reached, C(rest:https://<address>:<port>).", type: str, required: true}
  hosts: {description: Hosts whose files are backed up., type: list, elements: str, required: true}
  user: {description: System user of the drill; nothing else may run as it., type: str, required: true}
  home: {description: "Folder of the drill; what comes back lies in its folder C(scratch) while the drill runs.", type: path, required: true}
  credentials: {description: "Folder with C(<host>.passphrase) and C(<host>.login).", type: path, default: /etc/traumalink/file_backup}
  ca_file: {description: The site's authority., type: path, default: /etc/traumalink/tls/ca.crt}
  certificate: {description: This host's certificate., type: path, default: /etc/traumalink/tls/host.crt}
  key: {description: Its key., type: path, default: /etc/traumalink/tls/host.key}
attributes:
  check_mode: {support: full, description: Brings nothing back.}
  diff_mode: {support: none, description: There is nothing to compare.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Prove the backups of files
  traumalink.ops.work:
    module: traumalink.ops.file_drill
    title: drill of files
    scratch: /var/lib/traumalink-file-drill/scratch
    arguments:
      repository: rest:https://192.0.2.5:8434
      hosts: [app1]
      user: traumalink-file-drill
      home: /var/lib/traumalink-file-drill
"""

RETURN = r"""
drills:
  description: How it went, a host each.
  returned: when a drill was carried out
  type: list
  elements: dict
  sample: [{host: app1, snapshot: 9cb28017, outcome: success, reason: "", seconds: 2.1, files: 812, bytes: 104857600}]
figures: {description: Figures for the record of the operation., returned: when a drill was carried out, type: dict}
"""

import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.drill_result import SUCCESS
from ansible_collections.traumalink.ops.plugins.module_utils.drill_scratch import Scratch
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.file_drill import FileDrilling
from ansible_collections.traumalink.ops.plugins.module_utils.file_proof import FileDrill, read_file_proofs, write_drill
from ansible_collections.traumalink.ops.plugins.module_utils.restic import Restic, client_certificate, secrets_of


def drilled(given: dict[str, Any]) -> list[FileDrill]:
    """Carry the drill out and keep its results. Raises OpsError."""
    with client_certificate(Path(given["certificate"]), Path(given["key"]), given["user"]) as own:
        options = (f"--cacert={given['ca_file']}", f"--tls-client-cert={own}")

        def repository(host: str) -> Restic:
            secrets = secrets_of(host, Path(given["credentials"]))
            place = f"{given['repository']}/{host}"
            return Restic(run, place, secrets.passphrase, given["user"], options, secrets.login)

        scratch = Scratch(Path(given["home"]), given["user"])
        drilling = FileDrilling(scratch, repository, read_file_proofs(), datetime.now(UTC), time.monotonic)
        drills = drilling.run(given["hosts"])
    for drill in drills:
        write_drill(drill)
    return drills


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "repository": {"type": "str", "required": True},
            "hosts": {"type": "list", "elements": "str", "required": True},
            "user": {"type": "str", "required": True},
            "home": {"type": "path", "required": True},
            "credentials": {"type": "path", "default": "/etc/traumalink/file_backup"},
            "ca_file": {"type": "path", "default": "/etc/traumalink/tls/ca.crt"},
            "certificate": {"type": "path", "default": "/etc/traumalink/tls/host.crt"},
            "key": {"type": "path", "default": "/etc/traumalink/tls/host.key"},
        },
        supports_check_mode=True,
    )
    if module.check_mode:
        module.exit_json(changed=True)
    try:
        drills = drilled(module.params)
    except OpsError as error:
        module.fail_json(msg=str(error))
    told = {
        "drills": [{**asdict(drill), "drilled_at": drill.drilled_at.isoformat(timespec="seconds")} for drill in drills],
        "figures": {
            "file_hosts": len(drills),
            "files": sum(drill.files for drill in drills),
            "file_bytes": sum(drill.bytes for drill in drills),
            "file_seconds": round(sum(drill.seconds for drill in drills), 1),
        },
    }
    if failed := [
        f"{drill.host} (snapshot {drill.snapshot or 'none'}): {drill.reason}"
        for drill in drills
        if drill.outcome != SUCCESS
    ]:
        module.fail_json(msg=f"the drill of files failed for {'; '.join(failed)}", **told)
    module.exit_json(changed=True, **told)


if __name__ == "__main__":
    main()
