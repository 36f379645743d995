# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action: Debian packages installed by ansible.builtin.apt, which is called only where one is missing."""

from __future__ import annotations

import shlex
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.traumalink.ops.plugins.module_utils.packages import EXTENDED_STATES, QUERY, lacking

BETWEEN = "-- extended states --"


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core ships no type information
    """Names in, apt's own result out; one short command on the host where there is nothing to do."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Look, and install what is missing."""
        super().run(tmp, task_vars)
        _result, given = self.validate_argument_spec(
            argument_spec={"name": {"type": "list", "elements": "str", "required": True}}
        )
        if not self._lacking(given["name"]):
            return {"changed": False}
        result: dict[str, Any] = self._execute_module(
            module_name="ansible.builtin.apt",
            module_args={
                "name": given["name"], "install_recommends": False, "update_cache": True, "cache_valid_time": 86400
            },
            task_vars=task_vars,
        )  # fmt: skip
        return result

    def _lacking(self, names: list[str]) -> list[str]:
        """Return what is missing; everything where the host does not say."""
        if not names:
            return []
        ask = shlex.join([*QUERY, *names])
        done = self._low_level_execute_command(f"{ask}; echo '{BETWEEN}'; cat {EXTENDED_STATES} || true")
        said, _, states = str(done["stdout"]).replace("\r\n", "\n").partition(f"{BETWEEN}\n")
        return lacking(names, said, states)
