# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an upgrade failed by its release, which is BAD then and not tried again, or by what happened around it."""

from __future__ import annotations

import re
from collections.abc import Collection

__all__ = ["blame"]

# The steps of an upgrade in which the release itself is looked at.
STEPS = ("migrate", "start", "soak")
# What is nobody's fault but the hour's: other transactions, HAProxy or the database restarted, a window that ends.
AROUND = re.compile(
    r"got no lock in time|HAProxy was restarted|No other migrations|are left before the cutoff|window has closed|database away|the database is away|"
    r"could not connect|Connection refused|has lost its lease"
)


def blame(step: str, reason: str, unreached: Collection[str]) -> str:
    """Return why the release is BAD, "" where it is not to blame.

    Args:
        step: in which step of the upgrade it failed.
        reason: why it failed, in words.
        unreached: hosts that could not be reached then; whatever was seen on the others is not the release's fault alone.
    """
    if step not in STEPS or unreached or AROUND.search(reason):
        return ""
    return reason
