# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger on the ops host, as an operation on the controller talks to it, and what becomes of records while it takes nothing in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.errors import CodedError, OpsError, code_of
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_store import (
    ALTERED,
    DAMAGED,
    FULL,
    LOST,
    NO_LEDGER,
    UNUSABLE,
)
from ansible_collections.traumalink.ops.plugins.module_utils.record_reader import WRONG_RECORD
from ansible_collections.traumalink.ops.plugins.module_utils.system_user import NO_USER
from ansible_collections.traumalink.ops.plugins.plugin_utils import kept_records
from ansible_collections.traumalink.ops.plugins.plugin_utils.clock_limit import CLOCK_LIMIT
from ansible_collections.traumalink.ops.plugins.plugin_utils.receivers import UNDELIVERED

__all__ = ["AWAY", "MISSING", "OUT_OF_SERVICE", "OpsAwayError", "RemoteLedger", "beside", "out_of_service"]

LEDGER, LEDGER_INFO = "traumalink.ops.ledger", "traumalink.ops.ledger_info"
AWAY = "ops_away"
MISSING = (NO_LEDGER, NO_USER)
# With these the ledger takes nothing in, whatever the record says: a restore goes on without it, everything else waits.
OUT_OF_SERVICE = (AWAY, *MISSING, LOST, ALTERED, DAMAGED, FULL, UNUSABLE)


class OpsAwayError(CodedError):
    """The ops host cannot be reached."""

    code = AWAY


@dataclass(frozen=True)
class RemoteLedger:
    """The ledger on the ops host.

    Attributes:
        run: runs a module of that name with arguments on the ops host; raises OpsAwayError.
        say, warn: tell whoever runs the operation.
        witnessed: heads that the witness has seen; to a ledger that does not hold them nothing is added.
    """

    run: Callable[[str, dict[str, Any]], dict[str, Any]]
    say: Callable[[str], object]
    warn: Callable[[str], object]
    witnessed: Collection[Mapping[str, Any]] = ()

    def ask(self, module: str, **arguments: Any) -> dict[str, Any]:
        """Return a module's answer.

        Raises:
            OpsAwayError: the host cannot be reached. CodedError: the ledger refused; the code says of which kind.
        """
        answer = self.run(module, arguments)
        if answer.get("unreachable"):
            raise OpsAwayError(" ".join(str(answer.get("msg")).split())[:300])
        if answer.get("failed"):
            raise CodedError(str(answer.get("msg")), str(answer.get("code") or ""))
        return answer

    def add(self, state: str, **arguments: Any) -> dict[str, Any]:
        """Bring something into the ledger that was witnessed, and into no other."""
        return self.ask(LEDGER, state=state, heads=list(self.witnessed), **arguments)

    def durations(self, verb: str) -> list[float]:
        """Return how long earlier successes of a verb took, in seconds."""
        seconds: list[float] = self.ask(LEDGER_INFO, gather="durations", verb=verb)["seconds"]
        return seconds

    def record(self, verb: str, run_id: str) -> dict[str, Any] | None:
        """Return the record of a verb and a run id, open or closed; None where there is none."""
        answer = self.ask(LEDGER_INFO, gather="records", verb=verb, query=f"run_id=='{run_id}'", limit=1)
        return next(iter(answer["records"]), None)

    def renew(self, run_id: str, lease_seconds: int) -> bool:
        """Prolong a lease; False where it is somebody else's now."""
        return bool(self.ask(LEDGER, state="renewed", run_id=run_id, lease_seconds=lease_seconds)["renewed"])

    def sign(self, head: Mapping[str, Any]) -> None:
        """Let the ledger keep the countersignature of its head, where there is one."""
        if head["signature"]:
            self.ask(LEDGER, state="head_signed", sequence=head["sequence"], signature=head["signature"])

    def write(self, state: str, record: dict[str, Any]) -> dict[str, Any]:
        """Write the record's end and return the head. What the work left in its figures must never cost the record itself."""
        try:
            head: dict[str, Any] = self.add(state, record=record)["head"]
        except CodedError as error:
            if error.code != WRONG_RECORD:
                raise
            self.warn(f"the record is written without figures, versions and artefacts: {error}")
            # That the hospital may not know of an emergency is no word of the work's.
            untold = {name: value for name, value in (record.get("figures") or {}).items() if name == UNDELIVERED}
            record |= {"figures": untold, "versions_before": {}, "versions_after": {}, "artefacts": []}
            head = self.add(state, record=record)["head"]
        return head

    def operations(self) -> list[dict[str, Any]]:
        """Return the operations that are open, as far as the ledger can still be read."""
        try:
            operations: list[dict[str, Any]] = self.ask(LEDGER_INFO, gather="operations")["operations"]
        except OpsError:
            return []
        return operations

    def bring_in(self, file: Path) -> None:
        """Bring the records into the ledger that this controller kept; a line that is no record is put aside, and keeps no other out.

        Raises:
            OpsAwayError: the host cannot be reached.
        """
        lines = kept_records.kept(file)
        if not lines:
            return
        try:
            answer = self.add("imported", lines="\n".join(kept_records.readable(line) for line in lines))
        except OpsAwayError:
            raise
        except OpsError as error:
            self.warn(f"what this controller kept in {file} cannot be brought in yet: {error}")
            return
        bad = {entry["line"]: entry["why"] for entry in answer.get("rejected", [])}
        good = [line for number, line in enumerate(lines, 1) if number not in bad]
        aside = kept_records.forget(file, good, [lines[number - 1] for number in bad])
        if good:
            self.say(f"{len(good)} record(s) that this controller kept are in the ledger now")
        if bad:
            told = "; ".join(f"line {number} {why}" for number, why in sorted(bad.items()))
            self.warn(
                f"{len(bad)} line(s) that this controller kept are no records, and lie in {aside} now; look at them: {told}"
            )


def beside(
    operations: Iterable[Mapping[str, Any]], ends: Collection[str], now: datetime, longest_seconds: float
) -> tuple[list[dict[str, Any]], Mapping[str, Any] | None]:
    """Return what a restore finds beside it when the ledger can be read but takes nothing in: what it ends or awaits first, and what it may not disturb.

    A lease that lasts longer than any that is given out is invented, and holds nothing.

    Args:
        ends: the verbs that it ends.
        longest_seconds: how long a lease keeps others away at most.
        now: the clock of the ops host, or one that differs from it by no more than clocks may.
    """
    first, holder = [], None
    for entry in operations:
        left = (datetime.fromisoformat(entry["expires_at"]) - now).total_seconds()
        if entry["mode"] == "none" or left > longest_seconds + CLOCK_LIMIT.total_seconds():
            continue
        if entry["verb"] in ends or left <= 0:
            first.append({**entry, "end": entry["verb"] in ends})
        else:
            holder = holder or entry
    return first, holder


def out_of_service(error: OpsError) -> bool:
    """Tell whether the ledger takes nothing in at all."""
    return code_of(error) in OUT_OF_SERVICE
