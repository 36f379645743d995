# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: the newest head of the ledger that this controller has seen."""

from __future__ import annotations

DOCUMENTATION = r"""
name: kept_head
short_description: The newest head of the ledger that this controller has seen
description:
  - A list of one head, or of none where the file is not there yet or no file is named.
options:
  _input: {description: Path of the file on the controller., type: path, required: true}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
heads: "{{ witness.heads + ledger_controller_head | traumalink.ops.kept_head }}"
"""

RETURN = r"""
_value: {description: "Each with C(sequence), C(hash), C(at), C(signature) and C(seen_by).", type: list}
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.plugin_utils import kept_head as keeper


def kept_head(path: str) -> list[dict[str, Any]]:
    """Adapt the call; see plugin_utils.kept_head."""
    try:
        return keeper.heads(path)
    except OpsError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"kept_head": kept_head}
