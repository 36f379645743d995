# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One thing that an inspection noticed: how grave, and what. Its words stand in finding_texts.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["CRITICAL", "NOTICE", "SEVERITIES", "WARNING", "Finding"]

CRITICAL, WARNING, NOTICE = "critical", "warning", "notice"
SEVERITIES = (CRITICAL, WARNING, NOTICE)


@dataclass(frozen=True)
class Finding:
    """One thing that was noticed.

    Attributes:
        severity: `critical` (what is archived may be lost, or nothing new is kept), `warning` (will become so), `notice` (should be known).
        code: what it is; the words for it, why it matters and what to do stand in finding_texts.py.
        values: what the words name: texts, numbers, times.
    """

    severity: str
    code: str
    values: Mapping[str, Any] = field(default_factory=dict)
