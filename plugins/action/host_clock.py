# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: a host's clock against the controller's."""

from __future__ import annotations

import time
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.traumalink.ops.plugins.plugin_utils.clock import skew_seconds

MODULE = "traumalink.ops.host_clock"


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core ships no type information
    """Compares the host's answer with the time before and after it."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the host's clock; fail where it is further off than the limit."""
        super().run(tmp, task_vars)
        limit = float(self._task.args.get("limit_seconds", 5.0))
        before = time.time()
        result: dict[str, Any] = self._execute_module(
            module_name=MODULE, module_args=dict(self._task.args), task_vars=task_vars
        )
        if result.get("failed"):
            return result
        skew = skew_seconds(before, float(result["epoch_seconds"]), time.time())
        result["skew_seconds"] = round(skew, 3)
        if abs(skew) > limit:
            host = (task_vars or {}).get("inventory_hostname", "the host")
            which = "ahead of" if skew > 0 else "behind"
            result.update(
                failed=True,
                msg=f"the clock of {host} is {abs(skew):.0f} s {which} the controller's, more than {limit:.0f} s; set both by NTP and run again. Nothing was changed",
            )
        return result
