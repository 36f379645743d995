# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: if_reachable
short_description: Run an Ansible module on a host that may be lost
description:
  - That the host cannot be reached is an answer (RV(reached) is false), no error of the task. Whatever the module itself finds fails as ever.
options:
  module: {description: Full name of the module., type: str, required: true}
  arguments: {description: Arguments of the module., type: dict, default: {}}
attributes:
  check_mode: {support: full, description: As the module.}
  diff_mode: {support: full, description: As the module.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Ask a server whose host may be off
  traumalink.ops.if_reachable:
    module: traumalink.ops.postgresql_role_info
    arguments: {port: 5432}
  delegate_to: db2
"""

RETURN = r"""
reached: {description: "Whether the host was reached. Where it was, all else is the module's own result.", returned: always, type: bool}
problem: {description: Why it was not., returned: where it was not, type: str}
"""
