#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: services restarted that use files which packages have replaced."""

from __future__ import annotations

DOCUMENTATION = r"""
module: service_restarts
short_description: Restart services that still use files which packages have replaced
description:
  - Asks needrestart, and restarts what it names one after another, but not PostgreSQL, dbus, logind, the network and what is named in O(deny). Then it asks again.
  - Fails where a service does not come back.
options:
  restart: {description: Whether services are restarted; else only told., type: bool, default: true}
  deny: {description: "Units that are not restarted, as patterns such as V(haproxy*), beside those that never are.", type: list, elements: str, default: []}
  only: {description: "Units that alone are restarted where needrestart names them, as patterns, also those that otherwise never are.", type: list, elements: str, default: []}
  watch:
    description: "A service of this host of which it is measured how long it does not answer meanwhile; nothing for none. With V(postgresql) a server that still starts does not answer."
    type: dict
    suboptions:
      kind: {description: How it is asked., type: str, choices: [tcp, postgresql], required: true}
      address: {description: Where it listens., type: str, default: 127.0.0.1}
      port: {description: Its port., type: int, required: true}
attributes:
  check_mode: {support: full, description: Says what would be restarted.}
  diff_mode: {support: none, description: There is nothing to compare.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Restart what uses old libraries
  traumalink.ops.service_restarts:
    deny: [hospital-interface*]
"""

RETURN = r"""
restarted: {description: Units that were or would be restarted., returned: success, type: list, elements: str}
left: {description: "Units that still use old files, since they are not restarted by name.", returned: success, type: list, elements: str}
reboot: {description: "Why a reboot is needed, in words; none where it is not.", returned: success, type: list, elements: str}
needs: {description: "What needrestart says afterwards: C(known), C(services), C(kernel), C(kernel_running), C(kernel_installed).", returned: success, type: dict}
down_seconds: {description: "How long what O(watch) names did not answer.", returned: "success, with O(watch)", type: float}
"""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.port_watch import WATCH_OPTIONS, watching
from ansible_collections.traumalink.ops.plugins.module_utils.restart_needs import asked, divided, restart


def chosen_of(services: Sequence[str], given: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Return the units to restart, and those to leave."""
    if not given["restart"]:
        return [], list(services)
    if given["only"]:
        chosen = [unit for unit in services if any(fnmatchcase(unit, pattern) for pattern in given["only"])]
        return chosen, [unit for unit in services if unit not in chosen]
    return divided(services, given["deny"])


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "restart": {"type": "bool", "default": True},
            "deny": {"type": "list", "elements": "str", "default": []},
            "only": {"type": "list", "elements": "str", "default": []},
            "watch": WATCH_OPTIONS,
        },
        supports_check_mode=True,
    )
    given = module.params
    try:
        needs = asked(run)
        chosen, left = chosen_of(needs.services, given)
        with watching(given["watch"]) as watch:
            if chosen and not module.check_mode:
                restart(chosen, run)
        if chosen and not module.check_mode:
            needs = asked(run)
            left = list(needs.services)
    except OpsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=bool(chosen),
        restarted=chosen,
        left=left,
        reboot=needs.reboot,
        needs=needs.as_dict(),
        **watch.figures(),
    )


if __name__ == "__main__":
    main()
