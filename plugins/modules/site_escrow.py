#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: site_escrow
short_description: All secrets of a site in one file that a password of its own opens
description:
  - Runs on the controller. The file is encrypted as a whole with the vault password of the id C(escrow), which must be another than the site's. It is opened
    again after it was written. In a copy of the inventory it takes the place of the vault file, together with C(--vault-id escrow@prompt).
options:
  path: {description: The bundle., type: path, required: true}
  secrets: {description: The site's vault file., type: path, required: true}
  site: {description: "The site's name, for the bundle's heading.", type: str, required: true}
attributes:
  check_mode: {support: full, description: Names what would be in it.}
  diff_mode: {support: none, description: Secrets are never shown.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Bundle for the safe
  traumalink.ops.site_escrow:
    path: /media/usb/my_hospital.escrow.yml
    secrets: /srv/inventories/my_hospital/group_vars/all/vault.yml
    site: my_hospital
"""

RETURN = r"""
names: {description: Names of what is in the bundle., returned: success, type: list, elements: str}
"""
