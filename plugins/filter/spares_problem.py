# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: Why the inventory names the wrong database host."""

from __future__ import annotations

DOCUMENTATION = r"""
name: spares_problem
short_description: Why the inventory names the wrong database host
description:
  - Empty where it does not. The host in group C(db) must not be retired, and no spare may hold what it does not.
positional: answer, spares
options:
  _input: {description: The host in group C(db)., type: str, required: true}
  answer: {description: "What M(traumalink.ops.postgresql_role_info) said there.", type: dict, required: true}
  spares: {description: "What it said on each spare, as a loop registers it.", type: list, elements: dict, required: true}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
problem: "{{ 'db2' | traumalink.ops.spares_problem(answer, asked.results) }}"
"""

RETURN = r"""
_value: {description: "What is wrong and what to do, or nothing.", type: str}
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.traumalink.ops.plugins.plugin_utils import spares as spare_hosts


def spares_problem(host: str, answer: Mapping[str, Any], spares: Sequence[Mapping[str, Any]]) -> str:
    """Adapt the call; see plugin_utils.spares."""
    return spare_hosts.spares_problem(host, answer, spares)


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"spares_problem": spares_problem}
