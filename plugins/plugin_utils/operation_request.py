# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of an operation: by whom, with which approval, and the record as it is known before the work."""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.record import one_line
from ansible_collections.traumalink.ops.plugins.plugin_utils.approval import approver_keys
from ansible_collections.traumalink.ops.plugins.plugin_utils.awx_approval import at_node, awx_approvers, question_of
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import Contract
from ansible_collections.traumalink.ops.plugins.plugin_utils.duration import read_duration
from ansible_collections.traumalink.ops.plugins.plugin_utils.emergency_approval import (
    Emergency,
    check_afterwards,
    lets_record,
)
from ansible_collections.traumalink.ops.plugins.plugin_utils.gate import Request, Verdict, agreed_duration, expected
from ansible_collections.traumalink.ops.plugins.plugin_utils.policy import policy_of
from ansible_collections.traumalink.ops.plugins.plugin_utils.signed_approval import check, verified

__all__ = [
    "OPTIONS",
    "REQUEST_OPTIONS",
    "actor_of",
    "brings_approval",
    "opening_record",
    "refusal_of_strategy",
    "request_of",
]

MAX_ACTOR = 200

# What is asked for: the same in each of the three steps.
REQUEST_OPTIONS: dict[str, dict[str, Any]] = {
    "verb": {"type": "str", "required": True},
    "site": {"type": "str", "required": True},
    "contract": {"type": "raw"},
    "clauses": {"type": "list", "elements": "str", "default": []},
    "hosts": {"type": "list", "elements": "str", "required": True},
    "ops": {"type": "str", "required": True},
    "subject": {"type": "str", "default": ""},
    "expected_subject": {"type": "str", "default": ""},
    "preview": {"type": "bool", "default": False},
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
    "controller_head": {"type": "str", "default": ""},
    "witness_host": {"type": "str", "default": ""},
    "witnessed": {"type": "list", "elements": "dict", "default": []},
    "witness_problem": {"type": "str", "default": ""},
    "webhook_format": {"type": "str", "choices": ["plain", "wecom", "dingtalk"], "default": "plain"},
    "mail_to": {"type": "list", "elements": "str", "default": []},
    "webhook": {"type": "bool", "default": False},
    "head_mail_to": {"type": "list", "elements": "str", "default": []},
    "head_webhook": {"type": "bool", "default": False},
}
OPTIONS: dict[str, dict[str, Any]] = {
    "state": {"type": "str", "choices": ["judged", "opened", "explained", "closed"], "required": True},
    "request": {"type": "dict", "options": REQUEST_OPTIONS, "required": True},
    "countersign_key": {"type": "str", "default": "", "no_log": True},
    "earlier_seconds": {"type": "list", "elements": "float"},
    "settling": {"type": "list", "elements": "dict", "default": []},
    "answers": {"type": "list", "elements": "dict", "default": []},
    "lost_hosts": {"type": "list", "elements": "str", "default": []},
    "recovery_folder": {"type": "str", "default": "."},
    "failure": {"type": "str", "default": ""},
    "undo_failure": {"type": "str", "default": ""},
    "undelivered": {"type": "list", "elements": "dict", "default": []},
    "record": {"type": "dict", "default": {}},
    "opened": {"type": "bool", "default": False},
    "away": {"type": "bool", "default": False},
    "keeper_file": {"type": "str", "default": ""},
    "outcome": {"type": "str", "choices": ["success", "failed", "rolled_back", "refused"], "default": "failed"},
}


def refusal_of_strategy(strategy: str) -> str:
    """Return why an operation does not run under a play's strategy, "" where it does: what is done once for all hosts would be done by each."""
    if strategy.rpartition(".")[2] in ("linear", "debug", "mitogen_linear"):
        return ""
    return (
        f"the play has strategy {strategy}, under which each host would begin an operation of its own; write strategy: linear into the play. "
        "Nothing was changed"
    )


def actor_of(variables: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> str:
    """Return who runs this: the system user and the controller, and for whom, where an AWX job runs it.

    AWX tells its user as an extra variable, which anybody may give elsewhere; so that one counts only where the job's number in the process's
    environment is the same. Within AWX nobody can give it: AWX writes its own over what was given for a launch. Whoever is root on a
    controller can feign all of it, environment and system user too. Source: AWX, awx/main/tasks/jobs.py, build_env and build_extra_vars_file.
    """
    here = f"{system_user()}@{socket.gethostname()}"
    job, user = (str(variables.get(name) or "") for name in ("awx_job_id", "awx_user_name"))
    if not user or "AWX_HOST" not in environment or job != environment.get("JOB_ID"):
        return here
    return one_line(f"{here} for {user} (AWX job {job})", MAX_ACTOR)


def system_user() -> str:
    """Return the system user by the kernel's word, not by LOGNAME, which anybody can set; a container may have no name for it."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def approval_of(
    given: Mapping[str, Any],
    contract: Contract,
    at: datetime,
    emergency: Emergency,
    environment: Mapping[str, str] = os.environ,
) -> tuple[dict[str, Any] | None, str]:
    """Return the approval as a record holds it, or why there is none that counts.

    The verb `record` takes its own, where the contract wants one, or brings in that of an emergency, which `emergency` looks up in the ledger. Without a
    file, a job of the contract's AWX asks there who has approved, where the verb needs that.
    """
    try:
        keys = approver_keys([contact.model_dump() for contact in contract.contacts])
        needed = policy_of(given["verb"], contract.stricter).approval == "required"
        if not given["approval"] and needed and (question := question_of(contract, environment)):
            node = at_node(*question, contract, given["site"], given["verb"], given["subject"], at)
            return node.as_record(), ""
        if not given["approval"]:
            how = "let it make one with traumalink.ops.approve, and give operation_approval=FILE"
            there = "let it approve at AWX, in the workflow that traumalink.ops.awx makes"
            nobody = "nobody can give it: have the contract name a contact with side hospital, role approver and signing_keys"
            ways = " or ".join([how] * bool(keys) + [there] * bool(awx_approvers(contract)))
            return None, f"{given['verb']} needs the hospital's approval; {ways or nobody}"
        document = Path(given["approval"]).expanduser()
        if brings_approval(given) and not lets_record(verified(document, None, keys)):
            found = check_afterwards(document, keys, given["site"], at, emergency)
        else:
            found = check(document, None, keys, given["site"], given["verb"], given["subject"], at)
    except OpsError as error:
        return None, str(error)
    return found.as_record(), ""


def brings_approval(given: Mapping[str, Any]) -> bool:
    """Tell whether it is asked to record an approval."""
    return bool(given["verb"] == "record" and given["approval"])


def request_of(
    given: Mapping[str, Any],
    contract: Contract,
    at: datetime,
    earlier_seconds: list[float],
    ops_problem: str,
    emergency: Emergency,
) -> Request:
    """Return what the gate judges.

    Args:
        earlier_seconds: how long earlier successes of the verb took; ops_problem: why ops cannot be reached, or "".
        emergency: looks up an emergency in the site's ledger.
    """
    approval, problem = approval_of(given, contract, at, emergency)
    needs = read_duration(given["expected"]) if given["expected"] else None
    return Request(
        site=given["site"],
        verb=given["verb"],
        at=at,
        asked=needs,
        needs=expected(needs, agreed_duration(contract, given["verb"]), earlier_seconds),
        restarts=given["restarts"],
        serving=given["serving"],
        approval=approval,
        approval_problem=problem,
        brings_approval=brings_approval(given),
        emergency_reason=given["emergency_reason"],
        emergency_by=given["emergency_by"],
        ops=given["ops"],
        ops_problem=ops_problem,
    )


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
