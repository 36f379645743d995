# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An operation as the controller sees it: what is asked for, what its record says, and who is told."""

from __future__ import annotations

import contextlib
import getpass
import json
import socket
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ansible_collections.traumalink.ops.plugins.module_utils.ledger_chain import Head, sign_head
from ansible_collections.traumalink.ops.plugins.module_utils.record import one_line
from ansible_collections.traumalink.ops.plugins.plugin_utils.approval import ApprovalError, approver_keys, check
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import Contract
from ansible_collections.traumalink.ops.plugins.plugin_utils.gate import Verdict
from ansible_collections.traumalink.ops.plugins.plugin_utils.notice import notice, webhook_body

__all__ = [
    "OPTIONS",
    "Holder",
    "actor_of",
    "approval_of",
    "closed_record",
    "countersigned",
    "head_notice",
    "left_files",
    "notices_of",
    "opening_record",
    "work_left",
]

MAX_REASON = 1000
MAX_FIGURE = 500
WEBHOOK_CHARACTERS = 600  # Chinese takes three bytes a character, and a WeCom robot 2048 bytes
SECRET_NAMES = ("password", "passphrase", "private_key", "secret", "token", "signing_key")
TOLD = ("refused", "failed", "rolled_back", "interrupted")

# What is asked for: the same in each of the three steps.
REQUEST_OPTIONS: dict[str, dict[str, Any]] = {
    "verb": {"type": "str", "required": True},
    "site": {"type": "str", "required": True},
    "contract": {"type": "raw"},
    "clauses": {"type": "list", "elements": "str", "default": []},
    "hosts": {"type": "list", "elements": "str", "required": True},
    "ops": {"type": "str", "required": True},
    "subject": {"type": "str", "default": ""},
    "approval": {"type": "str", "default": ""},
    "emergency_reason": {"type": "str", "default": ""},
    "emergency_by": {"type": "str", "default": ""},
    "now": {"type": "str", "default": ""},
    "rehearsal": {"type": "bool", "default": False},
    "rehearsals_allowed": {"type": "bool", "default": False},
    "restarts": {"type": "bool", "default": False},
    "serving": {"type": "bool", "default": False},
    "expected": {"type": "str", "default": ""},
    "creates_ledger": {"type": "bool", "default": False},
    "lock_wait": {"type": "str", "default": "6h"},
    "lease_seconds": {"type": "int", "default": 60},
    "controller_records": {"type": "path", "required": True},
    "witness_host": {"type": "str", "default": ""},
    "witnessed": {"type": "list", "elements": "dict", "default": []},
    "witness_problem": {"type": "str", "default": ""},
    "webhook_format": {"type": "str", "choices": ["plain", "wecom", "dingtalk"], "default": "plain"},
}
OPTIONS: dict[str, dict[str, Any]] = {
    "state": {"type": "str", "choices": ["judged", "opened", "closed"], "required": True},
    "request": {"type": "dict", "options": REQUEST_OPTIONS, "required": True},
    "countersign_key": {"type": "str", "default": "", "no_log": True},
    "settled": {"type": "dict", "default": {}},
    "ending": {"type": "list", "elements": "str", "default": []},
    "record": {"type": "dict", "default": {}},
    "opened": {"type": "bool", "default": False},
    "away": {"type": "bool", "default": False},
    "keeper_file": {"type": "str", "default": ""},
    "outcome": {"type": "str", "choices": ["success", "failed", "rolled_back", "refused"], "default": "failed"},
}


@dataclass(frozen=True)
class Holder:
    """The operation that holds the site: who runs what, since when, and when it last renewed its lease (ISO 8601)."""

    run_id: str
    verb: str
    actor: str
    since: str
    renewed_at: str

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Holder:
        """Return the holder as the ledger tells it."""
        return cls(*(str(data[name]) for name in ("run_id", "verb", "actor", "since", "renewed_at")))

    def in_words(self) -> str:
        """Return the holder for a message."""
        return f"{self.verb} {self.run_id} of {self.actor}, which holds the site since {self.since}"

    def refusal(self, verb: str, site: str, waited_seconds: float) -> str:
        """Return why `verb` does not start beside it."""
        waited = f" after waiting {waited_seconds:.0f} s" if waited_seconds else ""
        return f"{verb} of {site} is refused{waited}: {self.in_words()}, is at work. Run it again when that has ended. Nothing was changed"


