# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: whether disruptive work may start at a moment."""

from __future__ import annotations

DOCUMENTATION = r"""
name: window_state
short_description: Whether disruptive work may start at a moment, why, and when it may next
description:
  - Judges windows, freezes, working hours and the holiday calendar of a site's contract.
extends_documentation_fragment: traumalink.ops.moment
author: The traumalink.ops developers
"""

EXAMPLES = r"""
state: "{{ contract | traumalink.ops.window_state(at='2026-10-01T23:00:00+08:00', needs='50m') }}"
"""

RETURN = r"""
_value:
  description:
    - C(state) (open, closed, frozen, unknown), C(reason), C(seconds_left) before the cutoff, C(next_open) and C(next_close) by
      the site's clock or null, C(warnings), and C(fits).
  type: dict
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.plugin_utils import window
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import read_contract


def window_state(contract: object, at: object = None, needs: object = None) -> dict[str, Any]:
    """Adapt the call; see plugin_utils.window."""
    try:
        site = read_contract(contract)
        moment = datetime.now(UTC) if at is None else window.read_at(at)
        return window.window_state(site, moment, window.read_needs(needs)).as_data(site.zone)
    except OpsError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"window_state": window_state}
