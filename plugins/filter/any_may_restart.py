# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: Whether any host of a run may restart what serves."""

from __future__ import annotations

DOCUMENTATION = r"""
name: any_may_restart
short_description: Whether any host of a run may restart what serves.
description:
  - Looks at C(deploy_may_restart) and C(postgresql_may_restart) of every host, as truth values however they are written.
positional: hostvars
options:
  _input: {description: Names of hosts., type: list, elements: str, required: true}
  hostvars: {description: Ansible's C(hostvars)., type: raw, required: true}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
restarts: "{{ ansible_play_hosts_all | traumalink.ops.any_may_restart(hostvars) }}"
"""

RETURN = r"""
_value: {description: Whether one may., type: bool}
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.traumalink.ops.plugins.plugin_utils import site


def any_may_restart(hosts: Any, hostvars: Any) -> Any:
    """Adapt the call; see plugin_utils.site."""
    try:
        return site.any_may_restart(hosts, hostvars, boolean)
    except (TypeError, ValueError) as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"any_may_restart": any_may_restart}
