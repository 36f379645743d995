# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: Which of HAProxy's servers are to take traffic."""

from __future__ import annotations

DOCUMENTATION = r"""
name: slot_servers
short_description: Which of HAProxy's servers are to take traffic
description:
  - By what runs on the app hosts; a host that is not named is not spoken of.
positional: slots
options:
  _input: {description: "App host to its applications, as M(traumalink.ops.application) returns them.", type: dict, required: true}
  slots: {description: "App host to application to the slot that is to serve in place of the current one.", type: dict, required: true}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
servers: "{{ {'app1': answer.applications} | traumalink.ops.slot_servers({}) }}"
"""

RETURN = r"""
_value: {description: "C(in_service) and C(out_of_service).", type: dict}
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.traumalink.ops.plugins.plugin_utils import slot_servers as servers


def slot_servers(
    deployed: Mapping[str, Sequence[Mapping[str, Any]]], slots: Mapping[str, Mapping[str, str]]
) -> dict[str, list[str]]:
    """Adapt the call; see plugin_utils.slot_servers."""
    return servers.slot_servers(deployed, slots)


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"slot_servers": slot_servers}
