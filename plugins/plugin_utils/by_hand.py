# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work that a person did without this software (clauses 3.3, 4.2, 4.3, 4.4, 5.10), as it gets into a record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.record_reader import RecordError, read_record

__all__ = ["KINDS", "ByHandError", "entry"]

KINDS = ("visit", "training", "phone_consultation", "part_replaced", "handover", "document", "approval", "other")


class ByHandError(OpsError):
    """What was entered is no evidence: something is missing, or cannot be."""


def entry(given: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return the record's `by_hand` from what a person entered: kind, occurred_at, entered_by, summary_zh, summary_en.

    Raises:
        ByHandError: every fault, each with the variable that holds it.
    """
    faults = []
    if given["kind"] not in KINDS:
        faults.append(f"record_kind {given['kind']!r} must be one of {', '.join(KINDS)}")
    try:
        occurred = datetime.fromisoformat(str(given["occurred_at"]))
    except ValueError:
        occurred = None
    if occurred is None or occurred.tzinfo is None:
        faults.append(
            f"record_occurred_at {given['occurred_at']!r} must be a time with its zone, such as 2026-11-25T10:00:00+08:00"
        )
    elif occurred > now:
        faults.append(f"record_occurred_at {given['occurred_at']} lies in the future; record it when it has been done")
    if not faults:
        found = {name: given[name] for name in ("kind", "occurred_at", "entered_by", "summary_zh", "summary_en")}
        minimal = {"run_id": "20000101-000000-000000", "site": "site", "verb": "record", "actor": "actor"}
        try:
            read_record({**minimal, "started_at": now.isoformat(), "by_hand": found})
        except RecordError as error:
            faults.append(str(error).replace("by_hand.", "record_"))
        else:
            return found
    raise ByHandError("; ".join(faults) + ". Nothing was recorded")
