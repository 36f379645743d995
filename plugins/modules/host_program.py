#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: install a program of this collection on a host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_program
short_description: Install a program of this collection on a host, for what a timer runs without Ansible
description:
  - The parts of the collection that the program needs go into the Python package C(/usr/local/lib/traumalink/traumalink_ops), owned by root.
    Run it as C(python3 -m traumalink_ops.<name>) with C(PYTHONPATH=/usr/local/lib/traumalink).
options:
  name: {description: The program., type: str, choices: [backup_watch_program, vault_program], required: true}
attributes:
  check_mode: {support: full, description: Says what would be written.}
  diff_mode: {support: full, description: Shows the changes of each file.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Program that keeps the vault
  traumalink.ops.host_program:
    name: vault_program
"""

RETURN = r"""
files: {description: Paths of the files., returned: success, type: list, elements: str}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils import backup_watch_program, vault_program
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.files import diff_of, write_text
from ansible_collections.traumalink.ops.plugins.module_utils.host_program import PACKAGE, PLACE, package_files

PROGRAMS = {"backup_watch_program": backup_watch_program, "vault_program": vault_program}


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={"name": {"type": "str", "choices": list(PROGRAMS), "required": True}}, supports_check_mode=True
    )
    files = package_files()
    diff = diff_of(files)
    changed = bool(diff)
    if not module.check_mode:
        (PLACE / PACKAGE).mkdir(mode=0o755, parents=True, exist_ok=True)
        try:
            written = [write_text(file) for file in files]
        except OpsError as error:
            module.fail_json(msg=str(error))
        changed = any(written)
    module.exit_json(changed=changed, diff=diff, files=[str(file.path) for file in files])


if __name__ == "__main__":
    main()
