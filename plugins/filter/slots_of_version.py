# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: Which slot of each app host holds a version."""

from __future__ import annotations

DOCUMENTATION = r"""
name: slots_of_version
short_description: Which slot of each app host holds a version
description:
  - Fails where a host has it in none.
positional: name, version
options:
  _input: {description: "App host to its register, as M(traumalink.ops.release_info) returns it.", type: dict, required: true}
  name: {description: The application., type: str, required: true}
  version: {description: The version., type: str, required: true}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
slots: "{{ registers | traumalink.ops.slots_of_version('trauma', '1.0.0') }}"
"""

RETURN = r"""
_value: {description: App host to application to slot., type: dict}
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.plugin_utils import slot_servers as servers


def slots_of_version(registers: Mapping[str, Mapping[str, Any]], name: str, version: str) -> dict[str, dict[str, str]]:
    """Adapt the call; see plugin_utils.slot_servers."""
    try:
        return servers.slots_of_version(registers, name, version)
    except OpsError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"slots_of_version": slots_of_version}
