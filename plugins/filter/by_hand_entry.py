# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: What a person entered, as evidence for a record."""

from __future__ import annotations

DOCUMENTATION = r"""
name: by_hand_entry
short_description: What a person entered, as evidence for a record.
description:
  - Work that was done by hand, such as a visit, a training or a part replaced; or the hospital's signed approval after an emergency.
options:
  _input:
    description: >-
      A mapping with C(kind), C(occurred_at), C(entered_by), C(summary_zh) and C(summary_en); or with C(approval), a file on the controller that
      M(traumalink.ops.approve) made, and C(contract), which names who may sign it.
    type: raw
    required: true
author: The traumalink.ops developers
"""

EXAMPLES = r"""
evidence: "{{ {'kind': 'visit', 'occurred_at': '2026-11-25T10:00:00+08:00', 'entered_by': 'li_na', 'summary_zh': '现场巡检',
  'summary_en': ''} | traumalink.ops.by_hand_entry }}"
"""

RETURN = r"""
_value: {description: The evidence., type: raw}
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.plugin_utils.by_hand_evidence import evidence


def by_hand_entry(given: Any) -> Any:
    """Adapt the call; see plugin_utils.by_hand_evidence."""
    try:
        return evidence(given, datetime.now(UTC))
    except OpsError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"by_hand_entry": by_hand_entry}
