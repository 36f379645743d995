# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: packages
short_description: Install Debian packages where one is missing
description:
  - Asks dpkg first, and M(ansible.builtin.apt) only where a package is missing or was installed for another's sake alone. Without recommended packages; the
    list of packages is fetched when it is older than a day.
options:
  name: {description: Names of packages., type: list, elements: str, required: true}
attributes:
  check_mode: {support: full, description: As M(ansible.builtin.apt).}
  diff_mode: {support: full, description: As M(ansible.builtin.apt).}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Programs of backup
  traumalink.ops.packages:
    name: [pgbackrest, zstd]
"""

RETURN = r"""
changed: {description: "Whether something was or would be installed. Where it was, all else is the result of M(ansible.builtin.apt).", returned: always, type: bool}
"""
