# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opening an operation: the lease is taken and the record opened, or it is said who is waited for and what must be settled first."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError, code_of
from ansible_collections.traumalink.ops.plugins.module_utils.record import new_run_id
from ansible_collections.traumalink.ops.plugins.plugin_utils.duration import read_duration
from ansible_collections.traumalink.ops.plugins.plugin_utils.gate import Verdict
from ansible_collections.traumalink.ops.plugins.plugin_utils.holder import (
    LONGEST_HELD_SECONDS,
    LONGEST_LEASE_SECONDS,
    Holder,
    Waiting,
    first_steps,
)
from ansible_collections.traumalink.ops.plugins.plugin_utils.keeper import lease_clock
from ansible_collections.traumalink.ops.plugins.plugin_utils.operation_notices import (
    interrupted_notices,
    opening_notices,
)
from ansible_collections.traumalink.ops.plugins.plugin_utils.policy import Policy
from ansible_collections.traumalink.ops.plugins.plugin_utils.receivers import UNDELIVERED, Receivers, unheard
from ansible_collections.traumalink.ops.plugins.plugin_utils.remote_ledger import (
    AWAY,
    MISSING,
    RemoteLedger,
    beside,
    out_of_service,
)
from ansible_collections.traumalink.ops.plugins.plugin_utils.settlement import Settlement, settle

__all__ = ["Opening"]

LOOK_SECONDS = 2.0
SHORTEST_LEASE_SECONDS = 5
# What an operation is that stands in no ledger.
UNWRITTEN: dict[str, Any] = {
    "opened": True, "head": None, "keeper_file": "", "waited_seconds": 0, "recoveries": [], "notices": []
}  # fmt: skip
Judged = tuple[Policy, Verdict, dict[str, Any]]


@dataclass(frozen=True)
class Opening:
    """One attempt.

    Attributes:
        given: what is asked for (operation_request.OPTIONS).
        ledger: the site's, on the ops host.
        judge: asks the gate again, since the clock goes on; returns policy, verdict and the record as far as it is known.
        countersign: returns a head with its countersignature.
        keep: leaves behind what renews the lease of a run id, held since a reading of `lease_clock`; returns the file in which it tells the lease's state.
        check: whether nothing is written.
    """

    given: Mapping[str, Any]
    ledger: RemoteLedger
    judge: Callable[[], Judged]
    countersign: Callable[[Mapping[str, Any]], dict[str, Any]]
    keep: Callable[[str, float], Path]
    check: bool

    def run(self) -> dict[str, Any]:
        """Return what was opened; or what must be settled first, where another operation was cut off.

        Raises:
            OpsError: the gate refuses, somebody is at work who is not waited for, or the ledger takes nothing in.
        """
        given = self.given
        if not SHORTEST_LEASE_SECONDS <= given["lease_seconds"] <= LONGEST_LEASE_SECONDS:
            raise OpsError(
                f"operation_lease_seconds {given['lease_seconds']} must be {SHORTEST_LEASE_SECONDS} to {LONGEST_LEASE_SECONDS}; 60 serves. Nothing was changed"
            )
        settlement = settle(
            given["settling"], given["answers"], given["verb"], given["site"], given["hosts"], given["lost_hosts"],
            Path(given["recovery_folder"]),
        )  # fmt: skip
        for note in settlement.notes:
            self.ledger.warn(note)
        receivers = Receivers.of(given)
        lock_wait = read_duration(given["lock_wait"]).total_seconds()
        waiting: Waiting | None = None
        while True:
            policy, verdict, record = self.judge()  # the clock goes on while it waits
            if verdict.refusal:
                raise OpsError(verdict.refusal)
            record["run_id"] = new_run_id(datetime.now(UTC))
            if untold := unheard(record, receivers):
                record["figures"] = {
                    UNDELIVERED: untold
                }  # already now: an operation that is cut off is closed as it was opened
            waiting = waiting or Waiting(
                given["verb"], given["site"], lock_wait * policy.waits, time.monotonic, self.ledger.say
            )
            try:
                if not self.check:
                    self.ledger.bring_in(Path(given["controller_records"]).expanduser())
                asked = lease_clock()
                answer = self.ledger.add(
                    "opened",
                    record=record,
                    mode=policy.lock,
                    lease_seconds=given["lease_seconds"],
                    settled=settlement.reasons,
                    ending=settlement.ending,
                )
            except OpsError as error:
                if self.check and given["creates_ledger"] and code_of(error) in MISSING:
                    return UNWRITTEN | {"record": record}
                if not out_of_service(error):
                    raise
                return self.without_ledger(policy, settlement, record, error)
            if self.check:
                self.warn_unheard(record)
                for line in first_steps(given["verb"], given["site"], answer, policy):
                    self.ledger.say(line)
                return UNWRITTEN | {"record": record}
            settled = {run_id: settlement.reasons[run_id] for run_id in answer["settled"]}
            told_of = interrupted_notices(given["settling"], settled, given["site"], receivers, self.ledger.record)
            if answer["answer"] == "acquired":
                self.warn_unheard(record)
                head = self.countersign(answer["head"])
                return {
                    "opened": True,
                    "record": record,
                    "head": head,
                    "keeper_file": str(self.keep(record["run_id"], asked)),
                    "waited_seconds": round(waiting.seconds) if waiting.for_somebody else 0,
                    "recoveries": settlement.recoveries,
                    "notices": told_of + opening_notices(record, receivers),
                }
            if answer["answer"] == "unsettled" or all(entry["verb"] in policy.ends for entry in answer["operations"]):
                return {
                    "opened": False,
                    "notices": told_of,
                    "unsettled": [{**entry, "end": entry["verb"] in policy.ends} for entry in answer["operations"]],
                }
            waiting.goes_on(Holder.of(answer["operations"][0]))
            time.sleep(LOOK_SECONDS)

    def without_ledger(
        self, policy: Policy, settlement: Settlement, record: dict[str, Any], error: OpsError
    ) -> dict[str, Any]:
        """Let a restore go on, with its record kept on this controller; refuse everything else."""
        given = self.given
        away = code_of(error) == AWAY
        why = (
            f"{given['ops']} cannot be reached ({error}), so there is neither lock nor record; bring it back first."
            if away
            else str(error)
        )
        if given["verb"] != "restore":
            raise OpsError(f"{given['verb']} of {given['site']} is refused: {why} Nothing was changed") from error
        operations = [] if away else self.ledger.operations()
        others = [entry for entry in operations if entry["run_id"] not in settlement.reasons]
        first, holder = beside(others, policy.ends, datetime.now(UTC), LONGEST_HELD_SECONDS)
        if holder:
            raise OpsError(Holder.of(holder).refusal(given["verb"], given["site"], 0.0)) from error
        if first:
            return {"opened": False, "unsettled": first, "notices": []}
        self.ledger.warn(f"the restore goes on without the ledger, and its record stays on this controller: {why}")
        self.warn_unheard(record)
        notices = opening_notices(record, Receivers.of(given))
        return UNWRITTEN | {"record": record, "away": True, "notices": notices, "recoveries": settlement.recoveries}

    def warn_unheard(self, record: Mapping[str, Any]) -> None:
        """Say that the hospital may not be told of this emergency. It goes on all the same: a hospital in need is not stopped."""
        if untold := record.get("figures", {}).get(UNDELIVERED):
            self.ledger.warn(
                f"{record['verb']} of {record['site']} goes on as an emergency, and {untold}. Tell the hospital yourself, and give such a contact its mail address in the contract"
            )
