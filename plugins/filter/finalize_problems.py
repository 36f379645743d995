# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: What speaks against a finalize."""

from __future__ import annotations

DOCUMENTATION = r"""
name: finalize_problems
short_description: What speaks against a finalize
description:
  - All of it at once, as sentences that say what to do; empty where nothing does.
positional: manifest, sha256, after_days
options:
  _input: {description: "App host to its register, as M(traumalink.ops.release_info) returns it.", type: dict, required: true}
  manifest: {description: The manifest of the release., type: dict, required: true}
  sha256: {description: The SHA-256 of its archive., type: str, required: true}
  after_days: {description: How long the version must have been current., type: float, required: true}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
problems: "{{ registers | traumalink.ops.finalize_problems(verified.manifest, verified.sha256, 7) }}"
"""

RETURN = r"""
_value: {description: The sentences., type: list, elements: str}
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.traumalink.ops.plugins.plugin_utils import finalize_gate


def finalize_problems(
    registers: Mapping[str, Mapping[str, Any]], manifest: Mapping[str, Any], sha256: str, after_days: Any
) -> list[str]:
    """Adapt the call; see plugin_utils.finalize_gate."""
    return finalize_gate.finalize_problems(registers, manifest, sha256, float(after_days))


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"finalize_problems": finalize_problems}
