# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operation that holds a site, as another one is told of it that may not run beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.lease import held_seconds
from ansible_collections.traumalink.ops.plugins.plugin_utils.policy import Policy

__all__ = ["LONGEST_HELD_SECONDS", "LONGEST_LEASE_SECONDS", "Holder", "Waiting", "first_steps"]

LONGEST_LEASE_SECONDS = 120
LONGEST_HELD_SECONDS = held_seconds(LONGEST_LEASE_SECONDS)
SAY_SECONDS = 30.0


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


@dataclass
class Waiting:
    """How long one operation waits for others.

    Attributes:
        verb, site: what waits, and where; wait_seconds: how long it may; 0 where it does not wait for those that live.
        clock: seconds that only go forward; say: tells whoever runs the operation.
    """

    verb: str
    site: str
    wait_seconds: float
    clock: Callable[[], float]
    say: Callable[[str], object]
    begun: float = field(init=False)
    said: float = field(init=False)
    first_renewal: str | None = None
    for_somebody: bool = False  # else what went by is what asking has taken

    def __post_init__(self) -> None:
        self.begun = self.said = self.clock()

    @property
    def seconds(self) -> float:
        """How long it has waited."""
        return self.clock() - self.begun

    def goes_on(self, holder: Holder) -> None:
        """See that it may wait on for `holder`, and say so now and then.

        A holder that does not renew its lease any more is dead: its lease runs out, and that is waited for.

        Raises:
            OpsError: the holder lives and is not waited for, or it has been waited for long enough.
        """
        self.for_somebody = True
        self.first_renewal = self.first_renewal or holder.renewed_at
        waited = self.seconds
        lives = holder.renewed_at != self.first_renewal or waited > LONGEST_HELD_SECONDS
        if (waited >= self.wait_seconds) if self.wait_seconds else lives:
            raise OpsError(holder.refusal(self.verb, self.site, waited if self.wait_seconds else 0.0))
        if self.clock() - self.said > SAY_SECONDS:
            self.said = self.clock()
            self.say(f"{self.verb} of {self.site} waits for {holder.in_words()}, {waited:.0f} s so far")


def first_steps(verb: str, site: str, answer: Mapping[str, Any], policy: Policy) -> list[str]:
    """Return in words what an operation would do before it begins, for check mode.

    Args:
        answer: what the ledger said: who holds the site, or was cut off.

    Raises:
        OpsError: somebody is at work who would not be waited for.
    """
    steps = []
    for entry in answer["operations"]:
        holder = Holder.of(entry)
        ends = holder.verb in policy.ends
        if answer["answer"] == "busy" and not ends and not policy.waits:
            raise OpsError(holder.refusal(verb, site, 0.0))
        what = "settle what is left of" if answer["answer"] == "unsettled" else "end" if ends else "wait for"
        steps.append(f"{verb} of {site} would first {what} {holder.in_words()}")
    return steps
