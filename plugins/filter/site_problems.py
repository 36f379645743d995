# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: What keeps an inventory from being a site."""

from __future__ import annotations

DOCUMENTATION = r"""
name: site_problems
short_description: What keeps an inventory from being a site.
description:
  - An empty list where the inventory is one.
positional: site_name
options:
  _input: {description: Ansible's C(groups)., type: raw, required: true}
  site_name: {description: The site's name., type: str}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
problems: "{{ groups | traumalink.ops.site_problems(site_name) }}"
"""

RETURN = r"""
_value: {description: List of problems in words., type: raw}
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.traumalink.ops.plugins.plugin_utils import site


def site_problems(groups: Any, site_name: str | None = None, restore_host: str = "") -> Any:
    """Adapt the call; see plugin_utils.site."""
    return site.site_problems(groups, site_name, restore_host)


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"site_problems": site_problems}
