# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: What an upgrade cost the hospital."""

from __future__ import annotations

DOCUMENTATION = r"""
name: upgrade_figures
short_description: What an upgrade cost the hospital
description:
  - What HAProxy counted on every edge host between the beginning and the end, for the record.
positional: ends
options:
  _input: {description: "What M(traumalink.ops.haproxy_backend_info) returned at the beginning, for each edge host.", type: list, elements: dict, required: true}
  ends: {description: "The same at the end, in the same order.", type: list, elements: dict, required: true}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
figures: "{{ [at_the_beginning] | traumalink.ops.upgrade_figures([at_the_end]) }}"
"""

RETURN = r"""
_value:
  description: "C(requests), C(failed_requests), C(downtime_seconds), and C(counted_anew), on how many edge hosts HAProxy was restarted meanwhile, where it was."
  type: dict
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.plugin_utils import upgrade_figures as figures


def upgrade_figures(starts: Sequence[Mapping[str, Any]], ends: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Adapt the call; see plugin_utils.upgrade_figures."""
    try:
        return figures.upgrade_figures(starts, ends)
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"upgrade_figures": upgrade_figures}
