# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: Why an upgrade does not fit the time that is left."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fit_problem
short_description: Why an upgrade does not fit the time that is left
description:
  - Empty where it does, and where no window is open. What is known to take time, and going back, must end before the cutoff.
positional: migration_seconds, watch_seconds, rollback_seconds, rehearsed_at
options:
  _input: {description: The contract., type: dict, required: true}
  migration_seconds: {description: How long the vendor expects the migrations to take., type: float, required: true}
  watch_seconds: {description: How long the new release is watched on all hosts together., type: float, required: true}
  rollback_seconds: {description: How long going back takes at most., type: float, required: true}
  rehearsed_at: {description: "The moment that a rehearsal takes for its beginning, empty where it is none.", type: str, required: true}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
problem: "{{ contract | traumalink.ops.fit_problem(900, 120, 300, '') }}"
"""

RETURN = r"""
_value: {description: "A sentence, or nothing.", type: str}
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.plugin_utils import upgrade_gate


def fit_problem(
    contract: object, migration_seconds: Any, watch_seconds: Any, rollback_seconds: Any, rehearsed_at: str
) -> str:
    """Adapt the call; see plugin_utils.upgrade_gate."""
    try:
        return upgrade_gate.fit_problem(
            contract, float(migration_seconds), float(watch_seconds), float(rollback_seconds), rehearsed_at
        )
    except OpsError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"fit_problem": fit_problem}
