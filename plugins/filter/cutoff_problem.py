# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: Why a change must not go on to the next host."""

from __future__ import annotations

DOCUMENTATION = r"""
name: cutoff_problem
short_description: Why a change must not go on to the next host
description:
  - Empty where it may. Before the cutoff of the window that is open there must be time left to go back.
positional: needed_seconds, rehearsed_at, begun_at
options:
  _input: {description: The contract., type: dict, required: true}
  needed_seconds: {description: How long going back takes at most., type: float, required: true}
  rehearsed_at: {description: "The moment that a rehearsal took for its beginning, empty where it is none.", type: str, required: true}
  begun_at: {description: "The run id of the operation, which holds its real beginning.", type: str, required: true}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
problem: "{{ contract | traumalink.ops.cutoff_problem(300, '', operation_run_id) }}"
"""

RETURN = r"""
_value: {description: "A sentence, or nothing.", type: str}
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.plugin_utils import upgrade_gate


def cutoff_problem(contract: object, needed_seconds: Any, rehearsed_at: str, begun_at: str) -> str:
    """Adapt the call; see plugin_utils.upgrade_gate."""
    try:
        return upgrade_gate.cutoff_problem(contract, float(needed_seconds), rehearsed_at, begun_at)
    except OpsError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"cutoff_problem": cutoff_problem}
