# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: what was not delivered of a message."""

from __future__ import annotations

DOCUMENTATION = r"""
name: undelivered
short_description: what was not delivered of a message
description:
  - Reads what mail server and webhook answered, instead of trusting that a task did not fail.
positional: called, webhook_format
options:
  _input: {description: What M(community.general.mail) answered., type: dict, required: true}
  called: {description: What M(ansible.builtin.uri) answered., type: dict, required: true}
  webhook_format: {description: The kind of webhook., type: str, choices: [plain, wecom, dingtalk], required: true}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
problem: "{{ mailed | traumalink.ops.undelivered(called, 'wecom') }}"
"""

RETURN = r"""
_value: {description: In words; empty where all was delivered., type: str}
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.traumalink.ops.plugins.plugin_utils import delivery


def undelivered(mailed: Mapping[str, Any], called: Mapping[str, Any], webhook_format: str) -> str:
    """Adapt the call; see plugin_utils.delivery."""
    return delivery.undelivered(mailed, called, webhook_format)


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"undelivered": undelivered}
