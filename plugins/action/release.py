# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action: carry a release's archive to a host, only where the host says that it needs it."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.traumalink.ops.plugins.module_utils.signature import SIGNATURE_SUFFIX

MODULE = "traumalink.ops.release"


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core ships no type information
    """Asks the host first; a converged host costs one round trip and no copy."""

    TRANSFERS_FILES = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module without the archive and, where it says so, again with it."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        given = dict(self._task.args)
        archive, signature = given.pop("archive", None), given.pop("signature", None)
        result.update(self._execute_module(module_name=MODULE, module_args=given, task_vars=task_vars))
        if result.get("failed") or not result.get("archive_needed") or self._task.check_mode:
            return result
        if not archive:
            return {"failed": True, "msg": f"{MODULE}: give `archive`; this host does not have the release yet"}
        folder = self._make_tmp_path()
        remote = self._connection._shell.join_path(folder, archive.rsplit("/", 1)[-1])
        try:
            for local, target in (
                (archive, remote),
                (signature or archive + SIGNATURE_SUFFIX, remote + SIGNATURE_SUFFIX),
            ):
                self._transfer_file(self._loader.get_real_file(local), target)
            self._fixup_perms2((folder, remote, remote + SIGNATURE_SUFFIX))
            arguments = {**given, "archive": remote, "signature": remote + SIGNATURE_SUFFIX}
            result = self._execute_module(module_name=MODULE, module_args=arguments, task_vars=task_vars)
        finally:
            self._remove_tmp_path(folder, force=True)
        return result