def actor_of(variables: Mapping[str, Any]) -> str:
    """Return who runs this and where: AWX's user where AWX runs it, else the user of this controller."""
    user = variables.get("awx_user_name") or variables.get("tower_user_name") or getpass.getuser()
    return f"{user}@{socket.gethostname()}"


def approval_of(given: Mapping[str, Any], contract: Contract, at: datetime) -> tuple[dict[str, Any] | None, str]:
    """Return the approval as a record holds it, or why there is none that counts."""
    if not given["approval"]:
        return None, (
            f"{given['verb']} needs the hospital's approval; let it make one with traumalink.ops.approve, and give operation_approval=FILE"
        )
    try:
        keys = approver_keys([contact.model_dump() for contact in contract.contacts])
        approval = check(
            Path(given["approval"]).expanduser(), None, keys, given["site"], given["verb"], given["subject"], at
        )
    except ApprovalError as error:
        return None, str(error)
    return approval.summary(), ""


def opening_record(
    given: Mapping[str, Any], at: datetime, actor: str, verdict: Verdict | None, approval: dict[str, Any] | None
) -> dict[str, Any]:
    """Return the record as it is known before the work."""
    return {
        "run_id": "",
        "site": given["site"],
        "verb": given["verb"],
        "clauses": list(given["clauses"]),
        "actor": actor,
        "started_at": at.isoformat(timespec="seconds"),
        "ended_at": None,
        "outcome": None,
        "reason": "",
        "window": verdict.window if verdict else None,
        "approval": approval,
        "emergency": verdict.emergency if verdict else None,
        "rehearsal": bool(given["rehearsal"]),
        "hosts": list(given["hosts"]),
    }


