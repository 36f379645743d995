#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: the deployed application of an app host, stopped or started as a whole."""

from __future__ import annotations

DOCUMENTATION = r"""
module: application
short_description: Stop or start what is deployed on an app host, and tell what it is
description:
  - Stops and starts the enabled units of the current release's slot, whatever release that is. A host without a release has nothing to do.
options:
  state: {description: What the processes are to be., type: str, choices: [started, stopped], required: true}
attributes:
  check_mode: {support: full, description: Says what would be done.}
  diff_mode: {support: none, description: There is nothing to compare.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Stop the application
  traumalink.ops.application:
    state: stopped
"""

RETURN = r"""
units: {description: Units that were or would be stopped or started., returned: success, type: list, elements: str}
applications:
  description:
    - What is deployed, each with C(name), C(version), C(slot), C(modules) as M(traumalink.ops.module_health) takes them, and C(database_hosts), where
      it asks for its database.
  returned: success
  type: list
  elements: dict
"""

from dataclasses import asdict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.application import deployed, start, stop
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={"state": {"type": "str", "choices": ["started", "stopped"], "required": True}},
        supports_check_mode=True,
    )
    bring = start if module.params["state"] == "started" else stop
    try:
        applications = deployed()
        units = [unit for application in applications for unit in bring(application, run, check=module.check_mode)]
    except (OpsError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=bool(units), units=units, applications=[asdict(application) for application in applications]
    )


if __name__ == "__main__":
    main()
