# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: work
short_description: Run an Ansible module that takes long, in a systemd unit of its host
description:
  - The module runs as C(traumalink-<run id>.service) on the host and goes on when the controller or the connection dies. The task waits, shows a line of
    progress every ten seconds, and returns the module's own result, as if the module had been called directly.
  - While the host does not answer, the task tries again for five minutes; then the host counts as unreachable, and the unit goes on.
  - A task that is started again with the same run id, module and arguments waits for the unit that runs already.
  - The module must be a Python module, and the task must be root on the host. An action plugin of the module's name is left out.
  - Progress is what the module says by C(module_utils/progress.py), or the last line that it writes to standard error.
  - Where the variable C(operation_keeper_file) names a JSON file on the controller and its C(state) becomes V(lost), the task fails with its C(reason) and
    leaves the unit to whoever took over.
options:
  module: {description: Full name of the module., type: str, required: true}
  arguments: {description: Arguments of the module., type: dict, default: {}}
  run_id: {description: The operation's run id; without one the variable C(operation_run_id) and without that a new one., type: str}
  title: {description: What the work is in words. Everybody on the host can read it. The module's name by default., type: str}
  scratch:
    description: Folder that is removed when the unit has ended, also when it was killed; data of patients must not outlive the work on it.
    type: str
    default: ""
  poll_seconds: {description: How long one question to the host waits for the end., type: float, default: 5}
attributes:
  check_mode: {support: full, description: Calls the module directly in check mode.}
  diff_mode: {support: full, description: As the module.}
  async: {support: none, description: This is what the action is for.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Back up
  traumalink.ops.work:
    module: traumalink.ops.pgbackrest_backup
    title: full backup
    arguments: {stanza: example_hospital, user: pgbackrest, type: full}
  become: true
"""

RETURN = r"""
work:
  description: The unit as M(traumalink.ops.work_unit) returns it; everything else is the module's own result.
  returned: where the unit was killed or lost
  type: dict
"""
