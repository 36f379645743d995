#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: back files of this host up into the repository on ops."""

from __future__ import annotations

DOCUMENTATION = r"""
module: file_backup
short_description: Back files of this host up into the repository on ops
description:
  - Runs as root on the host whose files they are. They are encrypted before they leave it, and go over TLS to a server that takes in and never removes.
  - The repository is created with the first backup. Locks that killed processes left in it are removed, so no other backup of this host's files may run.
  - A path that is a symbolic link, holds no file, or has another file system below it that is not named as well is refused, since it would be left out.
options:
  repository: {description: "Where it goes, C(rest:https://…/<host>); the login is put in.", type: str, required: true}
  credentials: {description: "Folder with C(<host>.passphrase) and C(<host>.login).", type: path, default: /etc/traumalink/file_backup}
  paths: {description: Files and folders., type: list, elements: str, required: true}
  host: {description: Name under which they are kept., type: str, required: true}
  ca_file: {description: The site's authority., type: path, default: /etc/traumalink/tls/ca.crt}
  certificate: {description: This host's certificate., type: path, default: /etc/traumalink/tls/host.crt}
  key: {description: Its key., type: path, default: /etc/traumalink/tls/host.key}
attributes:
  check_mode: {support: full, description: Takes no backup.}
  diff_mode: {support: none, description: There is nothing to compare.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Back uploads up
  traumalink.ops.file_backup:
    repository: rest:https://192.0.2.5:8434/app1
    paths: [/srv/uploads]
    host: app1
"""

RETURN = r"""
snapshot: {description: "Its id, at, host, paths, files, files_by_path (in words), bytes and added_bytes.", returned: success and not check mode, type: dict}
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.file_paths import see_paths
from ansible_collections.traumalink.ops.plugins.module_utils.restic import Restic, client_certificate, secrets_of


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "repository": {"type": "str", "required": True},
            "credentials": {"type": "path", "default": "/etc/traumalink/file_backup"},
            "paths": {"type": "list", "elements": "str", "required": True},
            "host": {"type": "str", "required": True},
            "ca_file": {"type": "path", "default": "/etc/traumalink/tls/ca.crt"},
            "certificate": {"type": "path", "default": "/etc/traumalink/tls/host.crt"},
            "key": {"type": "path", "default": "/etc/traumalink/tls/host.key"},
        },
        supports_check_mode=True,
    )
    given = module.params
    if module.check_mode:
        module.exit_json(changed=True)
    try:
        counted = see_paths(given["paths"], given["host"])
        secrets = secrets_of(given["host"], Path(given["credentials"]))
        with client_certificate(Path(given["certificate"]), Path(given["key"])) as own:
            options = (f"--cacert={given['ca_file']}", f"--tls-client-cert={own}")
            restic = Restic(run, given["repository"], secrets.passphrase, options=options, login=secrets.login)
            if restic.exists():
                restic.unlock()
            else:
                restic.create()
            snapshot = restic.backup(given["paths"], given["host"])
    except OpsError as error:
        module.fail_json(msg=str(error))
    by_path = ", ".join(f"{path}: {count}" for path, count in counted.items())
    module.exit_json(changed=True, snapshot={**snapshot.facts(), "files_by_path": by_path})


if __name__ == "__main__":
    main()
