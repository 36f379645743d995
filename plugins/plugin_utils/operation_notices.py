# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told about an operation: each message as mail and webhook body, at its opening, at its end, and when it is settled.

A message is a mapping: `event`, `subject`, `text`, `mail_to` (addresses, or none), `webhook` (the body, or None where none is called). One that
reaches nobody is none.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.plugin_utils.notice import notice, webhook_body
from ansible_collections.traumalink.ops.plugins.plugin_utils.receivers import Receivers

__all__ = ["head_notices", "interrupted_notices", "notices_of", "opening_notices"]

WEBHOOK_CHARACTERS = 600  # Chinese takes three bytes a character, and a WeCom robot 2048 bytes
TOLD = ("refused", "failed", "rolled_back", "interrupted")


def head_notices(site: str, head: Mapping[str, Any] | None, receivers: Receivers) -> list[dict[str, Any]]:
    """Return what the hospital is told of a new head of the ledger, to be kept: with it nobody can change what stands before unnoticed."""
    if head is None or not receivers.hear_of("ledger_head"):
        return []
    subject = f"[{site}] 台账校验值 {head['sequence']} / head {head['sequence']} of the ledger"
    text = (
        "请保存本邮件：其中的校验值可证明此前的维护记录未被改动。\n"
        "Please keep this message: it proves that the maintenance records up to here were not altered.\n\n"
        f"{json.dumps({name: head[name] for name in ('sequence', 'hash', 'at')}, sort_keys=True)}\n{head['signature']}"
    )
    fields = {
        "event": "ledger_head",
        "site": site,
        **{name: head[name] for name in ("sequence", "hash", "at", "signature")},
    }
    plain = {"subject": subject, "text": text, **fields}
    robot = {"msgtype": "text", "text": {"content": f"{subject}\n{text}"[:WEBHOOK_CHARACTERS]}}
    body = plain if receivers.webhook_format == "plain" else robot
    return [message("ledger_head", subject, text, body, receivers)]


def opening_notices(record: Mapping[str, Any], receivers: Receivers) -> list[dict[str, Any]]:
    """Return what is told when an operation opens: that an emergency lets it through. The hospital may still call and have it stopped."""
    return messages(["emergency"] if record.get("emergency") else [], record, receivers)


def notices_of(record: Mapping[str, Any], receivers: Receivers, *, over: bool = True) -> list[dict[str, Any]]:
    """Return what is told about the end of an operation: refusals and failures, and that an emergency is over and its approval due.

    Args:
        over: whether its work has ended; else its record stays open, and the end of the emergency is told once it is settled.
    """
    events = [record["outcome"]] if record["outcome"] in TOLD else []
    if over and record.get("emergency") and record["outcome"] != "refused":
        events.append("emergency_ended")
    return messages(events, record, receivers)


def interrupted_notices(
    operations: Sequence[Mapping[str, Any]],
    settled: Mapping[str, str],
    site: str,
    receivers: Receivers,
    look_up: Callable[[str, str], Mapping[str, Any] | None],
) -> list[dict[str, Any]]:
    """Return what is told about operations that another one has settled; of an emergency also that it is over and its approval due.

    Args:
        operations: those that were cut off, as the ledger names them: run_id, verb, actor, since, hosts.
        settled: run id to reason, as the ledger has closed them with.
        look_up: returns the record of a verb and a run id, or None. Only that one says whether it was an emergency.
    """
    found = []
    for operation in operations:
        if operation["run_id"] in settled:
            record = {**operation, "site": site, "started_at": operation.get("since")}
            # Where the ledger cannot be asked any more, that it was cut off is told all the same.
            with contextlib.suppress(OpsError):
                record |= look_up(operation["verb"], operation["run_id"]) or {}
            found += notices_of({**record, "outcome": "interrupted", "reason": settled[operation["run_id"]]}, receivers)
    return found


def messages(events: Sequence[str], record: Mapping[str, Any], receivers: Receivers) -> list[dict[str, Any]]:
    """Return the message about each event of a record that anybody is told of.

    Times are shown in the contract's zone; with a contract that cannot be read, which may be what is told, in UTC.
    """
    zone: tzinfo = UTC
    with contextlib.suppress(KeyError, TypeError, ValueError, OSError):
        zone = ZoneInfo(str(receivers.contract["timezone"]))
    told = [notice(event, record, zone) for event in events if receivers.hear_of(event)]
    return [
        message(each.event, each.subject, each.text, webhook_body(each, receivers.webhook_format), receivers)
        for each in told
    ]


def message(event: str, subject: str, text: str, body: dict[str, Any], receivers: Receivers) -> dict[str, Any]:
    """Return one message with whom it goes to."""
    webhook = body if receivers.webhook else None
    return {"event": event, "subject": subject, "text": text, "mail_to": receivers.mailed(event), "webhook": webhook}
