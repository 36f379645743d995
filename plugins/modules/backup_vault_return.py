#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: let the repository of a new ops host begin with what the vault holds."""

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_vault_return
short_description: Fill an empty repository from the vault
description:
  - Runs as root on the repository's host. Where the repository has no such stanza and the vault does, its sets and WAL are copied back; else nothing happens.
  - The information files come last, so that a run that was cut off is completed by the next.
options:
  settings: {description: File that the role backup has written., type: path, default: /etc/traumalink/vault.json}
attributes:
  check_mode: {support: full, description: Copies nothing and says whether it would.}
  diff_mode: {support: none, description: There is nothing to compare.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Begin with what the vault holds
  traumalink.ops.work:
    module: traumalink.ops.backup_vault_return
    title: repository from the vault
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
from ansible_collections.traumalink.ops.plugins.module_utils.vault_return import return_of


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={"settings": {"type": "path", "default": "/etc/traumalink/vault.json"}}, supports_check_mode=True
    )
    path = Path(module.params["settings"])
    if module.check_mode and not path.exists():
        module.exit_json(changed=False)  # a bare host, whose vault nobody has named yet
    try:
        way = return_of(json.loads(path.read_text(encoding="utf-8")), datetime.now(UTC))
        if module.check_mode:
            module.exit_json(changed=way.due)
        copied = way.run()
    except (OSError, ValueError) as error:
        module.fail_json(msg=f"{path} cannot be read: {error}; run traumalink.ops.site")
    except OpsError as error:
        module.fail_json(msg=f"the repository was not filled from the vault: {error}")
    module.exit_json(changed=bool(copied.files), files=copied.files, bytes=copied.bytes)


if __name__ == "__main__":
    main()
