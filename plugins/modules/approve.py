# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: approve
short_description: Make the hospital's approval of one operation
description:
  - Runs on the machine of the person who approves, with their own key. Shows in Chinese and English what is approved, signs it, and writes
    C(approval-<site>-<verb>-<id>.json) with its detached SSH signature C(.sig) into a folder.
  - An approval that is there and says the same, signed by the same key, is left alone.
options:
  site: {description: The site's name., type: str, required: true}
  verb: {description: "What is approved, for example V(upgrade).", type: str, required: true}
  subject_file: {description: The release's archive or the plan that is approved; its SHA-256 is computed., type: path}
  sha256: {description: "The SHA-256 of the release's archive or of the plan, where the file itself is elsewhere.", type: str, default: ""}
  subject_name: {description: "What people call it; the file's name by default.", type: str, default: ""}
  run_id:
    description: >-
      Instead of a release or plan: the run id of an emergency that has been, which is approved afterwards. O(verb) is the emergency's. Good for 30 days
      where neither O(hours) nor O(valid_to) is given.
    type: str
    default: ""
  valid_from: {description: "From when on, ISO 8601 with offset; now by default.", type: str, default: ""}
  valid_to: {description: "Until when, ISO 8601 with offset. At most 30 days after O(valid_from).", type: str, default: ""}
  hours: {description: "How long, in hours, instead of O(valid_to).", type: int}
  contact: {description: Id of the contact who approves., type: str, required: true}
  contacts:
    description:
      - The contract's contacts (C(id), C(side), C(roles), C(signing_keys)). Where they are given, a contact who is no approver of the hospital, and a
        key that is not the contact's, are refused.
    type: list
    elements: dict
  key: {description: "The person's private key, or a public key whose private half is in ssh-agent.", type: path, required: true}
  destination: {description: The folder for the two files. It is made where it is missing., type: path, required: true}
  note: {description: One line that the approval carries., type: str, default: ""}
  timezone: {description: In which times are shown., type: str, default: Asia/Shanghai}
attributes:
  check_mode: {support: full, description: Shows what would be approved.}
  diff_mode: {support: none, description: What is approved is shown anyway.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Approve an upgrade tonight
  traumalink.ops.approve:
    site: example_hospital
    verb: upgrade
    subject_file: /home/li_na/trauma-1.1.0.tar.gz
    valid_from: "2026-11-28T22:00:00+08:00"
    hours: 7
    contact: li_na
    key: /home/li_na/.ssh/id_ed25519
    destination: /home/li_na/approvals
"""

RETURN = r"""
document: {description: The approval's path., returned: "success, except in check mode where none is there", type: str}
signature: {description: The path of its signature., returned: as RV(document), type: str}
subject: {description: SHA-256 of what was approved; empty where the verb has no release or plan., returned: success, type: str}
statement: {description: What was shown before signing., returned: success, type: list, elements: str}
"""
