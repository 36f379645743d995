# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: print the version register of all app hosts, and write it to a file; on the controller."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ansible_collections.traumalink.ops.plugins.plugin_utils.controller_action import ControllerAction
from ansible_collections.traumalink.ops.plugins.plugin_utils.version_table import (
    TableError,
    problems,
    version_document,
    version_lines,
    write_document,
)


class ActionModule(ControllerAction):
    """Answers of the hosts in, lines out; printed here, since a callback would wrap or quote them."""

    SPEC: ClassVar[dict[str, dict[str, Any]]] = {
        "answers": {"type": "dict", "required": True},
        "site": {"type": "str", "required": True},
        "timezone": {"type": "str", "default": "UTC"},
        "file": {"type": "str", "default": ""},
    }

    def act(self, given: dict[str, Any]) -> dict[str, Any]:
        """Print the table and return it; fail in the end where a host could not tell."""
        answers = given["answers"]
        try:
            zone = ZoneInfo(given["timezone"])
        except (ZoneInfoNotFoundError, ValueError):
            raise TableError(f"timezone {given['timezone']!r} is none; write one such as Asia/Shanghai.") from None
        lines = version_lines(answers, zone)
        self._display.display("\n".join(lines))
        writes = bool(given["file"])
        if writes and not self._task.check_mode:
            write_document(Path(given["file"]), version_document(answers, given["site"], datetime.now(UTC)))
        result: dict[str, Any] = {"changed": writes, "lines": lines}
        if faults := problems(answers):
            said = "; ".join(f"{host}: {reason}" for host, reason in faults.items())
            return {
                **result,
                "failed": True,
                "msg": f"The register is not complete. {said}. The table shows what the others told",
            }
        return result
