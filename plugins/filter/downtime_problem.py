# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: Why an upgrade with downtime must not shut browsers out now."""

from __future__ import annotations

DOCUMENTATION = r"""
name: downtime_problem
short_description: Why an upgrade with downtime must not shut browsers out now
description:
  - Empty where it may. Before the cutoff of the window that is open there must be time for the work, and for the way back to the restore point.
positional: expected_seconds, database_bytes, bytes_per_second, start_seconds, rehearsed_at, begun_at
options:
  _input: {description: The contract., type: dict, required: true}
  expected_seconds: {description: How long the pending migrations take., type: float, required: true}
  database_bytes: {description: Size of the database., type: int, required: true}
  bytes_per_second: {description: How fast it comes back., type: float, required: true}
  start_seconds: {description: "How long a version may take to stop, start and become healthy.", type: float, required: true}
  rehearsed_at: {description: "The moment that a rehearsal took for its beginning, empty where it is none.", type: str, required: true}
  begun_at: {description: "The run id of the operation, which holds its real beginning.", type: str, required: true}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
problem: "{{ contract | traumalink.ops.downtime_problem(60, 3221225472, 50000000, 120, '', operation_run_id) }}"
"""

RETURN = r"""
_value: {description: "A sentence, or nothing.", type: str}
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.plugin_utils import downtime_plan as domain


def downtime_problem(
    contract: object,
    expected_seconds: Any,
    database_bytes: Any,
    bytes_per_second: Any,
    start_seconds: Any,
    rehearsed_at: str,
    begun_at: str,
) -> str:
    """Adapt the call; see plugin_utils.downtime_plan."""
    try:
        plan = domain.downtime_plan(
            float(expected_seconds), float(database_bytes), float(bytes_per_second), float(start_seconds)
        )
        return domain.downtime_problem(contract, plan, rehearsed_at, begun_at)
    except (OpsError, ValueError) as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"downtime_problem": downtime_problem}
