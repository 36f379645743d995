# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: the gate, the lease and the record of an operation. It runs delegated to the ops host, whose ledger it talks to."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError, code_of
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_store import ALTERED
from ansible_collections.traumalink.ops.plugins.module_utils.record import new_run_id
from ansible_collections.traumalink.ops.plugins.plugin_utils import kept_records
from ansible_collections.traumalink.ops.plugins.plugin_utils.clock import moment
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import Contract, read_contract
from ansible_collections.traumalink.ops.plugins.plugin_utils.duration import read_duration
from ansible_collections.traumalink.ops.plugins.plugin_utils.forced_variables import given_as_extra, refusal
from ansible_collections.traumalink.ops.plugins.plugin_utils.gate import (
    Verdict,
    judge,
)
from ansible_collections.traumalink.ops.plugins.plugin_utils.holder import (
    LONGEST_LEASE_SECONDS,
    Holder,
    Waiting,
    first_steps,
)
from ansible_collections.traumalink.ops.plugins.plugin_utils.keeper import Keeper, dismiss, work_left
from ansible_collections.traumalink.ops.plugins.plugin_utils.operation_closing import (
    closed_record,
    countersigned,
    last_words,
    told,
    unreached,
)
from ansible_collections.traumalink.ops.plugins.plugin_utils.operation_notices import (
    head_notice,
    interrupted_notices,
    notices_of,
    opening_notices,
)
from ansible_collections.traumalink.ops.plugins.plugin_utils.operation_request import (
    OPTIONS,
    actor_of,
    opening_record,
    request_of,
)
from ansible_collections.traumalink.ops.plugins.plugin_utils.policy import Policy, policy_of
from ansible_collections.traumalink.ops.plugins.plugin_utils.remote_ledger import (
    AWAY,
    MISSING,
    OpsAwayError,
    RemoteLedger,
    beside,
    out_of_service,
)
from ansible_collections.traumalink.ops.plugins.plugin_utils.secrecy import without_secrets
from ansible_collections.traumalink.ops.plugins.plugin_utils.settlement import Settlement, settle

