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
skew_seconds: {description: "How far the host is ahead of the controller, at least; negative where it is behind.", returned: success, type: float}
"""

import time

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    """Nothing in, the clock out."""
    module = AnsibleModule(argument_spec={"limit_seconds": {"type": "float", "default": 5.0}}, supports_check_mode=True)
    module.exit_json(changed=False, epoch_seconds=time.time())


if __name__ == "__main__":
    main()
