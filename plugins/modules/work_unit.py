#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: the long works of operations on a host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: work_unit
short_description: Look at, end and tidy the long works of operations on a host
description:
  - Long work runs as the transient systemd unit C(traumalink-<run id>.service), in a control group of its own. It goes on when the controller dies.
  - M(traumalink.ops.work) starts such units and waits for them. This module is what it uses, and what recovery uses to await or end what a dead
    controller left.
  - What a work says and how it ended lie in C(/run/traumalink/work/<run id>), which only root can read and a reboot empties.
  - What a module leaves running in the background ends with its unit.
options:
  action:
    description:
      - V(look) changes nothing. V(start) starts a work; the same work that runs already, or whose result was not fetched, is joined instead, and other
        work of the same run is refused. V(end) stops a work and waits until it has ended, V(tidy) forgets one that has ended.
    type: str
    choices: [look, start, end, tidy]
    default: look
  run_id: {description: The operation's run id. Without one V(look) returns all works of the host in RV(works)., type: str}
  wait_seconds: {description: V(look) and V(start) return when the work has ended and at the latest after this time., type: float, default: 0}
  reason: {description: Why a work is ended; V(end) needs it., type: str}
  settles:
    description: Whether V(end) lets the run start nothing here any more; false where the run itself ends what it has left, and works on to undo it.
    type: bool
    default: true
  module: {description: Name of the Ansible module that V(start) starts., type: str}
  title: {description: What the work is in words. Everybody on the host can read it., type: str}
  fingerprint: {description: Equal where it is the same work., type: str}
  interpreter: {description: Program and arguments that read the module., type: list, elements: str, default: [/usr/bin/python3]}
  scratch: {description: Folder that is removed when the unit has ended however it ended., type: str, default: ""}
  payload:
    description: JSON of an object with C(program) (the module's text as ansible-core builds it) and C(environment) (an object of variables).
    type: str
attributes:
  check_mode: {support: full, description: Says what would be started or ended or forgotten.}
  diff_mode: {support: none, description: There is nothing to compare.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: See what runs
  traumalink.ops.work_unit:
  register: seen

- name: End what a dead controller left
  traumalink.ops.work_unit:
    action: end
    run_id: "{{ item.run_id }}"
    reason: the controller died; operation {{ operation_run_id }} recovers
  loop: "{{ seen.works | selectattr('state', 'equalto', 'running') }}"
"""

RETURN = r"""
work:
  description: The work O(run_id) as it is after the action. RV(ignore:state) is running, succeeded, failed, killed or absent.
  returned: success, with O(run_id)
  type: dict
  sample:
    run_id: 20261125-033000-3f9a2c
    unit: traumalink-20261125-033000-3f9a2c.service
    state: killed
    module: traumalink.ops.pgbackrest_backup
    title: full backup
    seconds: 71.3
    progress: 41 % of 3 GB
    how: was killed because the host ran out of memory
works: {description: All works of the host; those that run and those whose result nobody has fetched., returned: without O(run_id), type: list, elements: dict}
output: {description: Standard output of the work O(run_id) that has ended., returned: with O(run_id), type: str}
errors: {description: The end of its standard error., returned: with O(run_id), type: str}
booted_at: {description: Since when the host is up; another value than before means that it was restarted., returned: success, type: str}
"""

import json
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.work_folder import Work, WorkError
from ansible_collections.traumalink.ops.plugins.module_utils.work_unit import WorkUnits


def work_of(given: dict[str, Any]) -> Work:
    """Return the work that is to be started."""
    try:
        payload = json.loads(given["payload"])
        program, environment = (
            str(payload["program"]),
            {key: str(value) for key, value in payload["environment"].items()},
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        raise WorkError("`payload` is no JSON object with program and environment") from None
    return Work(
        run_id=given["run_id"],
        module=given["module"],
        title=given["title"],
        program=program,
        fingerprint=given["fingerprint"],
        interpreter=given["interpreter"],
        environment=environment,
        scratch=given["scratch"],
    )


def act(given: dict[str, Any], units: WorkUnits, check: bool) -> dict[str, Any]:
    """Do what was asked and return the result."""
    run_id, changed = given["run_id"], False
    booted_at = units.booted_at()
    if run_id is None:
        return {"changed": False, "works": [seen.facts() for seen in units.look_all()], "booted_at": booted_at}
    if check:
        state = units.look(run_id).state
        would = {"look": False, "start": state != "running", "end": state == "running"}
        changed = would.get(given["action"], state not in ("running", "absent"))
    elif given["action"] == "start":
        changed = units.start(work_of(given))
    elif given["action"] == "end":
        changed, _seen = units.end(run_id, given["reason"], settles=given["settles"])
    elif given["action"] == "tidy":
        changed = units.tidy(run_id)
    seen = units.look(run_id) if check else units.wait(run_id, given["wait_seconds"])
    return {
        "changed": changed, "work": seen.facts(), "output": seen.output, "errors": seen.errors, "booted_at": booted_at
    }  # fmt: skip


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "action": {"type": "str", "choices": ["look", "start", "end", "tidy"], "default": "look"},
            "run_id": {"type": "str"},
            "wait_seconds": {"type": "float", "default": 0},
            "reason": {"type": "str"},
            "settles": {"type": "bool", "default": True},
            "module": {"type": "str"},
            "title": {"type": "str"},
            "fingerprint": {"type": "str"},
            "interpreter": {"type": "list", "elements": "str", "default": ["/usr/bin/python3"]},
            "scratch": {"type": "str", "default": ""},
            "payload": {"type": "str", "no_log": True},
        },
        required_if=[
            ("action", "start", ["run_id", "module", "title", "fingerprint", "payload"]),
            ("action", "end", ["run_id", "reason"]),
            ("action", "tidy", ["run_id"]),
        ],
        supports_check_mode=True,
        no_log=True,  # a poll every two seconds would fill the host's journal; systemd notes starts and ends
    )
    try:
        result = act(module.params, WorkUnits(run), module.check_mode)
    except OpsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
