#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: the backup engine of one host, and whether a backup runs there."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pgbackrest_host_info
short_description: Version of pgBackRest on a host, and whether a backup runs there
attributes:
  check_mode: {support: full, description: Reads only.}
  diff_mode: {support: none, description: Reads only.}
options: {}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Learn which pgBackRest there is
  traumalink.ops.pgbackrest_host_info:
"""

RETURN = r"""
version: {description: "Version of pgBackRest; empty where there is none.", returned: success, type: str, sample: "2.45"}
running: {description: Processes that take a backup., returned: success, type: list, elements: int}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.command import NotInstalled, run
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest import engine_version
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest_failure import running_engines


def main() -> None:
    """Nothing in, one call, result out."""
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    try:
        version = engine_version(run)
    except NotInstalled:
        version = ""
    except OpsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, version=version, running=[engine.process for engine in running_engines(["backup"])])


if __name__ == "__main__":
    main()
