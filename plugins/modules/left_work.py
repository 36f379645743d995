# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: left_work
short_description: Bring what a cut-off operation left running on a host to its end
description:
  - For recovery. A host that cannot be reached is an answer (RV(seen) is false), no error of the task.
  - After V(await) or V(end) nothing of that run starts on the host any more, also not what its controller was about to start.
options:
  action:
    description: V(await) waits for the end of the work, V(end) stops it, V(tidy) forgets its result.
    type: str
    choices: [await, end, tidy]
    required: true
  run_id: {description: The operation that was cut off., type: str, required: true}
  reason: {description: "Why its work is ended, or who settles it.", type: str, default: ""}
  patience_seconds:
    description: How long a host that has not answered yet is asked again. One that has answered may be restarting, and is asked for five minutes.
    type: float
    default: 30
attributes:
  check_mode: {support: none, description: Recovery writes nothing in check mode.}
  diff_mode: {support: none, description: There is nothing to compare.}
seealso:
  - {module: traumalink.ops.work_unit}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Await what a dead controller left
  traumalink.ops.left_work:
    action: await
    run_id: 20261125-033000-3f9a2c
    reason: an upgrade has settled it
  delegate_to: db1
"""

RETURN = r"""
seen: {description: Whether the host could be asked., returned: success, type: bool}
problem: {description: Why not., returned: success, type: str}
work: {description: "The work as M(traumalink.ops.work_unit) returns it; empty where the host was not seen.", returned: success, type: dict}
"""
