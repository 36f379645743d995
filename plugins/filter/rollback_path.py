# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: Which version all app hosts can go back to."""

from __future__ import annotations

DOCUMENTATION = r"""
name: rollback_path
short_description: Which version all app hosts can go back to
description:
  - Judges the hosts' registers; also where an upgrade was cut off between two hosts.
options:
  _input: {description: "App host to its register, as M(traumalink.ops.release_info) returns it.", type: dict, required: true}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
path: "{{ registers | traumalink.ops.rollback_path }}"
"""

RETURN = r"""
_value: {description: "C(before) (host to version), C(to), C(changes) and C(problems).", type: dict}
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from ansible_collections.traumalink.ops.plugins.plugin_utils import version_path


def rollback_path(registers: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Adapt the call; see plugin_utils.version_path."""
    return asdict(version_path.rollback_path(registers))


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"rollback_path": rollback_path}
