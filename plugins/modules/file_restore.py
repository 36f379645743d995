#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: bring files of this host back from the repository on ops."""

from __future__ import annotations

DOCUMENTATION = r"""
module: file_restore
short_description: Bring files of this host back from the repository on ops
description:
  - Runs as root on the host whose files they are. They come back whole beside their places first; each is compared with its checksums, and only then put there.
  - What was there is kept beside it as C(<path>.before-restore-<UTC time>); in a path that is a mount point as C(.before-restore-<UTC time>) in it. Nothing removes it.
options:
  repository: {description: "Where they are, C(rest:https://…/<host>); the login is put in.", type: str, required: true}
  credentials: {description: "Folder with C(<host>.passphrase) and C(<host>.login).", type: path, default: /etc/traumalink/file_backup}
  host: {description: Name under which they are kept., type: str, required: true}
  snapshot: {description: "Id of the backup, as M(traumalink.ops.file_restore_info) gives it.", type: str, required: true}
  paths: {description: "Files and folders in it, as M(traumalink.ops.file_restore_info) gives them.", type: list, elements: str, required: true}
  bytes: {description: What they take together; without it no room is asked for., type: int}
  ca_file: {description: The site's authority., type: path, default: /etc/traumalink/tls/ca.crt}
  certificate: {description: This host's certificate., type: path, default: /etc/traumalink/tls/host.crt}
  key: {description: Its key., type: path, default: /etc/traumalink/tls/host.key}
attributes:
  check_mode: {support: full, description: "Looks, and refuses what cannot come back; restic, passphrase and certificate need not be there yet."}
  diff_mode: {support: none, description: There is nothing to compare.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Bring uploads back
  traumalink.ops.work:
    module: traumalink.ops.file_restore
    title: restore of files
    arguments:
      repository: rest:https://192.0.2.5:8434/app1
      host: app1
      snapshot: 9cb28017
      paths: [/srv/uploads]
"""

RETURN = r"""
there: {description: Paths where something lies whose place is taken., returned: success, type: list, elements: str}
restored:
  description: What came back.
  returned: success and not check mode
  type: dict
  sample: {files: 812, bytes: 104857600, seconds: 4.2, kept_aside: [/srv/uploads.before-restore-20261129T061500Z]}
"""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.file_paths import MOUNTS, mount_points
from ansible_collections.traumalink.ops.plugins.module_utils.file_restore import FileRestore, lying_there
from ansible_collections.traumalink.ops.plugins.module_utils.restic import Restic, client_certificate, secrets_of


def restored(given: dict[str, Any], restore: FileRestore) -> dict[str, Any]:
    """Bring the files back and say what came. Raises OpsError."""
    begun = time.monotonic()
    secrets = secrets_of(given["host"], Path(given["credentials"]))
    with client_certificate(Path(given["certificate"]), Path(given["key"])) as own:
        options = (f"--cacert={given['ca_file']}", f"--tls-client-cert={own}")
        restic = Restic(run, given["repository"], secrets.passphrase, options=options, login=secrets.login)
        came = restore.run(restic, given["snapshot"])
    seconds = round(time.monotonic() - begun, 1)
    return {"files": came.files, "bytes": came.bytes, "seconds": seconds, "kept_aside": list(came.kept_aside)}


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "repository": {"type": "str", "required": True},
            "credentials": {"type": "path", "default": "/etc/traumalink/file_backup"},
            "host": {"type": "str", "required": True},
            "snapshot": {"type": "str", "required": True},
            "paths": {"type": "list", "elements": "str", "required": True},
            "bytes": {"type": "int"},
            "ca_file": {"type": "path", "default": "/etc/traumalink/tls/ca.crt"},
            "certificate": {"type": "path", "default": "/etc/traumalink/tls/host.crt"},
            "key": {"type": "path", "default": "/etc/traumalink/tls/host.key"},
        },
        supports_check_mode=True,
    )
    given = module.params
    paths = [Path(path) for path in given["paths"]]
    mounted = mount_points(MOUNTS.read_text(encoding="utf-8", errors="surrogateescape"))
    restore = FileRestore(paths, mounted, datetime.now(UTC))
    try:
        restore.look(given["bytes"])
        there = [str(path) for path in lying_there(paths)]
        if module.check_mode:
            module.exit_json(changed=True, there=there)
        came = restored(given, restore)
    except OpsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=True, there=there, restored=came)


if __name__ == "__main__":
    main()
