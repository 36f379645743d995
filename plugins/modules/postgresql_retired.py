#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: the old database of a site stands still, since it has come back on another host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: postgresql_retired
short_description: Stop the old database of a site and keep it from starting, since it has come back on another host
description:
  - Stops the clusters that role postgresql of this collection has configured, and disables them in Debian's C(start.conf). Their data stays as it is,
    other clusters of the host are not touched. A restore onto this host lets them start again.
options:
  successor: {description: The host on which the database has come back., type: str, required: true}
attributes:
  check_mode: {support: full, description: Says what would be done.}
  diff_mode: {support: none, description: There is nothing to compare.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Let the old database stand still
  traumalink.ops.postgresql_retired:
    successor: db2
"""

RETURN = r"""
steps: {description: What was or would be done, in words., returned: success, type: list, elements: str}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.cluster_retirement import retire
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(argument_spec={"successor": {"type": "str", "required": True}}, supports_check_mode=True)
    try:
        steps = retire(run, module.params["successor"], check=module.check_mode)
    except (OpsError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=bool(steps), steps=steps)


if __name__ == "__main__":
    main()
