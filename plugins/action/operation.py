# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: the gate, the lease and the record of an operation. It runs delegated to the ops host, whose ledger it talks to."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError, code_of
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_store import ALTERED
from ansible_collections.traumalink.ops.plugins.module_utils.record import new_run_id
from ansible_collections.traumalink.ops.plugins.plugin_utils import kept_head, kept_records
from ansible_collections.traumalink.ops.plugins.plugin_utils.clock import moment
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import Contract
from ansible_collections.traumalink.ops.plugins.plugin_utils.forced_variables import given_as_extra, refusal
from ansible_collections.traumalink.ops.plugins.plugin_utils.gate import Verdict, judge, previewed
from ansible_collections.traumalink.ops.plugins.plugin_utils.keeper import (
    Keeper,
    dismiss,
    holds,
    notice,
    playbook_process,
    work_left,
)
from ansible_collections.traumalink.ops.plugins.plugin_utils.operation_closing import (
    closed_record,
    codes,
    countersigned,
    last_words,
    told,
    unreached,
)
from ansible_collections.traumalink.ops.plugins.plugin_utils.operation_notices import head_notices, notices_of
from ansible_collections.traumalink.ops.plugins.plugin_utils.operation_opening import Opening
from ansible_collections.traumalink.ops.plugins.plugin_utils.operation_request import (
    OPTIONS,
    actor_of,
    brings_approval,
    opening_record,
    refusal_of_strategy,
    request_of,
)
from ansible_collections.traumalink.ops.plugins.plugin_utils.policy import Policy, policy_of
from ansible_collections.traumalink.ops.plugins.plugin_utils.receivers import Receivers
from ansible_collections.traumalink.ops.plugins.plugin_utils.remote_ledger import (
    AWAY,
    MISSING,
    OpsAwayError,
    RemoteLedger,
    out_of_service,
)
from ansible_collections.traumalink.ops.plugins.plugin_utils.repeated_keys import contract_of_site
from ansible_collections.traumalink.ops.plugins.plugin_utils.secrecy import without_secrets

