# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: Which kinds of migrations a deployment applies."""

from __future__ import annotations

DOCUMENTATION = r"""
name: migration_kinds
short_description: Which kinds of migrations a deployment applies
description:
  - All of them where no app host of the site has a release yet; else C(expand) alone, since the others end the way back.
options:
  _input:
    description: "Of each app host what M(traumalink.ops.release_info) returned, empty where it was not asked."
    type: list
    elements: dict
    required: true
author: The traumalink.ops developers
"""

EXAMPLES = r"""
kinds: "{{ groups['app'] | map('extract', hostvars, 'found') | map('default', {}) | traumalink.ops.migration_kinds }}"
"""

RETURN = r"""
_value: {description: The kinds., type: list, elements: str}
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.traumalink.ops.plugins.plugin_utils import deployment


def migration_kinds(answers: Iterable[Mapping[str, Any]]) -> list[str]:
    """Adapt the call; see plugin_utils.deployment."""
    return deployment.migration_kinds(list(answers))


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"migration_kinds": migration_kinds}
