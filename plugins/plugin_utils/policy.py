# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each verb needs before it may run: window, approval and lock. DESIGN, "The operation", first table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError

__all__ = ["POLICIES", "VERB", "VERBS", "Policy", "policy_of"]


# DESIGN, "Folders": the verbs that run as operations, the ledger's own, and those for files beside the database.
VERB = Literal[
    "site",
    "deploy",
    "upgrade",
    "finalize",
    "rollback",
    "backup",
    "backup_check",
    "backup_files",
    "restore",
    "restore_database",
    "restore_files",
    "drill",
    "patch",
    "patch_plan",
    "patch_undo",
    "inspect",
    "maintain_database",
    "report",
    "monitor",
    "rotate_credentials",
    "migrate",
    "failover",
    "record",
    "fault",
    "compliance",
    "ledger",
]
VERBS: tuple[str, ...] = get_args(VERB)
NO_OPERATION = ("pack_release", "approve", "awx", "window_calendar")  # verbs that the gate never sees


@dataclass(frozen=True)
class Policy:
    """What one verb needs.

    Attributes:
        window: `required`; `restarts`, where only what restarts a serving process needs one; `serving`, where only work over a database
            that still serves, or over files that are there, needs one; `exempt`.
        approval: `required` or `exempt`.
        lock: `exclusive` (alone on the site), `shared` (beside others that share) or `none`.
        waits: whether it waits for another operation to end; else it is refused.
        ends: verbs whose running operation it ends, instead of waiting for it.
    """

    window: str
    approval: str
    lock: str
    waits: bool = False
    ends: tuple[str, ...] = ()

    def needs_window(self, *, restarts: bool, serving: bool) -> bool:
        """Tell whether this run needs an open window.

        Args:
            restarts: the run was asked to restart serving processes.
            serving: what the run would take the place of still serves.
        """
        return {"required": True, "restarts": restarts, "serving": serving, "exempt": False}[self.window]


DISRUPTIVE = Policy("required", "required", "exclusive")
READING = Policy("exempt", "exempt", "none")

POLICIES: Mapping[str, Policy] = {
    **dict.fromkeys(("upgrade", "finalize", "patch", "migrate", "failover", "rotate_credentials"), DISRUPTIVE),
    **dict.fromkeys(
        ("rollback", "patch_undo"), Policy("exempt", "exempt", "exclusive")
    ),  # the approval of what is taken back covers it
    "site": Policy("restarts", "exempt", "exclusive"),
    "deploy": Policy("restarts", "exempt", "exclusive"),
    # Its own consent is restore_confirm, which repeats the site's name.
    "restore": Policy("serving", "exempt", "exclusive", ends=("backup", "backup_files", "drill", "restore_database")),
    # The same consent. A backup of the database is waited for: it may be the one that counts, and files are not its concern.
    "restore_files": Policy("serving", "exempt", "exclusive", waits=True, ends=("backup_files", "drill")),
    # Beside what serves: nobody is disturbed. Alone, so that no backup expires what it reads and no drill wants its place.
    "restore_database": Policy("exempt", "exempt", "exclusive", waits=True),
    "backup": Policy("exempt", "exempt", "exclusive", waits=True),
    "backup_files": Policy("exempt", "exempt", "shared", waits=True),
    "maintain_database": Policy("required", "exempt", "exclusive"),
    "drill": Policy("exempt", "exempt", "shared"),
    **dict.fromkeys(
        ("backup_check", "inspect", "report", "monitor", "compliance", "record", "fault", "ledger"), READING
    ),
    "patch_plan": READING,
}

STRICTER = {
    "window": ("exempt", "serving", "restarts", "required"),
    "approval": ("exempt", "required"),
    "lock": ("none", "shared", "exclusive"),
}


def policy_of(verb: str, stricter: Mapping[str, Mapping[str, str]] | None = None) -> Policy:
    """Return the policy of a verb, as the contract's `policies` make it stricter; a looser word of the contract changes nothing.

    Raises:
        OpsError: there is no such verb.
    """
    if verb not in POLICIES:
        raise OpsError(
            f"operation_verb {verb!r} is no verb that runs as an operation; use one of {', '.join(sorted(POLICIES))}"
        )
    policy = POLICIES[verb]
    asked = (stricter or {}).get(verb) or {}
    for name, order in STRICTER.items():
        word = asked.get(name) or order[0]
        policy = replace(policy, **{name: max(getattr(policy, name), word, key=order.index)})
    return policy
