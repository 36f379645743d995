# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: What was done to a host that was patched."""

from __future__ import annotations

DOCUMENTATION = r"""
name: patch_host_result
short_description: What was done to a host that was patched
description:
  - Put together from what its steps answered.
positional: reboot_interrupts
options:
  _input:
    description: "By step (C(engine), C(installed), C(restarted), C(database_installed), C(database_restarted), C(rebooted), C(after_reboot)) what its module answered."
    type: dict
    required: true
  reboot_interrupts: {description: Whether a reboot takes away what browsers need., type: bool, required: true}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
done: "{{ {'installed': answer} | traumalink.ops.patch_host_result(false) }}"
"""

RETURN = r"""
_value:
  description: "C(packages) (name to version before and after), C(kept_files), C(restarted), C(left) (units that still use replaced files), C(reboot_seconds),
    C(down_seconds)."
  type: dict
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.traumalink.ops.plugins.plugin_utils import patch_result as results


def patch_host_result(answers: Mapping[str, Mapping[str, Any]], reboot_interrupts: bool) -> dict[str, Any]:
    """Adapt the call; see plugin_utils.patch_result."""
    return results.host_result(answers, bool(reboot_interrupts))


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"patch_host_result": patch_host_result}
