# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the option `database` (module_utils/database_options.py)."""

from __future__ import annotations


class ModuleDocFragment:
    """What Ansible reads."""

    DOCUMENTATION = r"""
options:
  database:
    description: How the database is reached. The password goes into a file that only the user of the processes can read.
    type: dict
    required: true
    suboptions:
      host: {description: "Host or address; several are separated by commas.", type: str, required: true}
      port: {description: The port., type: int, default: 5432}
      name: {description: The database., type: str, required: true}
      user: {description: The database role., type: str, required: true}
      password: {description: Its password., type: str, required: true}
      ca_file: {description: The authority that vouches for the server., type: path, default: /etc/traumalink/tls/ca.crt}
"""
