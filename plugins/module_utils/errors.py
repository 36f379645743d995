# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one family of errors of the domain: raised anywhere below, caught once in a thin adapter."""

from __future__ import annotations

__all__ = ["OpsError"]


class OpsError(Exception):
    """Something that a person must hear about: the message says what happened, on what, and what to do next."""
