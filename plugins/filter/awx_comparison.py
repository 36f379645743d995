# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: what AWX holds of a site beside what it should hold."""

from __future__ import annotations

DOCUMENTATION = r"""
name: awx_comparison
short_description: What AWX lacks of a site, and what it has too much
description:
  - Compares by name, and says of each notification template what is to be sent of its configuration, since AWX shows no password.
options:
  _input: {description: "What it should hold, as M(traumalink.ops.awx_objects) derives it.", type: dict, required: true}
  held: {description: What AWX shows, by kind., type: dict, required: true}
  site: {description: The site's name., type: str, required: true}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
leftover: "{{ (objects | traumalink.ops.awx_comparison(held, site_name)).leftover }}"
"""

RETURN = r"""
_value:
  description: "C(missing) and C(leftover) by kind; C(kept), credentials that are not wanted any more; C(configurations) of notification templates by name."
  type: dict
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.traumalink.ops.plugins.plugin_utils import awx_comparison as comparing


def awx_comparison(objects: Any, held: Any, site: str) -> dict[str, Any]:
    """Adapt the call; see plugin_utils.awx_comparison."""
    return comparing.comparison(objects, held, site)


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"awx_comparison": awx_comparison}
