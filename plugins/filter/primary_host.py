# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: The database host that is primary now."""

from __future__ import annotations

DOCUMENTATION = r"""
name: primary_host
short_description: The database host that is primary now.
description:
  - Fails unless exactly one is.
options:
  _input: {description: Host names to roles., type: raw, required: true}

author: The traumalink.ops developers
"""

EXAMPLES = r"""
primary: "{{ roles | traumalink.ops.primary_host }}"
"""

RETURN = r"""
_value: {description: Name of the host., type: raw}
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.plugin_utils import site


def primary_host(roles: dict[str, str]) -> Any:
    """Adapt the call; see plugin_utils.site."""
    try:
        return site.primary_host(roles)
    except OpsError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"primary_host": primary_host}
