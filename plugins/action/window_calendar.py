# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: print the days to come with the times of disruptive work; on the controller."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import read_contract
from ansible_collections.traumalink.ops.plugins.plugin_utils.window import read_at
from ansible_collections.traumalink.ops.plugins.plugin_utils.window_calendar import calendar_lines


class ActionModule(ActionBase):  # type: ignore[misc]
    """A contract in, lines out; printed here, since a callback would wrap or quote them."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Print the table and return it."""
        super().run(tmp, task_vars)
        _result, given = self.validate_argument_spec(
            argument_spec={
                "contract": {"type": "dict", "required": True},
                "at": {"type": "str"},
                "days": {"type": "int", "default": 60},
            }
        )
        try:
            start = read_at(given["at"]) if given["at"] else datetime.now(UTC)
            lines = calendar_lines(read_contract(given["contract"]), start, given["days"])
        except OpsError as error:
            raise AnsibleActionFail(str(error)) from error
        self._display.display("\n".join(lines))
        return {"changed": False, "lines": lines}
