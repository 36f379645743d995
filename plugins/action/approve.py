# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: make an approval with the person's own key, on the machine where they sit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from ansible_collections.traumalink.ops.plugins.module_utils.signature import SIGNATURE_SUFFIX
from ansible_collections.traumalink.ops.plugins.plugin_utils import approval_maker as maker
from ansible_collections.traumalink.ops.plugins.plugin_utils.approval import (
    LONGEST,
    Approval,
    ApprovalError,
    approver_keys,
)
from ansible_collections.traumalink.ops.plugins.plugin_utils.controller_action import ControllerAction
from ansible_collections.traumalink.ops.plugins.plugin_utils.emergency_approval import refuse_to_come, subject_of


class ActionModule(ControllerAction):
    """What is approved is shown first, then signed; the private key never leaves ssh-keygen."""

    SPEC: ClassVar[dict[str, dict[str, Any]]] = {
        "site": {"type": "str", "required": True},
        "verb": {"type": "str", "required": True},
        "subject_file": {"type": "path"},
        "sha256": {"type": "str", "default": ""},
        "subject_name": {"type": "str", "default": ""},
        "run_id": {"type": "str", "default": ""},
        "valid_from": {"type": "str", "default": ""},
        "valid_to": {"type": "str", "default": ""},
        "hours": {"type": "int"},
        "contact": {"type": "str", "required": True},
        "contacts": {"type": "list", "elements": "dict"},
        "key": {"type": "path", "required": True},
        "destination": {"type": "path", "required": True},
        "note": {"type": "str", "default": ""},
        "timezone": {"type": "str", "default": "Asia/Shanghai"},
    }

    def act(self, given: dict[str, Any]) -> dict[str, Any]:
        """Show, sign and write the approval; in check mode only show it."""
        # Relative paths are meant from where the person stands, not from the playbook's folder.
        key, destination = Path(given["key"]).absolute(), Path(given["destination"]).absolute()
        approval = wanted(given, datetime.now(UTC))
        if given["contacts"] is not None:
            maker.refuse_other_signer(approval.approver, key, approver_keys(given["contacts"]))
        lines = maker.statement(approval, zone_of(given["timezone"]))
        self._display.display("\n".join(lines))
        document = maker.made_before(approval, destination, key)
        changed = document is None
        if document is None and not self._task.check_mode:
            document = maker.write(approval, destination, key)
        result = {"changed": changed, "statement": lines, "subject": approval.subject}
        if document is not None:
            result |= {"document": str(document), "signature": f"{document}{SIGNATURE_SUFFIX}"}
        return result


def zone_of(name: str) -> ZoneInfo:
    """Return the time zone of that name. Raises ApprovalError."""
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise ApprovalError(f"timezone {name!r} is not known; write one such as Asia/Shanghai.") from None


def wanted(given: dict[str, Any], now: datetime) -> Approval:
    """Return the approval that the arguments ask for. Raises ApprovalError."""
    if given["run_id"]:
        given = of_emergency(given, now)
    if given["subject_file"] and given["sha256"]:
        raise ApprovalError(
            "Give approve_subject_file or approve_sha256, not both: the SHA-256 of the file is computed."
        )
    if (given["hours"] is None) == (not given["valid_to"]):
        raise ApprovalError(
            "Give either approve_valid_to (2026-11-29T05:00:00+08:00) or approve_hours: how long the approval is valid."
        )
    file = Path(given["subject_file"]).absolute() if given["subject_file"] else None
    return maker.new_approval(
        site=given["site"],
        verb=given["verb"],
        subject=maker.subject_of(file) if file else given["sha256"],
        subject_name=given["subject_name"] or (file.name if file else ""),
        valid=maker.period(given["valid_from"], given["valid_to"], given["hours"], now),
        approver=given["contact"],
        note=given["note"],
        now=now,
    )


def of_emergency(given: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Return the arguments of an approval after an emergency; it is good for that one alone, so it may be brought in as long as any. Raises ApprovalError."""
    for name in ("subject_file", "sha256", "subject_name"):
        if given[name]:
            raise ApprovalError(
                f"approve_run_id says which emergency was right; leave approve_{name} out, which is for what is to come."
            )
    subject = subject_of(given["run_id"])
    refuse_to_come(given["run_id"], now)
    hours = LONGEST // timedelta(hours=1) if given["hours"] is None and not given["valid_to"] else given["hours"]
    return {**given, "sha256": subject, "subject_name": given["run_id"], "hours": hours}
