# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: version_register
short_description: Print the version register of all app hosts
description:
  - Runs on the controller, and prints a line for each version on each host (what became of it, slot, since when it is current, whether its
    files are as released), then programs and documents of the current versions with their SHA-256 (clause 2.5).
  - Fails in the end where a host that was asked could not tell.
options:
  answers:
    description: "App host to what M(traumalink.ops.release_info) answered with O(traumalink.ops.release_info#module:versions); empty where it was not asked."
    type: dict
    required: true
  site: {description: The site's name., type: str, required: true}
  timezone: {description: In which times are shown., type: str, default: UTC}
  file: {description: "Absolute path of a JSON file to write, on the controller.", type: str, default: ""}
attributes:
  check_mode: {support: full, description: Writes no file.}
  diff_mode: {support: none, description: Changes nothing on any host.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Show all versions
  traumalink.ops.version_register:
    answers: "{{ dict(groups['app'] | zip(groups['app'] | map('extract', hostvars, 'asked'))) }}"
    site: my_hospital
"""

RETURN = r"""
lines: {description: What was printed., returned: always, type: list, elements: str}
"""
