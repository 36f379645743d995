# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What actions share that work on the controller alone, without asking a host."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError

__all__ = ["ControllerAction"]


class ControllerAction(ActionBase):  # type: ignore[misc]  # ansible-core ships no type information
    """Arguments in, one call, result out.

    Attributes:
        SPEC: the arguments, as Ansible's argument_spec.
    """

    SPEC: ClassVar[dict[str, dict[str, Any]]] = {}

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Read the arguments and act on them; what cannot be done is told in its own words."""
        super().run(tmp, task_vars)
        self.variables: dict[str, Any] = task_vars or {}
        _result, given = self.validate_argument_spec(argument_spec=self.SPEC)
        try:
            return self.act(given)
        except OpsError as error:
            raise AnsibleActionFail(str(error)) from error

    def act(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return the result. Raises OpsError."""
        raise NotImplementedError
