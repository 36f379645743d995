# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the end of an operation owes to its opening: only what was let in by the gate stands in its record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["other_than", "unapproved"]

# What an operation may not change between its opening and its closing: an approval or an emergency would come in unchecked, and who did what
# where, in which window and for which clauses was said when it was let in.
FIXED = (
    *("run_id", "site", "verb", "actor", "started_at", "clauses", "hosts"),
    *("window", "approval", "emergency", "rehearsal"),
)


def other_than(opened: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    """Return the fields in which a record is not the end of what was opened, in words; "" where it is."""
    return ", ".join(name for name in FIXED if _said(opened[name]) != _said(data[name]))


def _said(value: Any) -> Any:
    """Return a field without its empty parts: an earlier version opened it without those that came later."""
    if not isinstance(value, Mapping):
        return value
    return {name: part for name, part in value.items() if part is not None and part != ""}


def unapproved(data: Mapping[str, Any], opened: Mapping[str, Any] | None) -> str:
    """Return why a record may not say that the hospital has approved an emergency (clause 2.3); "" where it may, or says nothing of it.

    Args:
        opened: the record as it was opened in this ledger, which the gate lets happen with a signed approval alone; None where it was not.
    """
    by_hand = data["by_hand"]
    if not by_hand or by_hand["kind"] != "approval":
        return ""
    if opened and opened["approval"]:
        held = opened["approval"]
        if (by_hand["entered_by"], by_hand["occurred_at"]) == (held["approver"], held.get("made_at")):
            return ""
        return f"{data['run_id']} says otherwise than its approval {held['id']} who approved an emergency, and when."
    return (
        f"{data['run_id']} says that the hospital has approved an emergency, and was not opened here with its approval: have one signed "
        "with traumalink.ops.approve -e approve_run_id=RUN_ID, and bring it in with traumalink.ops.record -e operation_approval=FILE."
    )
