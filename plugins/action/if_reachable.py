# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action: an Ansible module on a host that may be lost; that it cannot be reached is an answer, no error."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core ships no type information
    """A module and its arguments in; its result, and whether the host was reached, out.

    `ignore_unreachable` alone does not do where any error is fatal, as it is for a task that runs once and does not ignore errors too: ansible-core
    counts an unreachable host without looking at it (2.19, plugins/strategy/linear.py). Ignoring errors would let a broken module pass.
    """

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module."""
        super().run(tmp, task_vars)
        _result, given = self.validate_argument_spec(
            argument_spec={"module": {"type": "str", "required": True}, "arguments": {"type": "dict", "default": {}}}
        )
        try:
            answer: dict[str, Any] = self._execute_module(
                module_name=given["module"], module_args=given["arguments"], task_vars=task_vars
            )
        except AnsibleConnectionFailure as error:
            answer = {"unreachable": True, "msg": str(error)}
        if not answer.get("unreachable"):
            return {**answer, "reached": True}
        return {"changed": False, "reached": False, "problem": " ".join(str(answer.get("msg")).split())[:300]}
