# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: site_secrets
short_description: Make a site's secrets that are missing, into its vault file
description:
  - Runs on the controller. Each missing secret is generated and appended to the file as inline vault text, encrypted with
    the vault password of the running playbook. What is there stays to the letter.
  - Beside the passwords these are the site's certificate authority (C(site_ca_private_key), C(site_ca_certificate)) and the key that countersigns
    the ledger's head (C(site_countersign_key), C(site_countersign_public_key)).
options:
  path: {description: The site's vault file., type: path, required: true}
  passwords: {description: Variables that hold a generated password., type: list, elements: str, required: true}
  authority: {description: Common name of the certificate authority., type: str, required: true}
attributes:
  check_mode: {support: full, description: Names what would be made.}
  diff_mode: {support: none, description: Secrets are never shown.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Make the secrets
  traumalink.ops.site_secrets:
    path: inventories/example/group_vars/all/vault.yml
    passwords: [backup_cipher_passphrase]
    authority: Example hospital
"""

RETURN = r"""
made: {description: Names of the secrets that were or would be made., returned: success, type: list, elements: str}
"""