def closed_record(given: Mapping[str, Any], variables: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return the whole record at the end, with what the work left in the facts `operation_*` of its hosts.

    Named facts only: figures, versions, artefacts and what was entered by hand. Never a task's arguments.
    """
    record = dict(given["record"]) or opening_record(given, now, actor_of(variables), None, None)
    started = datetime.fromisoformat(record["started_at"])
    # In a rehearsal the clock was given; the record's length is the real one.
    ended = started + timedelta(seconds=elapsed_seconds(record, now)) if record["rehearsal"] else now
    names = ("figures", "versions_before", "versions_after")
    facts = {name: plain(merged(variables, given["hosts"], f"operation_{name}")) for name in names}
    artefacts = [entry for host in given["hosts"] for entry in fact(variables, host, "operation_artefacts") or []]
    by_hand = next((found for host in given["hosts"] if (found := fact(variables, host, "operation_by_hand"))), None)
    outcome = given["outcome"]
    reason = "" if outcome == "success" else told(variables, given["hosts"])
    record.update(
        ended_at=ended.isoformat(timespec="seconds"),
        outcome=outcome,
        reason=without_secrets(reason, variables)[:MAX_REASON],
        artefacts=artefacts,
        by_hand=by_hand,
        **facts,
    )
    return record


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return figures or versions as a record takes them: numbers and lines of text; truth values become words, nothing is left out as nothing."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, bool):
            found[name] = str(value).lower()
        elif isinstance(value, int | float):
            found[name] = value
        elif value is not None and (line := one_line(str(value), MAX_FIGURE)):
            found[name] = line
    return found


def elapsed_seconds(record: Mapping[str, Any], now: datetime) -> float:
    """Return how long the operation took; its run id holds the real start."""
    if not record["run_id"]:
        return 0.0
    begun = datetime.strptime(record["run_id"][:15] + "+0000", "%Y%m%d-%H%M%S%z")
    return max((now - begun).total_seconds(), 0.0)


def fact(variables: Mapping[str, Any], host: str, name: str) -> Any:
    """Return a host's variable as it stands, or None.

    Not as a template: what failed holds its task's arguments, whose variables may be gone by now, or secret.
    """
    hostvars = variables.get("hostvars") or {}
    if host not in hostvars:
        return None
    raw: Mapping[str, Any] = hostvars.raw_get(host) if hasattr(hostvars, "raw_get") else hostvars[host]
    return raw.get(name)


def merged(variables: Mapping[str, Any], hosts: Sequence[str], name: str) -> dict[str, Any]:
    """Return a fact of several hosts in one mapping."""
    together: dict[str, Any] = {}
    for host in hosts:
        together |= fact(variables, host, name) or {}
    return together


def told(variables: Mapping[str, Any], hosts: Sequence[str]) -> str:
    """Return the reasons as one line. Nothing in them may keep the record from being closed."""
    try:
        return "; ".join(reasons(variables, hosts)) or "no reason was given"
    except Exception as error:
        return f"the reason cannot be told ({type(error).__name__})"


def reasons(variables: Mapping[str, Any], hosts: Sequence[str]) -> Iterator[str]:
    """Yield what failed on which host, each message once, and hosts that could not be reached."""
    told: set[str] = set()
    for host in hosts:
        result = fact(variables, host, "ansible_failed_result") or {}
        task = fact(variables, host, "ansible_failed_task") or {}
        if not result:
            continue
        hidden = result.get("_ansible_no_log") or task.get("no_log")
        message = (
            f"the task '{task.get('name')}' failed (its output is not logged)"
            if hidden
            else " ".join(str(result.get("msg", "")).split())
        )
        if message and message not in told:
            told.add(message)
            yield f"{host}: {message}"
    # The rescue leaves this fact on every host that it reaches. What Ansible itself counts as the play's hosts changes within a rescue.
    answered = [host for host in hosts if fact(variables, host, "__operation_outcome")]
    for host in hosts:
        if answered and host not in answered:
            yield f"{host}: cannot be reached"


def without_secrets(text: str, variables: Mapping[str, Any]) -> str:
    """Return a text in which the values of variables that are named like secrets are blotted out."""
    for name in [name for name in variables if any(part in name.lower() for part in SECRET_NAMES)]:
        value = variables[name]
        if (
            not isinstance(value, str) and type(value).__name__ != "EncryptedString"
        ):  # ansible-core's value out of a vault
            continue
        try:
            secret = str(value)
        except Exception:  # noqa: S112 - one that does not open cannot have got into the text
            continue
        if len(secret) >= 8 and secret in text:
            text = text.replace(secret, "***")
    return text


def countersigned(key: str, head: Mapping[str, Any]) -> dict[str, Any]:
    """Return a head with its countersignature by the site's key, which stands in the vault and never on the ops host; without a key unsigned."""
    if not key:
        return {**head, "signature": ""}
    with tempfile.TemporaryDirectory(prefix="traumalink-key-") as folder:
        file = Path(folder, "key")
        file.touch(mode=0o600)
        file.write_text(key.strip() + "\n", encoding="ascii")
        return {**head, "signature": sign_head(Head(head["sequence"], head["hash"], head["at"]), file)}


def left_files(keeper_file: Path) -> list[Path]:
    """Return the files by which the action `work` says that it lost sight of work that may go on; one a host, beside the keeper's."""
    return sorted(keeper_file.parent.glob("left-*"))


def work_left(keeper_file: Path) -> list[str]:
    """Return the hosts on which work of this operation may still go on."""
    return [path.name.removeprefix("left-") for path in left_files(keeper_file)]


def head_notice(site: str, head: Mapping[str, Any], webhook_format: str) -> dict[str, Any]:
    """Return what the hospital is told of a new head of the ledger, to be kept: with it nobody can change what stands before unnoticed."""
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
    return {"subject": subject, "text": text, "webhook": plain if webhook_format == "plain" else robot}


def notices_of(record: Mapping[str, Any], webhook_format: str, contract: Any) -> list[dict[str, Any]]:
    """Return what is told to people about the end of an operation (refusals, failures, emergencies): mail and webhook body of each.

    Times are shown in the contract's zone; with a contract that cannot be read, which may be what is told, in UTC.
    """
    zone: tzinfo = UTC
    with contextlib.suppress(KeyError, TypeError, ValueError, OSError):
        zone = ZoneInfo(str(contract["timezone"]))
    events = [record["outcome"]] if record["outcome"] in TOLD else []
    if record.get("emergency") and record["outcome"] != "refused":
        events.append("emergency")
    messages = [notice(event, record, zone) for event in events]
    return [
        {"subject": message.subject, "text": message.text, "webhook": webhook_body(message, webhook_format)}
        for message in messages
    ]
