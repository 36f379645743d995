#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: a host's clock; its action plugin compares it with the controller's."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_clock
short_description: Refuse a host whose clock differs from the controller's
description:
  - Its action plugin reads the controller's clock before and after the host's. What the answer took on its way is in the host's favour.
  - It also tells what the host is, as far as the roles need to know it, so that nobody need ask each host a second time.
options:
  limit_seconds: {description: The largest difference that is let pass., type: float, default: 5.0}
attributes:
  check_mode: {support: full, description: It only looks.}
  diff_mode: {support: none, description: There is nothing to compare.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Compare the clocks
  traumalink.ops.host_clock:
"""

RETURN = r"""
epoch_seconds: {description: The host's clock., returned: success, type: float}
ansible_facts:
  description: "C(distribution), C(distribution_major_version), C(distribution_release) and C(processor_vcpus), as M(ansible.builtin.setup) tells them."
  returned: success
  type: dict
skew_seconds: {description: "How far the host is ahead of the controller, at least; negative where it is behind.", returned: success, type: float}
"""

import os
import time
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.host_release import host_facts

OS_RELEASE = Path("/etc/os-release")


def main() -> None:
    """Nothing in, the clock and what the host is out."""
    module = AnsibleModule(argument_spec={"limit_seconds": {"type": "float", "default": 5.0}}, supports_check_mode=True)
    release = OS_RELEASE.read_text(encoding="utf-8", errors="replace") if OS_RELEASE.exists() else ""
    facts = host_facts(release, os.cpu_count())
    module.exit_json(changed=False, epoch_seconds=time.time(), ansible_facts=facts)


if __name__ == "__main__":
    main()
