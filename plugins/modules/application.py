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
  - After a change of version that did not come to its end, V(serving) has the current slot take requests again beside what the change has left, and
    V(settled) stops what it has left. Between them traffic is led back. Nothing is written, so neither needs the release at hand.
options:
  state:
    description:
      - V(started) and V(stopped) are for the whole, whose units stay enabled.
      - V(serving) enables and starts what the current slot runs on each host. V(settled) stops and disables everything of the other slots, then brings
        the singletons to O(singletons).
      - V(without_singletons) stops and disables the singletons of every slot, before another slot starts them.
    type: str
    choices: [started, stopped, serving, settled, without_singletons]
    required: true
  singletons: {description: "Whether this host runs the singletons, for V(settled).", type: bool, default: false}
  slots: {description: "Application to the slot that is to serve, for V(serving) and V(settled), where it is not the current one.", type: dict, default: {}}
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
units: {description: "Units that were or would be stopped or started; with V(serving) and later states the steps in words.", returned: success, type: list, elements: str}
applications:
  description:
    - What is deployed, each with C(name), C(version), C(slot), C(modules) as M(traumalink.ops.module_health) takes them, C(database_hosts), where
      it asks for its database, C(previous_good), the version that was current before, C(migrations), the ids of its own, and C(url), where its
      slot answers.
  returned: success
  type: list
  elements: dict
"""

from dataclasses import asdict
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.application import (
    Application,
    deployed,
    start,
    stop,
)
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.release import Places
from ansible_collections.traumalink.ops.plugins.module_utils.slot_return import (
    serve,
    settle,
    singletons_stopped,
    slots_of,
)

STATES = ("started", "stopped", "serving", "settled", "without_singletons")


def brought(application: Application, given: dict[str, Any], *, check: bool) -> list[str]:
    """Bring an application to a state; return the units or steps that this took. Raises OpsError."""
    state = given["state"]
    if state in ("started", "stopped"):
        return (start if state == "started" else stop)(application, run, check=check)
    current, others = slots_of(Places(application.name), str(given["slots"].get(application.name, "")))
    if current is None:
        return []
    if state == "serving":
        return serve(current, run, check=check)
    if state == "settled":
        return settle(current, others, run, singletons=given["singletons"], check=check)
    return singletons_stopped([current, *others], run, check=check)


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": list(STATES), "required": True},
            "singletons": {"type": "bool", "default": False},
            "slots": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    try:
        applications = deployed()
        units = [
            unit
            for application in applications
            for unit in brought(application, module.params, check=module.check_mode)
        ]
    except (OpsError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=bool(units), units=units, applications=[asdict(application) for application in applications]
    )


if __name__ == "__main__":
    main()