LOOK_SECONDS = 2.0
SHORTEST_LEASE_SECONDS = 5
# What an operation is that stands in no ledger.
UNWRITTEN: dict[str, Any] = {
    "opened": True, "head": None, "keeper_file": "", "waited_seconds": 0, "recoveries": [], "notices": []
}  # fmt: skip
UNTOLD: dict[str, Any] = {"head": None, "problem": "", "notices": [], "head_notices": []}
RENEWALS_A_LEASE = 4  # so that a lease survives some that fail


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core ships no type information
    """One call a step: judged, opened, closed. What is decided is decided in plugin_utils."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Take the step that `state` names."""
        super().run(tmp, task_vars)
        _result, given = self.validate_argument_spec(argument_spec=OPTIONS)
        given |= given.pop("request")
        self.variables: dict[str, Any] = task_vars or {}
        self.check: bool = self._play_context.check_mode
        steps = {"judged": self.judged, "opened": self.opened, "explained": self.explained, "closed": self.closed}
        try:
            return {"changed": False, **steps[given["state"]](given)}
        except OpsError as error:
            raise AnsibleActionFail(str(error)) from error

    def remote(self, given: Mapping[str, Any]) -> RemoteLedger:
        """Return the ledger on the ops host."""
        return RemoteLedger(self.run_there, self._display.display, self._display.warning, given["witnessed"])

    def run_there(self, module: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Run a module on the ops host, to which this task is delegated."""
        try:
            answer: dict[str, Any] = self._execute_module(
                module_name=module, module_args=arguments, task_vars=self.variables
            )
        except AnsibleConnectionFailure as error:
            raise OpsAwayError(" ".join(str(error).split())[:300]) from error
        return answer

    def judged(self, given: dict[str, Any]) -> dict[str, Any]:
        """Judge whether the verb may run now; `refusal` says why not. Nothing is written."""
        if forced := refusal(given_as_extra(self)):
            raise OpsError(forced)
        contract, policy, verdict, record = self.judge(given)
        if given["witness_problem"]:
            self._display.warning(
                f"the ledger is not compared with what {given['witness_host']} has seen of it: {given['witness_problem']}"
            )
        for note in verdict.notes:
            self._display.display(f"{given['verb']} of {given['site']}: {note}")
        return {
            "refusal": verdict.refusal,
            "record": record,
            "notes": verdict.notes,
            "policy": vars(policy),
            "contract": contract.id,
        }

    def judge(self, given: dict[str, Any]) -> tuple[Contract, Policy, Verdict, dict[str, Any]]:
        """Return contract, policy, the gate's verdict, and the record as far as it is known."""
        contract = read_contract(given["contract"])
        policy = policy_of(given["verb"], {verb: rule.model_dump() for verb, rule in contract.policies.items()})
        at = moment(
            given["now"],
            datetime.now(UTC),
            rehearsal=given["rehearsal"],
            allowed=given["rehearsals_allowed"] or self.check,
        )
        away, earlier = "", []
        try:
            earlier = self.remote(given).durations(given["verb"])
        except OpsAwayError as error:
            away = str(error)
        except OpsError as error:
            # What makes the ledger, or does without it, is told when it is opened.
            if not out_of_service(error) or not (given["creates_ledger"] or given["verb"] == "restore"):
                raise OpsError(f"{given['verb']} of {given['site']} is refused: {error} Nothing was changed") from error
        request = request_of(given, contract, at, earlier, away)
        verdict = judge(contract, policy, request)
        return contract, policy, verdict, opening_record(given, at, actor_of(self.variables), verdict, request.approval)

    def opened(self, given: dict[str, Any]) -> dict[str, Any]:
        """Take the lease and open the record; say what must be settled first, where another operation was cut off."""
        if not SHORTEST_LEASE_SECONDS <= given["lease_seconds"] <= LONGEST_LEASE_SECONDS:
            raise OpsError(
                f"operation_lease_seconds {given['lease_seconds']} must be {SHORTEST_LEASE_SECONDS} to {LONGEST_LEASE_SECONDS}; 60 serves. Nothing was changed"
            )
        settlement = settle(
            given["settling"], given["answers"], given["verb"], given["site"], given["hosts"], given["lost_hosts"],
            Path(given["recovery_folder"]),
        )  # fmt: skip
        for note in settlement.notes:
            self._display.warning(note)
        lock_wait = read_duration(given["lock_wait"]).total_seconds()
        waiting: Waiting | None = None
        ledger = self.remote(given)
        while True:
            _contract, policy, verdict, record = self.judge(given)  # the clock goes on while it waits
            if verdict.refusal:
                raise OpsError(verdict.refusal)
            record["run_id"] = new_run_id(datetime.now(UTC))
            waiting = waiting or Waiting(
                given["verb"], given["site"], lock_wait * policy.waits, time.monotonic, self._display.display
            )
            try:
                if not self.check:
                    ledger.bring_in(Path(given["controller_records"]).expanduser())
                answer = ledger.add(
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
                return self.without_ledger(given, policy, settlement, record, error)
            if self.check:
                for line in first_steps(given["verb"], given["site"], answer, policy):
                    self._display.display(line)
                return UNWRITTEN | {"record": record}
            settled = {run_id: settlement.reasons[run_id] for run_id in answer["settled"]}
            told_of = interrupted_notices(
                given["settling"], settled, given["site"], given["webhook_format"], given["contract"]
            )
            if answer["answer"] == "acquired":
                head = self.countersign(given, answer["head"])
                return {
                    "opened": True,
                    "record": record,
                    "head": head,
                    "keeper_file": str(self.keep(given, record["run_id"])),
                    "waited_seconds": round(waiting.seconds),
                    "recoveries": settlement.recoveries,
                    "notices": told_of + opening_notices(record, given["webhook_format"], given["contract"]),
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
        self, given: dict[str, Any], policy: Policy, settlement: Settlement, record: dict[str, Any], error: OpsError
    ) -> dict[str, Any]:
        """Let a restore go on, with its record kept on this controller; refuse everything else."""
        away = code_of(error) == AWAY
        why = (
            f"{given['ops']} cannot be reached ({error}), so there is neither lock nor record; bring it back first."
            if away
            else str(error)
        )
        if given["verb"] != "restore":
            raise OpsError(f"{given['verb']} of {given['site']} is refused: {why} Nothing was changed") from error
        operations = [] if away else self.remote(given).operations()
        others = [entry for entry in operations if entry["run_id"] not in settlement.reasons]
        first, holder = beside(others, policy.ends, datetime.now(UTC), LONGEST_LEASE_SECONDS)
        if holder:
            raise OpsError(Holder.of(holder).refusal(given["verb"], given["site"], 0.0)) from error
        if first:
            return {"opened": False, "unsettled": first, "notices": []}
        self._display.warning(f"the restore goes on without the ledger, and its record stays on this controller: {why}")
        notices = opening_notices(record, given["webhook_format"], given["contract"])
        return UNWRITTEN | {"record": record, "away": True, "notices": notices, "recoveries": settlement.recoveries}

    def keep(self, given: Mapping[str, Any], run_id: str) -> Path:
        """Leave the keeper of the lease behind; return the file in which it tells the lease's state."""
        folder = Path(tempfile.mkdtemp(prefix=f"traumalink-{run_id}-"))

        def renew() -> bool:
            self._connection._shell.tmpdir = None  # the task's own folder is gone by then
            self._display._final_q = None  # nobody reads what this process would say
            return self.remote(given).renew(run_id, given["lease_seconds"])

        lease = float(given["lease_seconds"])
        # On the worst day ops may be lost as well, and a restore goes on.
        alone = given["verb"] == "restore"
        keeper = Keeper(os.getppid(), folder / "lease.json", renew, lease / RENEWALS_A_LEASE, lease, outlives_ops=alone)
        keeper.leave_behind()
        return keeper.file

    def explained(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return why it failed, and which hosts cannot be reached. Asked before anything is undone, whose failure would take its place."""
        reason = without_secrets(told(self.variables, given["hosts"]), self.variables)
        return {"reason": reason, "unreached": unreached(self.variables, given["hosts"])}

    def closed(self, given: dict[str, Any]) -> dict[str, Any]:
        """Close the record, or write one of a run that was refused before it was opened; return the new head and what is to be told to whom."""
        now = datetime.now(UTC)
        forced = refusal(given_as_extra(self))
        if forced:  # `judged` has refused it, whatever outcome is forced now
            given |= {"outcome": "refused", "record": {}, "opened": False, "away": False, "keeper_file": ""}
        record = closed_record(given, self.variables, now)
        record["run_id"] = record["run_id"] or new_run_id(now)
        if self.check:
            if forced:
                raise OpsError(forced)
            return UNTOLD | {"record": record, "message": last_words(record, "")}
        notices = notices_of(record, given["webhook_format"], given["contract"])
        left = work_left(Path(given["keeper_file"])) if given["keeper_file"] and given["outcome"] != "success" else []
        if left:
            # Its lease runs out and the next operation settles it, once it can see what became of the work.
            dismiss(Path(given["keeper_file"]))
            problem = f"Work may still be going on on {', '.join(left)}, so the record stays open until the next operation has seen its end"
            return UNTOLD | {
                "record": record,
                "problem": problem,
                "notices": notices,
                "message": last_words(record, problem),
            }
        kept_file = Path(given["controller_records"]).expanduser()
        state = "closed" if given["opened"] and not given["away"] else "appended"
        head: dict[str, Any] | None = None
        problem = ""
        try:
            if given["away"]:
                raise OpsAwayError(f"the ledger on {given['ops']} took nothing in when the operation began")
            head = self.countersign(given, self.remote(given).write(state, record))
            self.remote(given).sign(head)
        except OpsError as error:
            kept_records.keep(kept_file, record)
            kept_there = (
                f"the record is kept on this controller in {kept_file}; the next operation brings it into the ledger"
            )
            code = code_of(error)
            # An altered ledger that kept the operation from being opened is told by the operation's own reason.
            if code in (AWAY, *MISSING) or (code == ALTERED and not given["opened"]):
                self._display.warning(kept_there)
            else:
                problem = f"{error} So {kept_there}"
        if given["keeper_file"]:
            dismiss(Path(given["keeper_file"]))
        if forced:
            raise OpsError(forced)
        return {
            "record": record,
            "head": head,
            "problem": problem,
            "message": last_words(record, problem),
            "notices": notices,
            "head_notices": [head_notice(given["site"], head, given["webhook_format"])] if head else [],
        }

    def countersign(self, given: Mapping[str, Any], head: Mapping[str, Any]) -> dict[str, Any]:
        """Return the head with its countersignature; without one where it cannot be made, which is said and changes nothing else."""
        try:
            return countersigned(given["countersign_key"], head)
        except OpsError as error:
            self._display.warning(f"head {head['sequence']} of the ledger is not countersigned: {error}")
            return countersigned("", head)
