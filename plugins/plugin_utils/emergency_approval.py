# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hospital's approval after an emergency: signed as any other, and bound to the one operation that was let through.

Its verb is the emergency's, its subject the SHA-256 of the emergency's run id, which stands beside it as the subject's name. So no gate takes it
for the approval of a release or plan, and it answers for no other emergency (clause 2.3; DESIGN, "The operation").
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.record import RUN_ID, iso
from ansible_collections.traumalink.ops.plugins.plugin_utils.approval import (
    Approval,
    ApprovalError,
)
from ansible_collections.traumalink.ops.plugins.plugin_utils.clock_limit import CLOCK_LIMIT
from ansible_collections.traumalink.ops.plugins.plugin_utils.signed_approval import Signed, check, kept, signed

__all__ = [
    "Emergency",
    "answers_for",
    "by_hand_of",
    "check_afterwards",
    "kept_for",
    "lets_record",
    "refuse_to_come",
    "run_id_of",
    "subject_of",
    "verified_afterwards",
]

# Returns the record of a verb and a run id, None where the ledger has none.
Emergency = Callable[[str, str], Mapping[str, Any] | None]
AS_NAMED = "write the emergency's as the message about it names it, such as 20261125-033000-3f9a2c"


def subject_of(run_id: str) -> str:
    """Return the subject of an approval after the emergency of that run id. Raises ApprovalError."""
    if not RUN_ID.fullmatch(run_id):
        raise ApprovalError(f"approve_run_id {run_id!r} is no run id; {AS_NAMED}.")
    return hashlib.sha256(run_id.encode()).hexdigest()


def refuse_to_come(run_id: str, now: datetime) -> None:
    """Refuse a run id whose time is none, or has not come yet: what is signed for it would be refused when it is brought in.

    Args:
        now: an aware time, by the clock of whoever signs.

    Raises:
        ApprovalError: with what to look at.
    """
    try:
        began = datetime.strptime(run_id[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)  # see record.new_run_id
    except ValueError:
        began = None
    if began is None:
        raise ApprovalError(f"approve_run_id {run_id!r} names no time that there is; {AS_NAMED}.")
    if began > now + CLOCK_LIMIT:
        raise ApprovalError(
            f"approve_run_id {run_id} is of {iso(began)}, and it is {iso(now)} here: what has not been cannot be approved afterwards. "
            f"See to this machine's clock, or {AS_NAMED}. Nothing was signed."
        )


def run_id_of(approval: Approval) -> str:
    """Return the run id of the emergency that an approval was made after; "" where it is an approval of what is to come."""
    name = approval.subject_name
    return name if RUN_ID.fullmatch(name) and approval.subject == subject_of(name) else ""


def lets_record(approval: Approval) -> bool:
    """Tell whether an approval lets the verb `record` run, where the contract wants one for it, and is not what that brings in."""
    return approval.verb == "record" and not run_id_of(approval)


def answers_for(approval: Mapping[str, Any] | None, run_id: str) -> bool:
    """Tell whether an approval, as a record keeps it, was made after the emergency of that run id."""
    return approval is not None and approval.get("subject") == subject_of(run_id)


def kept_for(record: Mapping[str, Any], emergency: Mapping[str, Any], allowed: Mapping[str, Sequence[str]]) -> Approval:
    """Return the approval that a record keeps, as plain data, when an approver has signed it for this emergency.

    What the record says beside the signed document is not believed: whoever writes a record writes that too.

    Args:
        emergency: the record of what was let through.
        allowed: contact id to public keys, see approval.approver_keys.

    Raises:
        ApprovalError: it keeps no signed document, one by another signer, or one of something else.
    """
    approval = kept(record.get("approval"), allowed)
    signed_for = (approval.site, approval.verb, run_id_of(approval))
    if signed_for != (emergency.get("site"), emergency.get("verb"), emergency.get("run_id")):
        raise ApprovalError("the document in the record was signed for something else")
    return approval


def verified_afterwards(document: Path, allowed: Mapping[str, Sequence[str]]) -> tuple[Signed, str]:
    """Return the approval in `document`, and the run id of the emergency that it was made after.

    Args:
        allowed: contact id to public keys, see approval.approver_keys.

    Raises:
        ApprovalError: missing, damaged, by another signer, or made after no emergency.
    """
    found = signed(document, None, allowed)
    run_id = run_id_of(found.approval)
    if not run_id:
        raise ApprovalError(
            f"The approval {document.name} is for {found.approval.verb}, and names no emergency that has been. "
            "Have one made by the hospital with traumalink.ops.approve -e approve_run_id=RUN_ID."
        )
    return found, run_id


def check_afterwards(
    document: Path, allowed: Mapping[str, Sequence[str]], site: str, now: datetime, emergency: Emergency
) -> Signed:
    """Return the approval in `document` when it was made after an emergency of this site that is over.

    Args:
        allowed: contact id to public keys, see approval.approver_keys.
        now: an aware time.
        emergency: looks up the emergency in the site's ledger.

    Raises:
        ApprovalError: as `verified_afterwards`; or it is of another site, not valid now, made later than now or before the emergency began, or the ledger has no such emergency,
            or one that is not over.
    """
    afterwards, run_id = verified_afterwards(document, allowed)
    approval = afterwards.approval
    if approval.made_at > now + CLOCK_LIMIT:
        raise ApprovalError(
            f"The approval {document.name} was signed at {iso(approval.made_at)}, and it is {iso(now)} here: the clock where it was signed is ahead, "
            "or the controller's is behind. Wait until then and run it again, or set the clock that is wrong and have another one made."
        )
    # Signed a moment ago by a clock that is a little ahead, it is valid from then on.
    found = check(document, None, allowed, site, approval.verb, approval.subject, max(now, approval.made_at))
    approval = found.approval
    record = emergency(approval.verb, run_id)
    what = f"The approval {document.name} is of {approval.verb} {run_id}"
    if record is None:
        raise ApprovalError(
            f"{what}, which the ledger of {site} does not have. Compare verb and run id with the message about the emergency; "
            "a record that a controller kept while ops was away comes in with the next operation that runs there, such as traumalink.ops.backup_check."
        )
    if not record["emergency"] or record["outcome"] == "refused":
        raise ApprovalError(f"{what}, which no emergency let through, so there is nothing to approve afterwards.")
    if record["outcome"] is None:
        raise ApprovalError(
            f"{what}, which is not over: it is still running, or was cut off and the next operation of the site will see to it. "
            "Run this again when the message about its end has come."
        )
    if approval.made_at < datetime.fromisoformat(record["started_at"]):
        raise ApprovalError(
            f"{what}, and was made at {iso(approval.made_at)}, before that began at {record['started_at']}. "
            "See to the clock where it was made, and have another one made with traumalink.ops.approve."
        )
    return found


def by_hand_of(approval: Approval) -> dict[str, str]:
    """Return what the record that brings an approval in says of it: who approved what, and when they signed."""
    run_id = run_id_of(approval)
    return {
        "kind": "approval",
        "occurred_at": iso(approval.made_at),
        "entered_by": approval.approver,
        "summary_zh": f"补批紧急操作 {run_id}" + (f"：{approval.note}" if approval.note else ""),
        "summary_en": f"Approval after the emergency {run_id}",
    }
