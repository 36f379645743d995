#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: a systemd unit that runs with its files as they are now."""

from __future__ import annotations

DOCUMENTATION = r"""
module: service_current
short_description: Enable and start a systemd unit, and see that it has read its files as they are now
description:
  - Unlike a handler, this is right again after a run that was killed between writing a file and reloading the service.
options:
  name: {description: The unit with its suffix., type: str, required: true}
  files: {description: Files that the unit reads at start or reload., type: list, elements: path, default: []}
  on_change: {description: What makes the unit read its files again., type: str, choices: [reload, restart], default: restart}
attributes:
  check_mode: {support: full, description: Says what would be done.}
  diff_mode: {support: none, description: The files are not written here.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Run the backup server
  traumalink.ops.service_current:
    name: pgbackrest.service
    files: [/etc/pgbackrest/pgbackrest.conf]
"""

RETURN = r"""
steps: {description: What was or would be done., returned: success, type: list, elements: str}
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.service import Service, ensure


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "files": {"type": "list", "elements": "path", "default": []},
            "on_change": {"type": "str", "choices": ["reload", "restart"], "default": "restart"},
        },
        supports_check_mode=True,
    )
    given = module.params
    service = Service(given["name"], [Path(path) for path in given["files"]], given["on_change"])
    try:
        steps = ensure(service, run, check=module.check_mode)
    except OpsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=bool(steps), steps=steps)


if __name__ == "__main__":
    main()
