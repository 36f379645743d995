# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: patch_plan
short_description: Make a patch plan, or compare an approved one with what is there now
description:
  - Runs on the controller. A plan is one canonical JSON text of what M(traumalink.ops.pending_updates) told of all hosts; its SHA-256 is what an approval names.
options:
  state:
    description:
      - V(made) writes the plan and prints it as a table. V(read) only reads it.
      - V(compared) says in which points the site is not what the plan is about. What was installed exactly as approved since is no difference.
    type: str
    choices: [made, read, compared]
    required: true
  site: {description: The site's name., type: str, required: true}
  file: {description: "The plan, an absolute path on the controller.", type: str, required: true}
  hosts: {description: "Host to what M(traumalink.ops.pending_updates) returned as C(host).", type: dict, default: {}}
  scope: {description: Which updates the plan is about., type: str, choices: [security, all], default: security}
  reboot: {description: When hosts are rebooted., type: str, choices: [never, if_required, always], default: if_required}
  tracker: {description: "C(date) and C(sha256) of the security tracker's file, where there was one.", type: dict, default: {}}
  groups: {description: "The site's hosts by group (C(app), C(db), C(edge), C(ops)), for V(compared).", type: dict, default: {}}
attributes:
  check_mode: {support: full, description: Prints the plan and writes no file.}
  diff_mode: {support: none, description: Changes nothing on any host.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: See that the site is still what was approved
  traumalink.ops.patch_plan:
    state: compared
    site: my_hospital
    file: /srv/plans/my_hospital.json
    hosts: {app1: "{{ hostvars.app1.found.host }}"}
"""

RETURN = r"""
plan: {description: The plan., returned: success, type: dict}
sha256: {description: What an approval names., returned: success, type: str}
lines: {description: "What was printed, with V(made).", returned: success, type: list, elements: str}
names: {description: "By host the names of the packages in the plan, with V(read).", returned: success, type: dict}
differences: {description: "In words, with V(compared); none where the plan can be followed.", returned: success, type: list, elements: str}
broken: {description: "Hosts whose packages are half-configured, with V(compared).", returned: success, type: list, elements: str}
remaining: {description: "By host and step the updates of the plan that are not installed yet, with V(compared).", returned: success, type: dict}
order:
  description: "C(apps) with C(canary), the first of them, C(repository), C(others): in which order they are patched, with V(compared)."
  returned: success
  type: dict
figures: {description: "Figures for the record, with V(made).", returned: success, type: dict}
artefacts: {description: "The plan as a record names it, with V(made).", returned: success, type: list, elements: dict}
waiting: {description: "Hosts that have such, with V(compared).", returned: success, type: list, elements: str}
"""
