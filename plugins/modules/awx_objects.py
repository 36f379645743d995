# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: awx_objects
short_description: What AWX should hold of a site
description:
  - Runs on the controller, and derives from contract and inventory every object that AWX holds of a site, as plain data; it asks no AWX.
    The role P(traumalink.ops.awx#role) applies them.
options:
  site: {description: The site's name., type: str, required: true}
  contract: {description: The site's contract., type: dict, required: true}
  chosen: {description: Playbooks that get a job template; all that AWX can run where it is empty., type: list, elements: str, default: []}
  files: {description: Whether a host has files beside the database to back up., type: bool, default: false}
  organization: {description: Name of AWX's organization; the site's where it is empty., type: str, default: ""}
  scm_type: {description: How AWX gets the project., type: str, choices: [git, svn, archive, manual], default: git}
  scm_url: {description: From where., type: str, default: ""}
  scm_branch: {description: Which branch or tag., type: str, default: ""}
  scm_credential: {description: Whether fetching it needs a credential., type: bool, default: false}
  local_path: {description: Folder on AWX of a manual project; the site's name where it is empty., type: str, default: ""}
  playbook_folder: {description: Folder of the playbooks in the project., type: str, default: playbooks}
  inventory_path: {description: "The inventory in the project; C(inventories/<site>) where it is empty.", type: str, default: ""}
  image: {description: Image of the execution environment; AWX's own where it is empty., type: str, default: ""}
  passphrase: {description: "Whether AWX, not the vault, keeps the repository's passphrase.", type: bool, default: false}
  mail: {description: "How mails leave: C(host), C(port), C(sender), C(to), C(username), C(secure).", type: dict, default: {}}
  webhook_url: {description: Address of the webhook., type: str, default: ""}
  webhook_format: {description: Form of its body., type: str, choices: [plain, wecom, dingtalk], default: plain}
  approval_hours: {description: How long an approval node waits., type: int, default: 12}
attributes:
  check_mode: {support: full, description: Changes nothing anyway.}
  diff_mode: {support: none, description: Changes nothing.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Derive what AWX should hold
  traumalink.ops.awx_objects:
    site: "{{ site_name }}"
    contract: "{{ contract }}"
    scm_url: https://git.example.org/my_hospital.git
"""

RETURN = r"""
objects: {description: "Lists of arguments of awx.awx's modules, by kind.", returned: success, type: dict}
"""
