# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: The spare database hosts that serve an older copy."""

from __future__ import annotations

DOCUMENTATION = r"""
name: serving_spares
short_description: The spare database hosts that serve an older copy beside the site's database
description:
  - Says too where the inventory seems to name the wrong host as the one that serves; a filter that failed would have Ansible's words in front of ours.
positional: answer, spares
options:
  _input: {description: The host in group C(db)., type: str, required: true}
  answer: {description: "What M(traumalink.ops.postgresql_role_info) said there.", type: dict, required: true}
  spares: {description: "What it said on each spare, as a loop registers it.", type: list, elements: dict, required: true}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
stale: "{{ ('db2' | traumalink.ops.serving_spares(answer, asked.results)).hosts }}"
"""

RETURN = r"""
_value: {description: "C(hosts), names of those that are to be stopped, and C(problem), what is wrong with the inventory and what to do, or nothing.", type: dict}
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.traumalink.ops.plugins.plugin_utils import spares as spare_hosts
from ansible_collections.traumalink.ops.plugins.plugin_utils.site import SiteError


def serving_spares(host: str, answer: Mapping[str, Any], spares: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Adapt the call; see plugin_utils.spares."""
    try:
        return {"hosts": spare_hosts.serving_spares(host, answer, spares), "problem": ""}
    except SiteError as error:
        return {"hosts": [], "problem": str(error)}


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"serving_spares": serving_spares}
