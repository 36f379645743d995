# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One line of progress from an Ansible module that works long: for whoever waits for it, never for its result."""

from __future__ import annotations

import os
import sys

__all__ = ["WORK_VARIABLE", "say"]

WORK_VARIABLE = "TRAUMALINK_WORK"  # set by work_unit in the unit: there standard error goes to a file that is looked at


def say(line: str) -> None:
    """Tell how far the work is; the newest line counts. Nothing happens where the module was called directly. No secrets."""
    if os.environ.get(WORK_VARIABLE):
        print(line, file=sys.stderr, flush=True)