UNTOLD: dict[str, Any] = {"head": None, "problem": "", "notices": [], "head_notices": []}
RENEWALS_A_LEASE = 4  # so that a lease survives some that fail


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core ships no type information
    """One call a step: judged, opened, closed. What is decided is decided in plugin_utils."""

    _supports_check_mode = True
    earlier: list[float] | None = None  # durations of earlier successes, as far as the ledger could be asked

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Take the step that `state` names."""
        super().run(tmp, task_vars)
        if problem := refusal_of_strategy(self._task.play.strategy):
            raise AnsibleActionFail(problem)
        _result, given = self.validate_argument_spec(argument_spec=OPTIONS)
        given |= given.pop("request")
        self.variables: dict[str, Any] = task_vars or {}
        self.check: bool = self._play_context.check_mode
        self.kept_heads = self.heads_kept_here(given)
        steps = {"judged": self.judged, "opened": self.opened, "explained": self.explained, "closed": self.closed}
        # At each step: whoever forces its way past one would reach the next. Only what closes the record goes on, to write that it was refused.
        if given["state"] != "closed" and (forced := refusal(given_as_extra(self))):
            raise AnsibleActionFail(forced)
        if given["state"] in ("explained", "closed") and given["keeper_file"]:
            notice(Path(given["keeper_file"]))
        try:
            return {"changed": False, **steps[given["state"]](given)}
        except OpsError as error:
            raise AnsibleActionFail(str(error)) from None

    def remote(self, given: Mapping[str, Any]) -> RemoteLedger:
        """Return the ledger on the ops host."""
        return RemoteLedger(
            self.run_there, self._display.display, self._display.warning, [*given["witnessed"], *self.kept_heads]
        )

    def heads_kept_here(self, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the newest head that this controller has kept. A damaged one keeps an operation from being begun, and none from being ended."""
        try:
            return kept_head.heads(given["controller_head"])
        except OpsError as error:
            if given["state"] == "judged" and given["verb"] != "restore":
                raise AnsibleActionFail(
                    f"{given['verb']} of {given['site']} is refused: {error}. Nothing was changed"
                ) from None
            self._display.warning(str(error))
            return []

    def keep_head(self, given: Mapping[str, Any], head: Mapping[str, Any]) -> None:
        """Keep a new head here; where it cannot be kept, that is said and changes nothing else."""
        if given["controller_head"]:
            try:
                kept_head.note(given["controller_head"], head)
            except OpsError as error:
                self._display.warning(f"head {head['sequence']} of the ledger is not kept on this controller: {error}")

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
        """Judge whether the verb may run now; `refusal` says why not. Nothing is written but what this controller kept, where an approval may be of that."""
        contract, policy, verdict, record = self.judge(given)
        if given["witness_problem"]:
            self._display.warning(
                f"the ledger is not compared with what {given['witness_host']} has seen of it: {given['witness_problem']}"
            )
        if given["witness_host"] == given["ops"]:
            self._display.warning(
                f"operation_witness_host is {given['ops']} itself, so whoever cuts the ledger there cuts what was seen of it too; name another host"
            )
        for note in verdict.notes:
            self._display.display(f"{given['verb']} of {given['site']}: {note}")
        return {
            "refusal": verdict.refusal,
            "record": record,
            "notes": verdict.notes,
            "policy": vars(policy),
            "contract": contract.id,
            "earlier_seconds": self.earlier,
        }

    def judge(self, given: dict[str, Any]) -> tuple[Contract, Policy, Verdict, dict[str, Any]]:
        """Return contract, policy, the gate's verdict, and the record as far as it is known."""
        contract = contract_of_site(given["contract"], self.variables)
        policy = policy_of(given["verb"], contract.stricter)
        at = moment(
            given["now"],
            datetime.now(UTC),
            rehearsal=given["rehearsal"],
            allowed=given["rehearsals_allowed"] or self.check,
        )
        away, self.earlier = "", None
        # What `judged` has been told a moment ago is not asked again, but by an operation that has waited since.
        earlier: list[float] | None = given.pop("earlier_seconds", None)
        try:
            if brings_approval(given) and not self.check:
                # The emergency may be the one that ran while ops was away.
                self.remote(given).bring_in(Path(given["controller_records"]).expanduser())
            self.earlier = self.remote(given).durations(given["verb"]) if earlier is None else earlier
        except OpsAwayError as error:
            away = str(error)
        except OpsError as error:
            # What makes the ledger, or does without it, is told when it is opened.
            if not out_of_service(error) or not (given["creates_ledger"] or given["verb"] == "restore"):
                raise OpsError(f"{given['verb']} of {given['site']} is refused: {error} Nothing was changed") from error
        request = request_of(given, contract, at, self.earlier or [], away, self.remote(given).record)
        verdict = judge(contract, policy, request)
        if given["preview"]:
            if not self.check:
                raise OpsError(f"operation_preview only shows; run {given['verb']} with --check. Nothing was changed")
            verdict = previewed(verdict, request, given["subject"], given["expected_subject"])
        return contract, policy, verdict, opening_record(given, at, actor_of(self.variables), verdict, request.approval)

    def opened(self, given: dict[str, Any]) -> dict[str, Any]:
        """Take the lease and open the record; say what must be settled first, where another operation was cut off."""
        return Opening(
            given,
            self.remote(given),
            lambda: self.judge(given)[1:],
            lambda head: self.countersign(given, head),
            lambda run_id, since: self.keep(given, run_id, since),
            self.check,
        ).run()

    def keep(self, given: Mapping[str, Any], run_id: str, since: float) -> Path:
        """Leave the keeper of a lease behind that is held `since` a reading of `lease_clock`; return the file in which it tells the lease's state."""
        folder = Path(tempfile.mkdtemp(prefix=f"traumalink-{run_id}-"))

        def renew() -> bool:
            self._connection._shell.tmpdir = None  # the task's own folder is gone by then
            self._display._final_q = None  # nobody reads what this process would say
            return self.remote(given).renew(run_id, given["lease_seconds"])

        lease = float(given["lease_seconds"])
        # On the worst day ops may be lost as well, and a restore goes on.
        alone = given["verb"] == "restore"
        keeper = Keeper(
            playbook_process(),
            folder / "lease.json",
            renew,
            lease / RENEWALS_A_LEASE,
            lease,
            since=since,
            outlives_ops=alone,
        )
        keeper.leave_behind()
        return keeper.file

    def explained(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return why it failed, and which hosts cannot be reached. Asked before anything is undone, whose failure would take its place."""
        reason = without_secrets(told(self.variables, given["hosts"]), self.variables)
        return {
            "reason": reason,
            "codes": codes(self.variables, given["hosts"]),
            "unreached": unreached(self.variables, given["hosts"]),
            "ours": self.still_ours(given),
        }

    def still_ours(self, given: dict[str, Any]) -> bool:
        """Tell whether the site is still this operation's: one that slept while another took over changes nothing more, also not back."""
        if self.check or given["away"] or not given["record"].get("run_id"):
            return True
        try:
            return self.remote(given).renew(given["record"]["run_id"], given["lease_seconds"])
        except OpsError:
            # Nobody can tell; whoever would take over needs ops as well, and waits until the lease has run out.
            return holds(Path(given["keeper_file"])) or given["verb"] == "restore"

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
        left = work_left(Path(given["keeper_file"])) if given["keeper_file"] and given["outcome"] != "success" else []
        notices = notices_of(record, Receivers.of(given), over=not left)
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
        keepers = Receivers(given["head_mail_to"], given["head_webhook"], given["webhook_format"])
        if forced:
            raise OpsError(forced)
        return {
            "record": record,
            "head": head,
            "problem": problem,
            "message": last_words(record, problem),
            "notices": notices,
            "head_notices": head_notices(given["site"], head, keepers),
        }

    def countersign(self, given: Mapping[str, Any], head: Mapping[str, Any]) -> dict[str, Any]:
        """Return a new head with its countersignature, and keep it here; what cannot be done of both is said and changes nothing else."""
        try:
            signed = countersigned(given["countersign_key"], head)
        except OpsError as error:
            self._display.warning(f"head {head['sequence']} of the ledger is not countersigned: {error}")
            signed = countersigned("", head)
        self.keep_head(given, signed)
        return signed
