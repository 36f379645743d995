# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: What speaks against an upgrade before anything is changed."""

from __future__ import annotations

DOCUMENTATION = r"""
name: upgrade_problems
short_description: What speaks against an upgrade before anything is changed
description:
  - All of it at once, as sentences that say what to do; empty where nothing does.
options:
  _input:
    description: "What was seen: C(path), C(room), C(stopped), C(health), C(unproven), C(in_the_way) and C(fits), as the role upgrade gathers them."
    type: dict
    required: true
author: The traumalink.ops developers
"""

EXAMPLES = r"""
problems: "{{ (seen | traumalink.ops.upgrade_problems).problems }}"
"""

RETURN = r"""
_value: {description: "C(problems), and C(unsettled), which an operation that was cut off may have left; both are lists of sentences.", type: dict}
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.traumalink.ops.plugins.plugin_utils import upgrade_gate


def upgrade_problems(seen: Mapping[str, Any]) -> dict[str, list[str]]:
    """Adapt the call; see plugin_utils.upgrade_gate."""
    return upgrade_gate.upgrade_problems(seen)


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"upgrade_problems": upgrade_problems}
