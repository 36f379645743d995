#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: the mark of an upgrade with downtime."""

from __future__ import annotations

DOCUMENTATION = r"""
module: upgrade_mark
short_description: How far an upgrade with downtime has come
description:
  - Runs on the database's host. The mark is written before anything is closed, and goes when everything is open again; a run that died leaves it, and
    whoever comes next reads there what to do.
  - Without O(step) it only tells. V(closing) begins it, with O(run_id), O(name), O(before) and O(to). V(migrating) takes O(restore_point), O(segment) and O(backup).
  - V(decided) is written before the first browser is let in; from then on nothing is restored.
options:
  step: {description: The step that begins now., type: str, choices: [closing, migrating, restoring, restored, decided, ended]}
  run_id: {description: The run id of the upgrade., type: str, default: ""}
  name: {description: The application., type: str, default: ""}
  before: {description: The version before., type: str, default: ""}
  to: {description: The version to which it goes., type: str, default: ""}
  restore_point: {description: The restore point., type: str, default: ""}
  segment: {description: The WAL segment that holds it., type: str, default: ""}
  backup: {description: The label of the backup set before it., type: str, default: ""}
  port: {description: The server's port., type: int, default: 5432}
attributes:
  check_mode: {support: full, description: Says what would change.}
  diff_mode: {support: none, description: There is nothing to compare.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: From now on the database is no longer what the version before needs
  traumalink.ops.upgrade_mark:
    step: migrating
    restore_point: "{{ made.point.name }}"
    segment: "{{ made.point.segment }}"

- name: How far did it come
  traumalink.ops.upgrade_mark:
"""

RETURN = r"""
mark:
  description: "The mark that stands now, null where none does: C(run_id), C(name), C(before), C(to), C(step), C(closed_at), C(restore_point), C(timeline), C(backup)."
  returned: success
  type: dict
seconds: {description: "Since how long nobody is let in; with V(ended), for how long nobody was.", returned: success, type: float}
way:
  description: "What brings it to an end: C(reopen) the version before, C(restore) the database first, go C(forward); empty where no mark stands."
  returned: success
  type: str
problem: {description: "Why nothing of that may be done, empty where it may; such as a restore by somebody else meanwhile.", returned: success, type: str}
words: {description: "What was cut off, in words; empty where no mark stands.", returned: success, type: str}
"""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils import downtime_mark as domain
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.downtime_mark import Mark, MarkError
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_server import Server

PATH = domain.MARK
ENDED = "ended"
NONE: dict[str, Any] = {"changed": False, "mark": None, "seconds": 0.0, "way": "", "words": "", "problem": ""}


def wanted(given: dict[str, Any], mark: Mark | None, now: datetime) -> Mark:
    """Return the mark at the step that is asked for. Raises MarkError."""
    step = given["step"]
    if step == "closing":
        if mark is not None and mark.run_id != given["run_id"]:
            raise MarkError(
                f"The upgrade {mark.run_id} has not come to its end; run traumalink.ops.upgrade, which brings it there"
            )
        names = {name: given[name] for name in ("run_id", "name", "before", "to")}
        if not all(names.values()):
            raise MarkError("closing needs run_id, name, before and to")
        return mark or Mark(**names, step=step, closed_at=now.isoformat(timespec="milliseconds"))
    if mark is None:
        raise MarkError(f"No upgrade with downtime has begun here, so it cannot be {step}")
    return mark.stepped(step, given["restore_point"], given["segment"], given["backup"])


def outcome(given: dict[str, Any], *, check: bool, path: Path) -> dict[str, Any]:
    """Do what is asked and return the result. Raises OpsError."""
    now = datetime.now(UTC)
    before = domain.read(path)
    seconds = before.seconds(now) if before else 0.0
    if given["step"] == ENDED:
        changed = before is not None if check else domain.remove(path)
        return {**NONE, "changed": changed, "seconds": seconds}
    mark = before if given["step"] is None else wanted(given, before, now)
    changed = mark != before
    if mark is not None and changed and not check:
        domain.write(mark, path)
    if mark is None:
        return NONE
    words = f"the upgrade with downtime of {mark.name} from {mark.before} to {mark.to} ({mark.run_id}), which is {mark.step}"
    result = {**NONE, "changed": changed, "mark": asdict(mark), "seconds": seconds, "words": words}
    try:
        # Asked only where it matters: the server may be away.
        asked = mark.step == "migrating" and given["step"] is None
        timeline = Server(run, given["port"]).role_and_timeline()[1] if asked else 0
        return {**result, "way": domain.way(mark, timeline)}
    except MarkError as error:
        return {**result, "problem": str(error)}


def main() -> None:
    """Arguments in, one call, result out."""
    texts = ("run_id", "name", "before", "to", "restore_point", "segment", "backup")
    module = AnsibleModule(
        argument_spec={
            "step": {"type": "str", "choices": [*domain.STEPS, ENDED]},
            **{name: {"type": "str", "default": ""} for name in texts},
            "port": {"type": "int", "default": 5432},
        },
        supports_check_mode=True,
    )
    try:
        result = outcome(module.params, check=module.check_mode, path=PATH)
    except (OpsError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
