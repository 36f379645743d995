# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: The address at which the other hosts of the site reach a host."""

from __future__ import annotations

DOCUMENTATION = r"""
name: host_address
short_description: The address at which the other hosts of the site reach a host.
description:
  - C(site_host_address) of the host, else C(ansible_host), else its name.
positional: hostvars
options:
  _input: {description: A host's name., type: raw, required: true}
  hostvars: {description: Ansible's C(hostvars)., type: dict, required: true}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
address: "{{ groups['ops'] | first | traumalink.ops.host_address(hostvars) }}"
"""

RETURN = r"""
_value: {description: Address or name., type: raw}
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.plugin_utils import site


def host_address(host: str, hostvars: Any) -> Any:
    """Adapt the call; see plugin_utils.site."""
    try:
        return site.host_address(host, hostvars)
    except OpsError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"host_address": host_address}
