#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: bring backups of files into the vault, or back from it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: file_backup_vault
short_description: Bring backups of files into the vault, or back from it
description:
  - Runs as root on the repositories' host, with the vault of role C(backup). What is new in each host's repository is copied below C(files) of the vault; what is
    there is compared and never written over. What a repository has no more stays in the vault for as long as it keeps sets of the database.
  - With O(back) a repository that is not there begins with what the vault holds of it, as on a new host; others are left alone.
options:
  settings: {description: File that the role backup has written., type: path, default: /etc/traumalink/vault.json}
  directory: {description: "Where the repositories lie, each in a folder of its host's name.", type: path, required: true}
  user: {description: System user whose they are., type: str, required: true}
  back: {description: Whether repositories that are not there are filled from the vault., type: bool, default: false}
attributes:
  check_mode: {support: full, description: Copies nothing and says whether it would.}
  diff_mode: {support: none, description: There is nothing to compare.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Second copy of the files
  traumalink.ops.work:
    module: traumalink.ops.file_backup_vault
    title: second copy of the files
    arguments: {directory: /var/lib/traumalink-files, user: traumalink-files}
"""

RETURN = r"""
files: {description: Files that were copied., returned: success and not check mode, type: int}
bytes: {description: "Their size, bytes.", returned: success and not check mode, type: int}
"""

import json
from datetime import UTC, datetime
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.vault_files import file_vault_of


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "settings": {"type": "path", "default": "/etc/traumalink/vault.json"},
            "directory": {"type": "path", "required": True},
            "user": {"type": "str", "required": True},
            "back": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    given, path = module.params, Path(module.params["settings"])
    if module.check_mode and not path.exists():
        module.exit_json(changed=False)  # a bare host, whose vault nobody has named yet
    try:
        vault = file_vault_of(json.loads(path.read_text(encoding="utf-8")), Path(given["directory"]), datetime.now(UTC))
        if module.check_mode:
            module.exit_json(changed=bool(vault.due) if given["back"] else True)
        copied = vault.give_back(given["user"]) if given["back"] else vault.keep()
    except (OSError, ValueError) as error:
        module.fail_json(msg=f"{path}, or the repositories, cannot be read: {error}; run traumalink.ops.site")
    except OpsError as error:
        way = "did not come back from the vault" if given["back"] else "were not copied into the vault"
        module.fail_json(msg=f"the backups of files {way}: {error}")
    module.exit_json(changed=bool(copied.files), files=copied.files, bytes=copied.bytes)


if __name__ == "__main__":
    main()
