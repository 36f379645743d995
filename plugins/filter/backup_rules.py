# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: what a contract says of backups."""

from __future__ import annotations

DOCUMENTATION = r"""
name: backup_rules
short_description: What a contract says of backups
description:
  - Where it says nothing, a full backup every week, kept for a week.
options:
  _input: {description: The contract., type: dict, required: true}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
days: "{{ (contract | traumalink.ops.backup_rules).retention_days }}"
"""

RETURN = r"""
_value:
  description: "How old a full backup may become, C(full_every_seconds), and how long backups are kept, C(retention_days)."
  type: dict
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.plugin_utils import backup_rules as rules


def backup_rules(contract: object) -> dict[str, int]:
    """Adapt the call; see plugin_utils.backup_rules."""
    try:
        return rules.backup_rules(contract)
    except OpsError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"backup_rules": backup_rules}
