# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: print the days to come with the times of disruptive work; on the controller."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from ansible_collections.traumalink.ops.plugins.plugin_utils.controller_action import ControllerAction
from ansible_collections.traumalink.ops.plugins.plugin_utils.repeated_keys import contract_of_site
from ansible_collections.traumalink.ops.plugins.plugin_utils.window import read_at
from ansible_collections.traumalink.ops.plugins.plugin_utils.window_calendar import approval_warning, calendar_lines


class ActionModule(ControllerAction):
    """A contract in, lines out; printed here, since a callback would wrap or quote them."""

    SPEC: ClassVar[dict[str, dict[str, Any]]] = {
        "contract": {"type": "dict", "required": True},
        "at": {"type": "str"},
        "days": {"type": "int", "default": 60},
    }

    def act(self, given: dict[str, Any]) -> dict[str, Any]:
        """Print the table and return it."""
        start = read_at(given["at"]) if given["at"] else datetime.now(UTC)
        contract = contract_of_site(given["contract"], self.variables)
        lines = [*calendar_lines(contract, start, given["days"]), *approval_warning(contract)]
        self._display.display("\n".join(lines))
        return {"changed": False, "lines": lines}
