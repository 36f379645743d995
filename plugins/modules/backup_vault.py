#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: bring what is new in the repository into the vault."""

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_vault
short_description: Bring what is new in the repository into the vault
description:
  - Runs as root on the repository's host. New WAL and the sets that the repository lists are copied into a second repository on another file system; what is
    there is compared and never written over. Only files that the engine itself writes anew are replaced, where they are of the same repository, with earlier versions kept as long as sets are.
  - A file of the repository that is not what it was when it was copied fails the module by its name; all others are copied nevertheless.
  - The vault removes old sets by itself, by its own and longer retention, and nothing that has not lain in it for so long.
options:
  settings: {description: File that the role backup has written., type: path, default: /etc/traumalink/vault.json}
  wait_seconds: {description: How long to wait for another run., type: float, default: 600}
attributes:
  check_mode: {support: full, description: Copies nothing and says that it would.}
  diff_mode: {support: none, description: There is nothing to compare.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Second copy
  traumalink.ops.work:
    module: traumalink.ops.backup_vault
    title: second copy
"""

RETURN = r"""
files: {description: Files that were copied., returned: success and not check mode, type: int}
bytes: {description: "Their size, bytes.", returned: success and not check mode, type: int}
sets: {description: Labels of the sets that are new in the vault., returned: success and not check mode, type: list, elements: str}
"""

import json
from datetime import UTC, datetime
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.vault import vault_of


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "settings": {"type": "path", "default": "/etc/traumalink/vault.json"},
            "wait_seconds": {"type": "float", "default": 600},
        },
        supports_check_mode=True,
    )
    given = module.params
    if module.check_mode:
        module.exit_json(changed=True)
    try:
        settings = json.loads(Path(given["settings"]).read_text(encoding="utf-8"))
        kept = vault_of(settings, run, datetime.now(UTC), given["wait_seconds"]).keep(wal_only=False)
    except (OSError, ValueError) as error:
        module.fail_json(msg=f"{given['settings']} cannot be read: {error}; run traumalink.ops.site")
    except OpsError as error:
        module.fail_json(msg=f"the second copy was not made: {error}")
    module.exit_json(changed=bool(kept.files), **kept.facts())


if __name__ == "__main__":
    main()
