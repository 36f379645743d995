# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: Which app host must go back to which version so that all agree."""

from __future__ import annotations

DOCUMENTATION = r"""
name: versions_to_go_back
short_description: Which app host must go back to which version so that all agree
description:
  - Empty where they agree. A change of version that was cut off while hosts were told of it leaves them to differ.
options:
  _input: {description: "App host to its applications, as M(traumalink.ops.application) returns them.", type: dict, required: true}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
steps: "{{ {'app1': answer.applications} | traumalink.ops.versions_to_go_back }}"
"""

RETURN = r"""
_value: {description: "Each with C(host), C(name) and C(version).", type: list, elements: dict}
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.plugin_utils import version_agreement


def versions_to_go_back(deployed: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[dict[str, str]]:
    """Adapt the call; see plugin_utils.version_agreement."""
    try:
        return version_agreement.to_go_back(deployed)
    except OpsError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"versions_to_go_back": versions_to_go_back}
