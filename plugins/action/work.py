# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action: run an Ansible module that takes long, in a systemd unit of its host, and wait for it.

ansible-core builds the module and reads its result, as for any task; only the one command in between that would run it over the
connection is replaced by a unit and its polls.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.traumalink.ops.plugins.module_utils.record import new_run_id
from ansible_collections.traumalink.ops.plugins.module_utils.work_unit import WORKS
from ansible_collections.traumalink.ops.plugins.plugin_utils.duration import duration_words
from ansible_collections.traumalink.ops.plugins.plugin_utils.keeper import notice, playbook_process

UNIT_MODULE = "traumalink.ops.work_unit"
SHOW_SECONDS = 10
POLL_SECONDS = 5.0  # an answer comes as soon as the work has ended; a look costs the host a third of a second of its processor; half of what the keeper gives work that has lost its lease
PATIENCE_SECONDS = 300
RETRY_SECONDS = 5


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core ships no type information
    """A module's name and arguments in, the module's own result out."""

    _supports_check_mode = True
    _used_interpreter: str | None  # ansible-core's: the module's first line
    _work: dict[str, Any] | None = None  # set while ansible-core runs the module that is to go into a unit
    _asking = False  # set while ansible-core runs the module that handles units

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module in a unit; in check mode directly."""
        super().run(tmp, task_vars)
        self._variables = task_vars or {}
        self._playbook = playbook_process()
        _result, given = self.validate_argument_spec(
            argument_spec={
                "module": {"type": "str", "required": True},
                "arguments": {"type": "dict", "default": {}},
                "run_id": {"type": "str"},
                "title": {"type": "str"},
                "scratch": {"type": "str", "default": ""},
                "poll_seconds": {"type": "float", "default": POLL_SECONDS},
            }
        )
        module, arguments = given["module"], given["arguments"]
        if not self._task.check_mode:
            self._host = self._task.delegate_to or self._variables.get("inventory_hostname", "the host")
            self._poll_seconds = given["poll_seconds"]
            # The task's own number is part of it: another task with the same arguments is other work.
            identity = json.dumps([module, arguments, str(self._task._uuid)], sort_keys=True, default=str)
            self._work = {
                "run_id": given["run_id"] or self._variable("operation_run_id") or new_run_id(datetime.now(UTC)),
                "module": module,
                "title": given["title"] or module,
                "fingerprint": hashlib.sha256(identity.encode()).hexdigest(),
                "scratch": given["scratch"],
            }
        result: dict[str, Any] = self._execute_module(
            module_name=module, module_args=dict(arguments), task_vars=task_vars
        )
        return result

    def _is_pipelining_enabled(self, module_style: str, wrap_async: bool = False) -> bool:
        """Have ansible-core hand over the module's text instead of copying it to the host."""
        if self._work is not None:
            return module_style == "new"
        enabled: bool = super()._is_pipelining_enabled(module_style, wrap_async)
        return enabled

    def _compute_environment_string(self, raw_environment_out: dict[str, Any] | None = None) -> str:
        """Keep the task's variables from the polls: ansible-core writes them on the command line, where everybody reads them."""
        if self._asking:
            return ""
        prefix: str = super()._compute_environment_string(raw_environment_out)
        return prefix

    def _low_level_execute_command(self, cmd: str, *positional: Any, **options: Any) -> dict[str, Any]:
        """Run the module that ansible-core has built in a unit; every other command as usual."""
        work, self._work = self._work, None
        if work is None:
            usual: dict[str, Any] = super()._low_level_execute_command(cmd, *positional, **options)
            return usual
        if not options.get("in_data"):
            raise AnsibleActionFail(
                f"{work['module']} is not written in Python for Ansible; call it without {self._task.action}"
            )
        environment: dict[str, Any] = {}
        self._compute_environment_string(environment)
        program = options["in_data"].decode() if isinstance(options["in_data"], bytes) else options["in_data"]
        interpreter = str(self._used_interpreter)
        asked = {
            **work,
            "interpreter": shlex.split(interpreter.removeprefix("#!")),
            "payload": json.dumps({"program": program, "environment": environment}),
        }
        self._stay_responsible(f"traumalink-{work['run_id']}.service", started=False)
        try:
            seen = self._ask("start", **asked, wait_seconds=self._poll_seconds)
        except AnsibleConnectionFailure:
            self._leave()  # it may have been started all the same
            raise
        ended = self._wait(seen)
        self._used_interpreter = interpreter
        self._forget(work["run_id"], ended["work"]["unit"])
        return finished(ended, self._host)

    def _forget(self, run_id: str, unit: str) -> None:
        """Remove the folder of work that has ended and whose result is here. One command: to have the module do it costs ten times as much."""
        try:
            done = self._low_level_execute_command(shlex.join(["rm", "-rf", "--", str(WORKS / run_id)]))
            problem = "" if done["rc"] == 0 else str(done["stderr"]).strip() or f"status {done['rc']}"
        except AnsibleError as error:
            problem = str(error)
        if problem:  # the folder only takes room
            self._display.warning(f"{unit} on {self._host} was not tidied: {problem}")

    def _wait(self, seen: dict[str, Any]) -> dict[str, Any]:
        """Ask until the unit has ended, and say every ten seconds how far it is."""
        booted_at, run_id = seen["booted_at"], seen["work"]["run_id"]
        last, shown = seen["work"], time.monotonic()
        while seen["work"]["state"] == "running":
            self._stay_responsible(last["unit"])
            if time.monotonic() - shown >= SHOW_SECONDS:
                shown = time.monotonic()
                self._show(last)
            seen = self._look(run_id, last)
            if seen["work"]["state"] == "running":
                last = seen["work"]
        self._stay_responsible(last["unit"])
        if seen["work"]["state"] == "absent":
            seen["work"] = {**last, "state": "absent", "how": vanished(booted_at, seen["booted_at"])}
        return seen

    def _look(self, run_id: str, last: dict[str, Any]) -> dict[str, Any]:
        """Ask once; where no answer comes (connection, reboot), again for five minutes."""
        since, told = time.monotonic(), False
        while True:
            try:
                return self._ask("look", run_id=run_id, wait_seconds=self._poll_seconds)
            except AnsibleError as error:
                if time.monotonic() - since >= PATIENCE_SECONDS:
                    self._leave()
                    raise AnsibleConnectionFailure(
                        f"{self._host} has not answered for {PATIENCE_SECONDS} s; {last['unit']} may still work there. "
                        f"Look at it with {UNIT_MODULE} when the host is back: {error}"
                    ) from error
                if not told:
                    self._display.warning(
                        f"{self._host} does not answer; {last['unit']} goes on there, trying again for {PATIENCE_SECONDS} s"
                    )
                told = True
            self._stay_responsible(last["unit"])
            self._connection._shell.tmpdir = None  # it may be gone with the host's last boot
            self._connection.reset()
            time.sleep(RETRY_SECONDS)

    def _ask(self, action: str, **arguments: Any) -> dict[str, Any]:
        """Call the module that handles units.

        Raises:
            AnsibleConnectionFailure: the host cannot be reached.
            AnsibleActionFail: the module refuses, or only half of an answer came.
        """
        self._asking = True
        try:
            answer: dict[str, Any] = self._execute_module(
                module_name=UNIT_MODULE, module_args={"action": action, **arguments}, task_vars=self._variables
            )
        finally:
            self._asking = False
        if "work" not in answer:
            raise AnsibleActionFail(str(answer.get("module_stderr") or answer.get("msg") or "the host gave no answer"))
        return answer

    def _show(self, work: dict[str, Any]) -> None:
        """Say how far the work is; only that it goes on where the task is no_log."""
        progress = "" if self._task.no_log or not work["progress"] else f": {work['progress']}"
        self._display.display(f"{work['title']} on {self._host}: {duration_words(work['seconds'])}{progress}")

    def _stay_responsible(self, unit: str, *, started: bool = True) -> None:
        """Stop waiting where the unit is another's: the operation has lost its lease, or its playbook was killed.

        A worker process outlives a playbook that was killed; it must not take away the result that recovery looks for.
        """
        left = f"{unit} on {self._host} is left to the operation that takes over"
        if os.getppid() != self._playbook:
            raise AnsibleActionFail(f"the playbook has died; {left}")
        path = self._variable("operation_keeper_file")
        try:
            said = json.loads(Path(path).read_text(encoding="utf-8")) if path else {}
        except (OSError, ValueError):
            return  # the keeper is about to write it
        held_until = said.get("until") if isinstance(said, dict) and said.get("state") == "held" else None
        if held_until is not None and held_until < datetime.now(UTC).timestamp():
            said = {"state": "lost", "reason": "nobody renews it any more"}
        if isinstance(said, dict) and said.get("state") == "lost":
            notice(Path(path))
            if started:
                self._leave()  # whoever settles the operation sees its end, and nobody closes it before
            raise AnsibleActionFail(f"this operation has lost its lease: {said.get('reason')}; {left}")

    def _leave(self) -> None:
        """Say beside the keeper's file that work on this host was lost sight of: its operation must not be closed as if nothing ran."""
        path = self._variable("operation_keeper_file")
        if path and Path(path).parent.is_dir():
            (Path(path).parent / f"left-{self._host}").touch()

    def _variable(self, name: str) -> str:
        """Return a variable of the task as text, "" where it is not set."""
        value = self._templar.template(self._variables.get(name))
        return "" if value is None else str(value)


def finished(ended: dict[str, Any], host: str) -> dict[str, Any]:
    """Return what the module left, as a command's result.

    Raises:
        AnsibleActionFail: it did not end by itself, so there is no result.
    """
    work = ended["work"]
    if work["state"] in ("succeeded", "failed"):
        return {"rc": 0 if work["state"] == "succeeded" else 1, "stdout": ended["output"], "stderr": ended["errors"]}
    said = f", and said last: {work['progress']}" if work["progress"] else ""
    raise AnsibleActionFail(
        f"{work['title']} did not end by itself: {work['unit']} on {host} {work['how']}; it had run for {duration_words(work['seconds'])}{said}. "
        f"Look at journalctl -u {work['unit']}, then run the operation again",
        result={"work": work},
    )


def vanished(booted_before: str, booted_after: str) -> str:
    """Return how a unit ended of which the host knows nothing any more."""
    if booted_before != booted_after:
        return f"was cut off by a restart of the host, which is up again since {booted_after}"
    return "was tidied away by somebody else"
