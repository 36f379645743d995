# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: window_calendar
short_description: Print the days to come with the times of disruptive work
description:
  - Runs on the controller, and prints a line for each day (date, kind of day, when disruptive work may run, freezes) and for each
    warning, of the holiday calendar or of approvals that nobody can give.
options:
  contract: {description: The site's contract., type: dict, required: true}
  at: {description: A moment of the first day as ISO 8601 with an offset; now where it is left out., type: str}
  days: {description: How many days., type: int, default: 60}
attributes:
  check_mode: {support: full, description: Changes nothing anyway.}
  diff_mode: {support: none, description: Changes nothing.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Show the days to come
  traumalink.ops.window_calendar:
    contract: "{{ contract }}"
    days: 14
"""

RETURN = r"""
lines: {description: What was printed., returned: success, type: list, elements: str}
"""
