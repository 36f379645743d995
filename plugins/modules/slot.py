#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: what runs in a slot of an app host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: slot
short_description: Run a release's processes in a slot of a host
description:
  - Writes a sandboxed systemd template unit for each process (C(<name>-<process>@.service), the instance is the slot), the slot's command
    as a drop-in, its environment file and the password file, and starts or stops the units of that slot.
  - A unit runs with its files as they are now. One that has to be restarted for that is restarted, or named in RV(restart_pending) when
    O(restart=false). What needs no restart is left alone, also after a run that was killed.
  - Units that do not stay up fail the module with the last lines of their journal.
options:
  name: {description: The application., type: str, required: true}
  slot: {description: The slot., type: str, choices: [blue, green], required: true}
  version: {description: The version that the slot holds., type: str, required: true}
  processes:
    description: The processes as in the release's manifest.
    type: list
    elements: dict
    required: true
    suboptions:
      name: {description: The process., type: str, required: true}
      command: {description: Program and arguments., type: list, elements: str, required: true}
      singleton: {description: Runs on one host only., type: bool, default: false}
  state:
    description: V(present) writes the files only, V(started) and V(stopped) also bring the units there and keep them so over a reboot.
    type: str
    choices: [present, started, stopped]
    default: started
  singletons: {description: Whether this host and slot run the singleton processes., type: bool, default: false}
  restart: {description: Whether a running process may be restarted., type: bool, default: true}
  user: {description: The system user of the processes. It must exist., type: str, required: true}
  environment: {description: Environment variables of the processes., type: dict, default: {}}
  watch: {description: "Further files that processes read at their start, such as certificates.", type: list, elements: path, default: []}
extends_documentation_fragment: [traumalink.ops.database]
attributes:
  check_mode: {support: full, description: Says what would be done.}
  diff_mode: {support: full, description: Shows files without secrets.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Start the release in its slot
  traumalink.ops.slot:
    name: trauma
    slot: blue
    version: 1.0.0
    processes: "{{ verified.manifest.processes }}"
    singletons: "{{ inventory_hostname == groups['app'][0] }}"
    user: trauma
    environment: {LISTEN_ADDRESS: 192.0.2.11, LISTEN_PORT: "8001"}
    watch: [/etc/traumalink/tls/host.crt]
    database: {host: 192.0.2.21, name: trauma, user: trauma_app, password: "{{ deploy_database_user_password }}"}
"""

RETURN = r"""
steps: {description: What was or would be done to units., returned: success, type: list, elements: str}
restart_pending: {description: Units that run with older files., returned: success, type: list, elements: str}
code: {description: "C(release_fault) where the release itself is to blame, as far as can be told here, else empty.", returned: failure, type: str}
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.database_access import DatabaseAccess
from ansible_collections.traumalink.ops.plugins.module_utils.database_options import DATABASE_OPTIONS
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError, code_of
from ansible_collections.traumalink.ops.plugins.module_utils.manifest import Process
from ansible_collections.traumalink.ops.plugins.module_utils.slot_processes import SlotPlan, bring

PROCESS_OPTIONS = {
    "name": {"type": "str", "required": True},
    "command": {"type": "list", "elements": "str", "required": True},
    "singleton": {"type": "bool", "default": False},
}


def plan_of(given: dict[str, Any]) -> SlotPlan:
    """Return the wanted slot."""
    return SlotPlan(
        name=given["name"],
        slot=given["slot"],
        release=f"{given['name']}-{given['version']}",
        processes=[Process(entry["name"], tuple(entry["command"]), entry["singleton"]) for entry in given["processes"]],
        user=given["user"],
        environment={key: str(value) for key, value in given["environment"].items()},
        database=DatabaseAccess(**given["database"]),
        singletons=given["singletons"],
        watched=[Path(path) for path in given["watch"]],
    )


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "slot": {"type": "str", "choices": ["blue", "green"], "required": True},
            "version": {"type": "str", "required": True},
            "processes": {"type": "list", "elements": "dict", "options": PROCESS_OPTIONS, "required": True},
            "state": {"type": "str", "choices": ["present", "started", "stopped"], "default": "started"},
            "singletons": {"type": "bool", "default": False},
            "restart": {"type": "bool", "default": True},
            "user": {"type": "str", "required": True},
            "environment": {"type": "dict", "default": {}},
            "watch": {"type": "list", "elements": "path", "default": []},
            "database": {"type": "dict", "options": DATABASE_OPTIONS, "required": True},
        },
        supports_check_mode=True,
    )
    given = module.params
    try:
        done = bring(plan_of(given), given["state"], run, restart=given["restart"], check=module.check_mode)
    except OpsError as error:
        module.fail_json(msg=str(error), code=code_of(error))
    module.exit_json(changed=done.changed, steps=done.steps, restart_pending=done.restart_pending, diff=done.diff)


if __name__ == "__main__":
    main()
