# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work that a person did without this software (clauses 3.3, 4.2, 4.3, 4.4, 5.10), as it gets into a record.

The kind `approval` is the hospital's after an emergency (clause 2.3): nobody's word for it counts, only what an approver has signed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.record import RUN_ID
from ansible_collections.traumalink.ops.plugins.module_utils.record_reader import RecordError, read_record
from ansible_collections.traumalink.ops.plugins.plugin_utils.clock_limit import CLOCK_LIMIT
from ansible_collections.traumalink.ops.plugins.plugin_utils.emergency_approval import answers_for

__all__ = ["ENTERED", "KINDS", "ByHandError", "entry"]

KINDS = ("visit", "training", "phone_consultation", "part_replaced", "handover", "document", "approval", "other")
ENTERED = ("kind", "occurred_at", "entered_by", "summary_zh", "summary_en")


class ByHandError(OpsError):
    """What was entered is no evidence: something is missing, or cannot be."""


def entry(given: Mapping[str, Any], now: datetime, approval: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the record's `by_hand` from what was entered: kind, occurred_at, entered_by, summary_zh, summary_en.

    Args:
        approval: the verified approval that the record holds, as it holds it; the kind `approval` needs the one of the run id in its summary, and says
            what that one says: who signed it, and when.

    Raises:
        ByHandError: every fault, each with the variable that holds it.
    """
    faults = []
    if given["kind"] not in KINDS:
        faults.append(f"record_kind {given['kind']!r} must be one of {', '.join(KINDS)}")
    elif given["kind"] == "approval" and not is_approved(given, approval):
        faults.append(
            "record_kind approval is nothing to enter: have the hospital sign it with traumalink.ops.approve -e approve_run_id=RUN_ID, "
            "and give that file as operation_approval instead"
        )
    try:
        occurred = datetime.fromisoformat(str(given["occurred_at"]))
    except ValueError:
        occurred = None
    if occurred is None or occurred.tzinfo is None:
        faults.append(
            f"record_occurred_at {given['occurred_at']!r} must be a time with its zone, such as 2026-11-25T10:00:00+08:00"
        )
    elif occurred > now + (
        CLOCK_LIMIT if given["kind"] == "approval" else timedelta()
    ):  # the approver's clock is another
        faults.append(f"record_occurred_at {given['occurred_at']} lies in the future; record it when it has been done")
    if not faults:
        found = {name: given[name] for name in ENTERED}
        minimal = {"run_id": "20000101-000000-000000", "site": "site", "verb": "record", "actor": "actor"}
        try:
            read_record({**minimal, "started_at": now.isoformat(), "by_hand": found})
        except RecordError as error:
            faults.append(str(error).replace("by_hand.", "record_"))
        else:
            return found
    raise ByHandError("; ".join(faults) + ". Nothing was recorded")


def is_approved(given: Mapping[str, Any], approval: Mapping[str, Any] | None) -> bool:
    """Tell whether an approval answers for a run id that the summary names, and was signed by whom and when the entry says."""
    if approval is None or (given["entered_by"], given["occurred_at"]) != (approval["approver"], approval["made_at"]):
        return False
    named = RUN_ID.findall(f"{given['summary_zh']} {given['summary_en']}")
    return any(answers_for(approval, run_id) for run_id in named)
