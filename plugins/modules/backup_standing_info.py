#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: whether the site's backups are proven by a drill."""

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_standing_info
short_description: Whether the site's backups are proven by a drill that is young enough
description:
  - Reads on the ops host which backup a drill brought back, and when. The age that a drill may have is the one that the watch over the backups goes by.
options:
  settings: {description: "What M(traumalink.ops.backup_check) was told of the site.", type: path, default: /etc/traumalink/backup_watch.json}
  drills: {description: Where the drills' results lie., type: path, default: /var/lib/traumalink-backup/drills}
attributes:
  check_mode: {support: full, description: Reads only.}
  diff_mode: {support: none, description: Reads only.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: See that what a change could destroy can be brought back
  traumalink.ops.backup_standing_info:
"""

RETURN = r"""
unproven: {description: "Why the backups count as unproven, with what to do; empty where they are proven.", returned: success, type: str}
proven: {description: The sets that a drill within that age brought back., returned: success, type: list, elements: str}
"""

import json
from datetime import UTC, datetime
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.backup_look import limits_of
from ansible_collections.traumalink.ops.plugins.module_utils.backup_proof import DRILLS
from ansible_collections.traumalink.ops.plugins.module_utils.drill_result import read_results, standing
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "settings": {"type": "path", "default": "/etc/traumalink/backup_watch.json"},
            "drills": {"type": "path", "default": str(DRILLS)},
        },
        supports_check_mode=True,
    )
    settings = Path(module.params["settings"])
    try:
        limits = limits_of(json.loads(settings.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        module.fail_json(msg=f"{settings} cannot be used ({error}); run traumalink.ops.site")
    except OpsError as error:
        module.fail_json(msg=str(error))
    found = standing(read_results(Path(module.params["drills"])), datetime.now(UTC), limits.drill)
    module.exit_json(changed=False, unproven=found.unproven, proven=sorted(found.proven))


if __name__ == "__main__":
    main()
