# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: What became of the work that cut-off operations had left."""

from __future__ import annotations

DOCUMENTATION = r"""
name: settlements
short_description: What became of the work that cut-off operations had left.
description:
  - Run id to the reason with which the ledger closes each of them as interrupted.
positional: results, by
options:
  _input: {description: "The operations, each with C(run_id) and C(end).", type: raw, required: true}
  results: {description: Answers of M(traumalink.ops.work_unit) in a loop over operations and hosts., type: raw, required: true}
  by: {description: The verb that settles them., type: str, required: true}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
settled: "{{ attempt.unsettled | traumalink.ops.settlements(answers.results, 'restore') }}"
"""

RETURN = r"""
_value: {description: Run id to reason., type: raw}
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.traumalink.ops.plugins.plugin_utils import settlement


def settlements(operations: Any, results: Any, by: str) -> Any:
    """Adapt the call; see plugin_utils.settlement."""
    return settlement.settlements(operations, results, by)


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"settlements": settlements}
