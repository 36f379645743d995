# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: What keeps a run of a deployment from ending well."""

from __future__ import annotations

DOCUMENTATION = r"""
name: deploy_problems
short_description: What keeps a run of a deployment from ending well
description:
  - An empty list where nothing does.
positional: hosts, paths
options:
  _input: {description: Ansible's C(groups)., type: dict, required: true}
  hosts: {description: The hosts that take part., type: list, elements: str, required: true}
  paths: {description: "Variable to the path that it holds, on the controller.", type: dict, required: true}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
problems: "{{ groups | traumalink.ops.deploy_problems(ansible_play_hosts_all, {'deploy_archive': deploy_archive}) }}"
"""

RETURN = r"""
_value: {description: The problems in words., type: list, elements: str}
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.traumalink.ops.plugins.plugin_utils import deployment


def deploy_problems(groups: Mapping[str, Sequence[str]], hosts: Sequence[str], paths: Mapping[str, str]) -> list[str]:
    """Adapt the call; see plugin_utils.deployment."""
    return deployment.deploy_problems(groups, hosts, paths)


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"deploy_problems": deploy_problems}
