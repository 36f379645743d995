# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hospital's approval as it was given at a workflow's node of the contract's AWX, in whose job this runs (clause 2.3).

Nothing that a launch can give is believed: not who approved, not which workflow this is. The number of the job comes from the process's environment, and
all else from AWX itself, read from the address that the contract names: that the job runs now, in which workflow, behind which approval, who gave it
and when, and in the workflow's own variables, which stand since its launch, what the approver saw.

Sources: AWX, awx/main/tasks/jobs.py, build_env (JOB_ID); awx/api/serializers.py, WorkflowApprovalSerializer and WorkflowJobNodeSerializer;
awx/main/models/unified_jobs.py, UnifiedJob.save (`finished` is when it was approved).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.record import iso
from ansible_collections.traumalink.ops.plugins.plugin_utils.approval import WITH_SUBJECT, Approval, ApprovalError
from ansible_collections.traumalink.ops.plugins.plugin_utils.awx_reader import TOKEN, AwxReader
from ansible_collections.traumalink.ops.plugins.plugin_utils.awx_site import Names
from ansible_collections.traumalink.ops.plugins.plugin_utils.awx_survey import APPROVED_SHA256
from ansible_collections.traumalink.ops.plugins.plugin_utils.clock_limit import CLOCK_LIMIT
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import Contract

__all__ = ["FORMAT", "GOOD_FOR", "Given", "at_node", "awx_approvers", "question_of"]

FORMAT = "traumalink-awx-approval-1"
# The job follows its approval at once; what begins a day later was not meant by it.
GOOD_FOR = timedelta(hours=24)
Ask = Callable[[str], dict[str, Any]]
AGAIN = "Launch the workflow anew, and let the hospital approve it there."


@dataclass(frozen=True)
class Given:
    """An approval that was given at AWX: the same that a signed one says, and what AWX told of it."""

    approval: Approval
    told: Mapping[str, Any]

    def as_record(self) -> dict[str, str]:
        """Return what an operation's record keeps. It bears no signature: its proof is AWX's own log, at what `document` names."""
        document = json.dumps(
            {"format": FORMAT, **self.told}, ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )
        return {**self.approval.summary(), "key": "", "document": document, "signature": ""}


def awx_approvers(contract: Contract) -> dict[str, str]:
    """Return user at AWX to contact id of the hospital's approvers who have one; nobody where the contract names no AWX."""
    contacts = contract.contacts if contract.awx else ()
    return {
        contact.awx_user: contact.id
        for contact in contacts
        if contact.awx_user and contact.side == "hospital" and "approver" in contact.roles
    }


def question_of(contract: Contract, environment: Mapping[str, str]) -> tuple[Ask, str] | None:
    """Return how AWX is asked, and the number of the job in which this runs; None where no job of AWX runs it, or it may not ask."""
    job, token = environment.get("JOB_ID", ""), environment.get(TOKEN, "")
    if contract.awx is None or not token or not job.isdigit() or "AWX_HOST" not in environment:
        return None
    return AwxReader(contract.awx.url, token, contract.awx.ca), job


