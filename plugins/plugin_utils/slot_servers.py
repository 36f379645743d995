# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy's servers of a site's slots: which of them are to take traffic, by what runs on the app hosts.

Each slot of an app host is a server `<host>-<slot>` of one backend, as the role deploy names them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.slots import SLOTS

__all__ = ["slot_servers", "slots_of_version"]


def slot_servers(
    deployed: Mapping[str, Sequence[Mapping[str, Any]]], slots: Mapping[str, Mapping[str, str]]
) -> dict[str, list[str]]:
    """Return the servers that are to be in service and those that are not. A host that is not in `deployed` is not spoken of.

    Args:
        deployed: app host to its applications, each with name and slot, as the module `application` returns them.
        slots: app host to the slot of an application that is to serve in place of the current one.
    """
    wanted = {
        f"{host}-{slots.get(host, {}).get(str(application['name'])) or application['slot']}"
        for host, applications in deployed.items()
        for application in applications
    }
    every = [f"{host}-{slot}" for host, applications in deployed.items() if applications for slot in SLOTS]
    return {
        "in_service": [server for server in every if server in wanted],
        "out_of_service": [server for server in every if server not in wanted],
    }


def slots_of_version(registers: Mapping[str, Mapping[str, Any]], name: str, version: str) -> dict[str, dict[str, str]]:
    """Return app host to application to the slot that holds a version.

    Args:
        registers: app host to its register, as M(traumalink.ops.release_info) returns it.

    Raises:
        OpsError: a host has it in no slot.
    """
    found: dict[str, dict[str, str]] = {}
    for host, register in registers.items():
        slot = next((slot for slot in SLOTS if register["slots"].get(slot) == version), "")
        if not slot:
            raise OpsError(f"{host} has {name} {version} in no slot; stage it there first, by traumalink.ops.upgrade")
        found[host] = {name: slot}
    return found
