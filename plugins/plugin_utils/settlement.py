# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of the work that a cut-off operation had left on its hosts, as the reason in its record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["settlements"]


def settlements(
    operations: Sequence[Mapping[str, Any]], results: Sequence[Mapping[str, Any]], by: str
) -> dict[str, str]:
    """Return run id to reason, as the ledger closes operations with.

    Args:
        operations: those that are settled, each with `run_id` and `end` (whether this run ended it while it lived).
        results: what the module work_unit answered, one for each operation and host (`item`); unreachable ones among them.
        by: the verb that settles them.
    """
    reasons = {}
    for operation in operations:
        told = [told_of(result) for result in results if result["item"][0]["run_id"] == operation["run_id"]]
        left = "; ".join(text for text in told if text) or "nothing of it was left running"
        begin = f"ended by a {by}" if operation.get("end") else "its controller went silent"
        reasons[str(operation["run_id"])] = f"{begin}: {left}"
    return reasons


def told_of(result: Mapping[str, Any]) -> str:
    """Return what became of the work on one host; "" where there was none."""
    host = result["item"][1]
    if result.get("unreachable"):
        return f"{host} cannot be reached"
    work = result.get("work") or {}
    if not work or work["state"] == "absent":
        return ""
    ended = {"succeeded": "ended well", "failed": "failed", "killed": str(work.get("how") or "was killed")}.get(
        work["state"], work["state"]
    )
    return f"{work['title']} on {host} {ended} after {work['seconds']:.0f} s"
