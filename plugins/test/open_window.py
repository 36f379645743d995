# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test: disruptive work may start at a moment."""

from __future__ import annotations

DOCUMENTATION = r"""
name: open_window
short_description: Whether disruptive work may start at a moment
description:
  - True where a window of the contract is open, and what is needed ends before its cutoff.
extends_documentation_fragment: traumalink.ops.moment
author: The traumalink.ops developers
"""

EXAMPLES = r"""
may_start: "{{ contract is traumalink.ops.open_window(at='2026-10-01T23:00:00+08:00', needs='50m') }}"
"""

RETURN = r"""
_value: {description: Whether it may., type: bool}
"""

from collections.abc import Callable

from ansible_collections.traumalink.ops.plugins.filter.window_state import window_state


def open_window(contract: object, at: object = None, needs: object = None) -> bool:
    """Adapt the call; see plugin_utils.window."""
    return bool(window_state(contract, at, needs)["fits"])


class TestModule:
    """What Ansible asks for."""

    def tests(self) -> dict[str, Callable[..., bool]]:
        """Name the test."""
        return {"open_window": open_window}
