# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: Records of the ledger as lines for a person."""

from __future__ import annotations

DOCUMENTATION = r"""
name: record_lines
short_description: Records of the ledger as lines for a person.
description:
  - "One line a record: when, what, how it ended, how long it took, who, and why."
positional: time_zone
options:
  _input: {description: Records as M(traumalink.ops.ledger_info) returns them., type: raw, required: true}
  time_zone: {description: Time zone of the times., type: str, required: true}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
lines: "{{ found.records | traumalink.ops.record_lines('Asia/Shanghai') }}"
"""

RETURN = r"""
_value: {description: One line a record., type: raw}
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.plugin_utils import record_lines as domain


def record_lines(records: Any, time_zone: str) -> Any:
    """Adapt the call; see plugin_utils.record_lines."""
    try:
        return domain.record_lines(records, time_zone)
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"record_lines": record_lines}
