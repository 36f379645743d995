# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far two clocks may be apart before one of them is wrong. DESIGN, "The operation", second table."""

from __future__ import annotations

from datetime import timedelta

__all__ = ["CLOCK_LIMIT"]

CLOCK_LIMIT = timedelta(seconds=5)