def at_node(ask: Ask, job: str, contract: Contract, site: str, verb: str, subject: str, now: datetime) -> Given:
    """Return the approval behind which a job runs, when it covers the operation now.

    Args:
        ask: reads from AWX's API; job: number of the job in which this runs.
        subject: SHA-256 of what the operation is about to use, "" where the verb has no release or plan.
        now: aware.

    Raises:
        ApprovalError: there is none, it was not given, by nobody of the hospital, for something else, or long ago.
        AwxUnreadError: AWX cannot be asked.
    """
    running = ask(f"jobs/{job}/")
    if running.get("status") != "running":
        raise ApprovalError(
            f"AWX job {job} is {running.get('status')} by AWX's word, not running, so this is not it. {AGAIN}"
        )
    workflow = _summary(running, "source_workflow_job").get("id")
    if not isinstance(workflow, int):
        raise ApprovalError(
            f"AWX job {job} was started by itself, outside of a workflow in which the hospital approves. {AGAIN} Or give a signed one as operation_approval."
        )
    approval = _approval(ask, workflow, job, Names(site).approval(verb))
    user = str(_summary(approval, "approved_or_denied_by").get("username") or "")
    contact = awx_approvers(contract).get(user)
    if contact is None:
        raise ApprovalError(
            f"AWX's user {user or '(nobody)'} approved, who is no approver of the hospital in contract.contacts (awx_user). {AGAIN}"
        )
    approved = _subject(ask(f"workflow_jobs/{workflow}/"))
    if verb in WITH_SUBJECT and not subject:
        raise ApprovalError(
            f"{verb} is approved for one release or plan, and this run names none. See that its archive or plan can be read in the job."
        )
    if approved != subject:
        raise ApprovalError(
            f"What was approved at AWX is {_shown(approved)}, and this run would use {_shown(subject)}. {AGAIN}"
        )
    when = _moment(approval.get("finished"))
    if when is None or now < when - CLOCK_LIMIT:
        raise ApprovalError(f"AWX says that it was approved at {approval.get('finished')}, and it is {iso(now)} now.")
    if now >= when + GOOD_FOR:
        raise ApprovalError(
            f"It was approved at AWX at {iso(when)}, more than {GOOD_FOR // timedelta(hours=1)} hours ago. {AGAIN}"
        )
    url = contract.awx.url if contract.awx else ""
    told = {"awx": url, "workflow_job": workflow, "approval": approval["id"], "user": user, "job": int(job)}
    # An approval of AWX is used once as well: the ledger knows it by this.
    number = hashlib.sha256(f"{url} {approval['id']}".encode()).hexdigest()[:16]
    covers = Approval(number, site, verb, subject, "", when, when + GOOD_FOR, contact, when)
    return Given(covers, {**told, "verb": verb, "site": site, "subject": subject, "approved_at": iso(when)})


def _approval(ask: Ask, workflow: int, job: str, name: str) -> dict[str, Any]:
    """Return the approval of that name behind which the job runs in its workflow, as AWX shows it, when it was given."""
    page = ask(f"workflow_jobs/{workflow}/workflow_nodes/?page_size=200")
    nodes = page.get("results") or []
    if page.get("next"):
        raise ApprovalError(f"AWX's workflow job {workflow} has more than 200 steps; make it shorter.")
    before = list(_before(nodes, job))
    waits = [node for node in before if _summary(node, "job").get("type") == "workflow_approval"]
    for node in waits:
        approval = ask(f"workflow_approvals/{node['job']}/")
        if approval.get("name") != name:
            continue
        if approval.get("status") != "successful":
            raise ApprovalError(f"At AWX {name!r} is {approval.get('status')}, not approved. {AGAIN}")
        return approval
    raise ApprovalError(
        f"AWX's workflow job {workflow} has no step {name!r} before job {job}; traumalink.ops.awx makes the workflow. {AGAIN}"
    )


def _before(nodes: Sequence[Mapping[str, Any]], job: str) -> Iterable[Mapping[str, Any]]:
    """Yield the steps that must have succeeded before the job's own."""
    reached = [node for node in nodes if str(node.get("job")) == job]
    seen = {node["id"] for node in reached}
    while reached:
        here = reached.pop()
        for node in nodes:
            if here["id"] in (node.get("success_nodes") or []) and node["id"] not in seen:
                seen.add(node["id"])
                reached.append(node)
                yield node


def _summary(thing: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = (thing.get("summary_fields") or {}).get(name)
    return found if isinstance(found, Mapping) else {}


def _subject(workflow: Mapping[str, Any]) -> str:
    """Return the SHA-256 that the workflow's variables name, as its approver saw it."""
    try:
        variables = json.loads(workflow.get("extra_vars") or "{}")
    except ValueError:
        variables = {}
    return str(variables.get(APPROVED_SHA256) or "").strip().lower() if isinstance(variables, dict) else ""


def _shown(sha256: str) -> str:
    return f"the release or plan with SHA-256 {sha256[:12]}…" if sha256 else "no release or plan"


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment.astimezone(UTC).replace(microsecond=0) if moment.tzinfo else None
