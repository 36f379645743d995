# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: make a patch plan of what the hosts told, or compare an approved one with what they tell now; on the controller."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.files import sync_folder
from ansible_collections.traumalink.ops.plugins.plugin_utils.controller_action import ControllerAction
from ansible_collections.traumalink.ops.plugins.plugin_utils.patch_plan import (
    differences,
    new_plan,
    order,
    plan_figures,
    plan_text,
    read_plan,
    remaining,
    sha256,
)
from ansible_collections.traumalink.ops.plugins.plugin_utils.patch_table import plan_lines


class ActionModule(ControllerAction):
    """What the hosts told in, the plan or its differences out; the table is printed here, since a callback would wrap or quote it."""

    SPEC: ClassVar[dict[str, dict[str, Any]]] = {
        "state": {"type": "str", "choices": ["made", "read", "compared"], "required": True},
        "site": {"type": "str", "required": True},
        "file": {"type": "str", "required": True},
        "hosts": {"type": "dict", "default": {}},
        "scope": {"type": "str", "choices": ["security", "all"], "default": "security"},
        "reboot": {"type": "str", "choices": ["never", "if_required", "always"], "default": "if_required"},
        "tracker": {"type": "dict", "default": {}},
        "groups": {"type": "dict", "default": {}},
    }

    def act(self, given: dict[str, Any]) -> dict[str, Any]:
        """Take the step that `state` names."""
        file = Path(given["file"])
        if not file.is_absolute():
            raise OpsError(f"patch_plan {given['file']!r} must be an absolute path on the controller")
        if given["state"] == "made":
            return self.made(given, file)
        plan = read_plan(file, given["site"])
        digest = sha256(plan_text(plan))
        if given["state"] == "read":
            names = {host: [update["name"] for update in each["updates"]] for host, each in plan["hosts"].items()}
            return {"changed": False, "plan": plan, "sha256": digest, "names": names}
        hosts = given["hosts"]
        left = {host: remaining(plan["hosts"][host], each) for host, each in hosts.items() if host in plan["hosts"]}
        return {
            "changed": False,
            "plan": plan,
            "sha256": digest,
            "differences": differences(plan, hosts),
            "broken": [host for host, each in hosts.items() if each["broken"]],
            "remaining": left,
            "waiting": [host for host, steps in left.items() if any(steps.values())],
            "order": order(left, {name: given["groups"].get(name, []) for name in ("app", "db", "edge", "ops")}),
        }

    def made(self, given: dict[str, Any], file: Path) -> dict[str, Any]:
        """Make the plan, print it, and write it; not in check mode."""
        settings = {"scope": given["scope"], "reboot": given["reboot"]}
        plan = new_plan(given["site"], given["hosts"], settings, given["tracker"] or None, datetime.now(UTC))
        text = plan_text(plan)
        lines = plan_lines(plan, sha256(text))
        self._display.display("\n".join(lines))
        if not self._task.check_mode:
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                new = file.with_name(f".{file.name}.new")
                new.write_text(text, encoding="utf-8")
                new.replace(file)
                sync_folder(file.parent)
            except OSError as error:
                raise OpsError(
                    f"patch_plan {file} cannot be written ({error.strerror}); name a folder of yours"
                ) from None
        artefact = {"name": str(file), "sha256": sha256(text), "size_bytes": len(text.encode())}
        return {
            "changed": True,
            "plan": plan,
            "sha256": sha256(text),
            "lines": lines,
            "figures": plan_figures(plan, sha256(text)),
            "artefacts": [artefact],
        }
