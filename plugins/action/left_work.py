# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action: what an operation that was cut off left running on a host comes to its end; a host that cannot be reached is an answer, no error."""

from __future__ import annotations

import time
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible_collections.traumalink.ops.plugins.action.work import (
    PATIENCE_SECONDS,
    RETRY_SECONDS,
    UNIT_MODULE,
)
from ansible_collections.traumalink.ops.plugins.plugin_utils.duration import duration_words

POLL_SECONDS = 10
SHOW_SECONDS = 30


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core ships no type information
    """One run and one host in; whether the host was seen, and how the work ended, out."""

    _supports_check_mode = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Take the step that `action` names."""
        super().run(tmp, task_vars)
        self._variables = task_vars or {}
        _result, given = self.validate_argument_spec(
            argument_spec={
                "action": {"type": "str", "choices": ["await", "end", "tidy"], "required": True},
                "run_id": {"type": "str", "required": True},
                "reason": {"type": "str", "default": ""},
                "patience_seconds": {"type": "float", "default": 30},
            }
        )
        self._host = str(self._task.delegate_to or self._variables.get("inventory_hostname", "the host"))
        self._patience_seconds = given["patience_seconds"]
        self._answered = False
        try:
            if given["action"] == "await":
                self._await(given["run_id"])
            # What was awaited is ended as well: from then on nothing of that run starts here any more.
            ending = {} if given["action"] == "tidy" else {"reason": given["reason"]}
            answer = self._ask("tidy" if given["action"] == "tidy" else "end", given["run_id"], **ending)
        except AnsibleConnectionFailure as error:
            return {"changed": False, "seen": False, "problem": " ".join(str(error).split())[:300], "work": {}}
        return {"changed": False, "seen": True, "problem": "", "work": answer["work"]}

    def _await(self, run_id: str) -> None:
        """Wait for the end of the work, and say every half minute how far it is."""
        shown = time.monotonic()
        while (work := self._ask("look", run_id, wait_seconds=POLL_SECONDS)["work"])["state"] == "running":
            if time.monotonic() - shown >= SHOW_SECONDS:
                shown = time.monotonic()
                said = f": {work['progress']}" if work["progress"] else ""
                self._display.display(
                    f"{work['title']} on {self._host} still runs, {duration_words(work['seconds'])}{said}"
                )

    def _ask(self, action: str, run_id: str, **arguments: Any) -> dict[str, Any]:
        """Ask the host; where no answer comes, again: longer where it has answered before, since it may be restarting.

        Raises:
            AnsibleConnectionFailure: it cannot be reached. AnsibleActionFail: it answers, and refuses.
        """
        given = {"action": action, "run_id": run_id, **arguments}
        since = time.monotonic()
        while True:
            try:
                answer: dict[str, Any] = self._execute_module(
                    module_name=UNIT_MODULE, module_args=given, task_vars=self._variables
                )
                if answer.get("unreachable"):
                    raise AnsibleConnectionFailure(str(answer.get("msg")))
            except AnsibleConnectionFailure:
                if time.monotonic() - since >= (PATIENCE_SECONDS if self._answered else self._patience_seconds):
                    raise
                self._display.warning(f"{self._host} does not answer; trying again")
                self._connection._shell.tmpdir = None  # it may be gone with the host's last boot
                self._connection.reset()
                time.sleep(RETRY_SECONDS)
                continue
            if "work" not in answer:
                raise AnsibleActionFail(
                    str(answer.get("msg") or answer.get("module_stderr") or "the host gave no answer")
                )
            self._answered = True
            return answer
