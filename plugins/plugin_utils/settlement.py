# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operation that was cut off leaves to the next one: work on hosts that must have ended, and changes that must be undone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.plugin_utils.policy import POLICIES

__all__ = ["Settlement", "settle"]

# Whatever was cut off, a backup is worth having and a restore may be all that is left; what must be undone is then the next one's.
NEVER_HELD_UP = ("backup", "restore")


@dataclass(frozen=True)
class Settlement:
    """What may be told to the ledger, and what must be done before anything new.

    Attributes:
        reasons: run id to the reason with which the ledger closes it as interrupted.
        ending: run ids of those that live, and are ended by this operation.
        recoveries: task files that undo what was half done, the last begun first.
        notes: what whoever runs this should know.
    """

    reasons: dict[str, str] = field(default_factory=dict)
    ending: list[str] = field(default_factory=list)
    recoveries: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def settle(
    operations: Sequence[Mapping[str, Any]],
    answers: Sequence[Mapping[str, Any]],
    by: str,
    site: str,
    hosts: Sequence[str],
    lost_hosts: Sequence[str],
    folder: Path,
) -> Settlement:
    """Return how operations are settled, from what was seen on their hosts.

    Args:
        operations: those that are settled, each with `run_id`, `verb`, `hosts` and `end` (whether it lives, and is ended).
        answers: what the action left_work answered, one for each operation and host (`item`).
        by: the verb that settles them, on the site `site`, with the hosts `hosts`.
        lost_hosts: hosts that a person says are off, so that nothing can be at work there.
        folder: where the task files of verbs lie; `<verb>_recover.yml` undoes what a verb may have left half done.

    Raises:
        OpsError: work may still be going on where nobody can see it, or must be undone on hosts that take no part here.
    """
    unseen = sorted({str(answer["item"][1]) for answer in answers if not answer["seen"]} - set(lost_hosts))
    verbs = ", ".join(dict.fromkeys(str(operation["verb"]) for operation in operations))
    if unseen and by != "restore":
        raise OpsError(
            f"{by} of {site} is refused: {', '.join(unseen)} cannot be reached, and {verbs}, which was cut off, may still be at work there. Bring the host "
            f"back; or, when you know that it is off, repeat its name: -e '{json.dumps({'operation_lost_hosts': unseen})}'. Nothing was changed"
        )
    found = Settlement()
    for operation in operations:
        run_id, verb = str(operation["run_id"]), str(operation["verb"])
        told = [told_of(answer) for answer in answers if answer["item"][0]["run_id"] == run_id]
        begin = f"ended by a {by}" if operation["end"] else "its lease ran out"
        found.reasons[run_id] = (
            f"{begin}: {'; '.join(text for text in told if text) or 'nothing of it was left running'}"
        )
        if operation["end"]:
            found.ending.append(run_id)
        if verb not in POLICIES:  # it would name a file of this controller
            raise OpsError(
                f"the ledger holds a lease of {verb!r}, which is no verb: it was altered; run traumalink.ops.ledger. Nothing was changed"
            )
        recovery = folder / f"{verb}_recover.yml"
        if not recovery.exists() or str(recovery) in found.recoveries:
            continue
        missing = sorted(set(operation["hosts"]) - set(hosts) - set(lost_hosts))
        if not missing:
            found.recoveries.insert(0, str(recovery))
        elif by in NEVER_HELD_UP:
            found.notes.append(
                f"what {verb} {run_id} left half done is not undone here; run traumalink.ops.{verb} after this"
            )
        else:
            raise OpsError(
                f"{by} of {site} is refused: {verb} {run_id} was cut off, and must first be undone on {', '.join(missing)} too, which takes no part here. "
                f"Run traumalink.ops.{verb} again, which does that. Nothing was changed"
            )
    return found


def told_of(answer: Mapping[str, Any]) -> str:
    """Return what became of the work on one host; "" where there was none."""
    host, work = answer["item"][1], answer.get("work") or {}
    if not answer["seen"]:
        return f"{host} cannot be reached, and counts as lost"
    if not work or work["state"] == "absent":
        return ""
    ended = {"succeeded": "ended well", "failed": "failed", "killed": str(work.get("how") or "was killed")}.get(
        work["state"], work["state"]
    )
    return f"{work['title']} on {host} {ended} after {work['seconds']:.0f} s"
