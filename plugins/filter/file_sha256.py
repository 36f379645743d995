# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: the SHA-256 of a release's archive or of a plan, to which an approval is bound."""

from __future__ import annotations

DOCUMENTATION = r"""
name: file_sha256
short_description: The SHA-256 of a file on the controller
description:
  - Empty where there is no such file; an operation that needs an approval for it is refused then, and its checks say what is missing.
options:
  _input: {description: Path of the file on the controller., type: path, required: true}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
operation_subject: "{{ deploy_archive | default('') | traumalink.ops.file_sha256 }}"
"""

RETURN = r"""
_value: {description: 64 hexadecimal digits or nothing., type: str}
"""

from collections.abc import Callable
from pathlib import Path

from ansible_collections.traumalink.ops.plugins.plugin_utils.approval import ApprovalError
from ansible_collections.traumalink.ops.plugins.plugin_utils.approval_maker import subject_of


def file_sha256(path: str) -> str:
    """Adapt the call; see plugin_utils.approval_maker."""
    try:
        return subject_of(Path(path).expanduser()) if path else ""
    except ApprovalError:
        return ""


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., str]]:
        """Name the filter."""
        return {"file_sha256": file_sha256}
