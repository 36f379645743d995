# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: What a patching came to, for its record."""

from __future__ import annotations

DOCUMENTATION = r"""
name: patch_figures
short_description: What a patching came to, for its record
description:
  - Also of one that stopped before its end.
positional: compared, traffic
options:
  _input: {description: "Host to what P(traumalink.ops.patch_host_result#filter) returned.", type: dict, required: true}
  compared: {description: "What M(traumalink.ops.patch_plan) returned with V(compared).", type: dict, required: true}
  traffic: {description: "What P(traumalink.ops.upgrade_figures#filter) returned; empty where it was not asked.", type: dict, required: true}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
figures: "{{ done | traumalink.ops.patch_figures(compared, {}) }}"
"""

RETURN = r"""
_value:
  description: "C(plan_sha256), C(hosts_patched), C(hosts_left), C(packages), C(vulnerabilities_named), C(reboots), C(down_seconds), and those of C(traffic)."
  type: dict
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.traumalink.ops.plugins.plugin_utils import patch_result as results


def patch_figures(
    done: Mapping[str, Mapping[str, Any]], compared: Mapping[str, Any], traffic: Mapping[str, Any]
) -> dict[str, Any]:
    """Adapt the call; see plugin_utils.patch_result."""
    return dict(results.patch_figures(done, compared, traffic))


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"patch_figures": patch_figures}
