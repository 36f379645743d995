# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plugins that judge a moment by a contract take."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of a contract's filter and test."""

    DOCUMENTATION = r"""
positional: at, needs
options:
  _input: {description: The site's contract., type: dict, required: true}
  at: {description: The moment as ISO 8601 with an offset; now where it is left out., type: str}
  needs: {description: "Time for work and rollback together, such as C(1h30m), or seconds.", type: raw}
"""
