# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person brings in with the verb `record`: their own words about work by hand, or the hospital's signed approval after an emergency."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible_collections.traumalink.ops.plugins.plugin_utils.approval import approver_keys
from ansible_collections.traumalink.ops.plugins.plugin_utils.by_hand import ENTERED, ByHandError, entry
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import read_contract
from ansible_collections.traumalink.ops.plugins.plugin_utils.emergency_approval import (
    by_hand_of,
    lets_record,
    verified_afterwards,
)
from ansible_collections.traumalink.ops.plugins.plugin_utils.signed_approval import verified

__all__ = ["evidence"]


def evidence(given: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return the record's `by_hand`.

    Args:
        given: kind, occurred_at, entered_by, summary_zh, summary_en; or `approval`, a file on the controller, its signature beside it, and `contract`.
            An approval of the verb `record` itself says nothing of the work.

    Raises:
        ByHandError: what was entered is no evidence. ApprovalError, ContractError: the approval is none that counts.
    """
    if not given.get("approval"):
        return entry(given, now)
    document = Path(given["approval"]).expanduser()
    contacts = read_contract(given.get("contract")).contacts
    keys = approver_keys([contact.model_dump() for contact in contacts])
    if lets_record(verified(document, None, keys)):
        return entry(given, now)
    found, _run_id = verified_afterwards(document, keys)
    if said := [f"record_{name}" for name in ENTERED if given.get(name)]:
        raise ByHandError(
            f"operation_approval says itself who approved what and when; leave {', '.join(said)} out. Nothing was recorded"
        )
    return entry(by_hand_of(found.approval), now, found.as_record())
