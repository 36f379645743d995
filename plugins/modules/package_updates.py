#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: packages of a host brought to the versions of a patch plan, and back."""

from __future__ import annotations

DOCUMENTATION = r"""
module: package_updates
short_description: Bring packages to exactly the versions of a plan, and back
description:
  - It asks nobody anything and restarts no service, needrestart is told to keep still. A configuration file that was changed stays; RV(kept_files) names it. Packages on hold
    are on hold afterwards, and those that were installed automatically count so.
  - What an interrupted dpkg has left is completed first. Another who installs is waited for, then named.
options:
  state:
    description:
      - V(settled) only completes what an interrupted dpkg has left.
      - V(fetched) brings the new packages to apt's archives, and lays those of the versions that are replaced aside.
      - V(applied) installs what was fetched, without the mirror.
      - V(concluded) writes down that what O(run_id) has replaced was seen to work.
      - V(undone) brings back what the last V(applied) on this host has replaced. It needs neither mirror nor plan.
    type: str
    choices: [settled, fetched, applied, concluded, undone]
    required: true
  updates:
    description: Packages as the plan names them.
    type: list
    elements: dict
    default: []
    suboptions:
      name: {description: "Name, with its architecture where that is not the host's own.", type: str, required: true}
      architecture: {description: Architecture of its .deb file., type: str, required: true}
      installed: {description: Version now; empty where it is new., type: str, required: true}
      candidate: {description: Version then., type: str, required: true}
      way_back: {description: "Why it cannot be taken back; empty where it can.", type: str, default: ""}
  run_id: {description: "The operation's run id, under which V(applied) writes down what it replaces.", type: str, default: ""}
  unconcluded: {description: "With V(undone), only what was not concluded.", type: bool, default: false}
  lock_seconds: {description: How long another who installs is waited for., type: float, default: 300}
  watch:
    description: "A service of this host of which it is measured how long it does not answer meanwhile; nothing for none. With V(postgresql) a server that still starts does not answer."
    type: dict
    suboptions:
      kind: {description: How it is asked., type: str, choices: [tcp, postgresql], required: true}
      address: {description: Where it listens., type: str, default: 127.0.0.1}
      port: {description: Its port., type: int, required: true}
attributes:
  check_mode: {support: full, description: Says what would be done.}
  diff_mode: {support: full, description: Shows the versions.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Install what was approved
  traumalink.ops.work:
    module: traumalink.ops.package_updates
    arguments:
      state: applied
      run_id: "{{ operation_run_id }}"
      updates: [{name: libssl3, architecture: amd64, installed: 3.0.20-1~deb12u2, candidate: 3.0.22-1~deb12u2}]
"""

RETURN = r"""
steps: {description: What was or would be done., returned: always, type: list, elements: str}
packages: {description: "By package its version C(before) and C(after).", returned: always, type: dict}
kept_files: {description: Configuration files of which the package brings a new version and the administrator's was kept., returned: always, type: list, elements: str}
no_old_package: {description: "With V(fetched), packages that can not be taken back since the .deb file of their old version can not be had.", returned: always,
  type: list, elements: str}
stay: {description: "With V(undone), by package why it stays.", returned: always, type: dict}
run_id: {description: "With V(undone), the run whose changes were to be taken back; empty for none.", returned: success, type: str}
down_seconds: {description: "How long what O(watch) names did not answer.", returned: "success, with O(watch)", type: float}
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.apt_get import LOCKED, AptGet, AptTrouble, left_broken
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.package_changes import (
    Outcome,
    apply,
    concluded,
    fetch,
    put_old_files_back,
    undo,
)
from ansible_collections.traumalink.ops.plugins.module_utils.package_journal import Change, read_journal
from ansible_collections.traumalink.ops.plugins.module_utils.port_watch import WATCH_OPTIONS, watching
from ansible_collections.traumalink.ops.plugins.module_utils.progress import say


def carry_out(given: dict[str, Any], outcome: Outcome, *, check: bool) -> str:
    """Bring the packages to the state; return the run that was taken back. Raises OpsError."""
    apt = AptGet(run, given["lock_seconds"], say)
    if given["state"] == "concluded":
        concluded(given["run_id"], outcome, check=check)
        return str(given["run_id"])
    entry = read_journal() if given["state"] == "undone" else {"run_id": "", "open": False}
    if given["unconcluded"] and not entry["open"]:
        return ""
    try:
        outcome.steps += left_broken(run) if check else apt.settle()
    except AptTrouble as error:
        if given["state"] != "undone" or error.code == LOCKED:
            raise
        put_old_files_back(apt, outcome, check=check)
        outcome.steps += apt.settle()
    changes = [Change(**each) for each in given["updates"]]
    if given["state"] == "fetched":
        fetch(changes, apt, outcome, check=check)
    if given["state"] == "applied":
        apply(changes, given["run_id"], apt, outcome, check=check)
    if given["state"] != "undone":
        return ""
    undo(apt, outcome, check=check)
    return str(entry["run_id"])


def result_of(outcome: Outcome) -> dict[str, Any]:
    """Return the outcome as plain data."""
    plain = dict(vars(outcome))
    plain["packages"] = plain.pop("changed")
    return plain


def main() -> None:
    """Arguments in, one call, result out."""
    update = {
        "name": {"type": "str", "required": True},
        "architecture": {"type": "str", "required": True},
        "installed": {"type": "str", "required": True},
        "candidate": {"type": "str", "required": True},
        "way_back": {"type": "str", "default": ""},
    }
    module = AnsibleModule(
        argument_spec={
            "state": {
                "type": "str",
                "choices": ["settled", "fetched", "applied", "concluded", "undone"],
                "required": True,
            },
            "updates": {"type": "list", "elements": "dict", "options": update, "default": []},
            "run_id": {"type": "str", "default": ""},
            "lock_seconds": {"type": "float", "default": 300},
            "unconcluded": {"type": "bool", "default": False},
            "watch": WATCH_OPTIONS,
        },
        supports_check_mode=True,
    )
    outcome = Outcome()
    try:
        with watching(module.params["watch"]) as watch:
            run_id = carry_out(module.params, outcome, check=module.check_mode)
    except (OpsError, OSError) as error:
        module.fail_json(msg=str(error), **result_of(outcome))
    versions = {
        when: "".join(f"{name} {each[when] or '-'}\n" for name, each in outcome.changed.items())
        for when in ("before", "after")
    }
    module.exit_json(changed=bool(outcome.steps), diff=versions, run_id=run_id, **result_of(outcome), **watch.figures())


if __name__ == "__main__":
    main()
