# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate: may this verb run on this site now? One pure function over contract, policy and request; nothing is changed here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any

from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import Contract
from ansible_collections.traumalink.ops.plugins.plugin_utils.duration import duration_text
from ansible_collections.traumalink.ops.plugins.plugin_utils.policy import Policy
from ansible_collections.traumalink.ops.plugins.plugin_utils.window import WindowState, window_state

__all__ = ["Request", "Verdict", "agreed_duration", "expected", "judge", "previewed"]

# What work is taken to need where neither the contract nor an earlier record says: long rather than short, since what does not fit is only refused.
UNKNOWN_DURATION = timedelta(hours=1)
NOTHING_CHANGED = "Nothing was changed"


@dataclass(frozen=True)
class Request:
    """What somebody wants to run.

    Attributes:
        site, verb: on what, and what.
        at: the moment that is judged, aware.
        needs: how long work and rollback take together; asked: as it was given for this run, or None.
        restarts: it was asked to restart serving processes; serving: the database whose place it would take still serves.
        approval: the approval as a record holds it, or None; approval_problem: why there is none that counts.
        brings_approval: the work is to bring an approval in, so one that does not count is no work.
        emergency_reason, emergency_by: both given, they open the gate.
        ops: the ops host; ops_problem: why it cannot be reached, or "".
    """

    site: str
    verb: str
    at: datetime
    needs: timedelta
    restarts: bool = False
    serving: bool = False
    approval: dict[str, Any] | None = None
    approval_problem: str = ""
    brings_approval: bool = False
    emergency_reason: str = ""
    emergency_by: str = ""
    asked: timedelta | None = None
    ops: str = "ops"
    ops_problem: str = ""


@dataclass(frozen=True)
class Verdict:
    """The gate's answer: `refusal` is empty where the verb may run; `notes` are for whoever runs it."""

    refusal: str
    window: dict[str, Any]
    emergency: dict[str, str] | None = None
    notes: list[str] = field(default_factory=list)


def agreed_duration(contract: Contract, verb: str) -> timedelta | None:
    """Return how long work and rollback of a verb take by the contract, or None where it does not say."""
    found = {str(name): value for name, value in contract.expected.items()}.get(verb)
    return found.work + (found.rollback or timedelta()) if found else None


def expected(given: timedelta | None, agreed: timedelta | None, earlier_seconds: Sequence[float]) -> timedelta:
    """Return how long work and rollback take: as the contract says, else the 90th percentile of earlier records, else UNKNOWN_DURATION; as given for
    this run where that is longer, since nobody argues past the cutoff.
    """
    known = agreed
    if known is None and earlier_seconds:
        ordered = sorted(earlier_seconds)
        known = timedelta(seconds=ordered[math.ceil(0.9 * len(ordered)) - 1])  # nearest rank
    return max(UNKNOWN_DURATION if known is None else known, given or timedelta())


def judge(contract: Contract, policy: Policy, request: Request) -> Verdict:
    """Return whether the verb may run at that moment.

    Source: DESIGN, "The operation", both tables; clause 2.3.
    """
    needs_window = policy.needs_window(restarts=request.restarts, serving=request.serving)
    state = window_state(contract, request.at, request.needs if needs_window else None)
    window = {
        "state": state.state,
        "reason": state.reason,
        "next_open": state.next_open and state.next_open.isoformat(),
        "next_close": state.next_close and state.next_close.isoformat(),
    }
    notes = list(state.warnings) if needs_window else []
    if request.asked is not None and request.asked < request.needs:
        asked, needs = duration_text(request.asked), duration_text(request.needs)
        notes.append(
            f"operation_expected {asked} is less than the {needs} of the contract or of earlier runs, which count"
        )
    emergency, problem = emergency_of(contract, request)
    refusals = [problem] if problem else []
    if emergency is None and needs_window and not (state.state == "open" and state.fits):
        refusals.append(window_refusal(state, request.needs, contract.zone))
    needs_approval = emergency is None and policy.approval == "required"
    if request.approval is None and (needs_approval or request.brings_approval):
        refusals.append(request.approval_problem)
    if emergency is not None:
        notes.append(f"emergency by {emergency['by']}: {emergency['reason']}; an approval afterwards is due")
    if request.ops_problem:
        if request.verb == "restore":
            notes.append(f"{request.ops} cannot be reached; the record is kept on this controller until it can")
        else:
            refusals.append(
                f"{request.ops} cannot be reached ({request.ops_problem}), so there is neither lock nor record; bring it back first"
            )
    refusal = (
        f"{request.verb} of {request.site} is refused: {'; '.join(refusals)}. {NOTHING_CHANGED}" if refusals else ""
    )
    return Verdict(refusal, window, emergency, notes)


def previewed(verdict: Verdict, request: Request, subject: str, expected_subject: str) -> Verdict:
    """Return the verdict of a run in check mode that shows a plan before it is approved: what only time and the hospital can give is noted, not refused.

    Args:
        subject: SHA-256 of the release or plan; expected_subject: the one that will be approved, "" where nobody has said. Another one stays refused, so
            that nobody approves in vain.
    """
    if request.ops_problem:
        return verdict
    if expected_subject.strip().lower() not in ("", subject):
        shown = f"SHA-256 {subject or '(its archive or plan cannot be read)'}"
        words = f"what would be approved is {expected_subject.strip()}, and this run would use {shown}"
        return replace(verdict, refusal=f"{request.verb} of {request.site} is refused: {words}. {NOTHING_CHANGED}")
    notes = [*verdict.notes, f"a run now would be refused: {verdict.refusal}"] if verdict.refusal else verdict.notes
    return replace(verdict, refusal="", notes=[*notes, f"SHA-256 of what would be used: {subject or 'none'}"])


def emergency_of(contract: Contract, request: Request) -> tuple[dict[str, str] | None, str]:
    """Return the emergency that opens the gate, and what is wrong with one that was only half declared."""
    reason, by = request.emergency_reason.strip(), request.emergency_by.strip()
    if not reason and not by:
        return None, ""
    if not reason or not by:
        return None, "an emergency needs both operation_emergency_reason and operation_emergency_by"
    known = [contact.id for contact in contract.contacts]
    if by not in known:
        return (
            None,
            f"operation_emergency_by {by!r} is no contact of the contract; use one of {', '.join(known) or '(it names none)'}",
        )
    return {"reason": reason, "by": by}, ""


def window_refusal(state: WindowState, needs: timedelta, zone: tzinfo) -> str:
    """Return why the window does not admit the work, and when the next one opens."""
    if state.state == "open":
        left = duration_text(timedelta(seconds=state.seconds_left))
        why = f"{left} are left before the cutoff, and work with rollback needs {duration_text(needs)}"
    else:
        why = state.reason
    if state.next_open is None:
        return f"{why}; no window opens within the next 400 days"
    return f"{why}; the next opening is {state.next_open.astimezone(zone):%Y-%m-%d %H:%M %Z}"
