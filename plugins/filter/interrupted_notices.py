# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: messages about operations that were cut off."""

from __future__ import annotations

DOCUMENTATION = r"""
name: interrupted_notices
short_description: messages about operations that were cut off
description:
  - One for each operation that this run has settled; its subject, text and webhook body.
positional: settled, site, webhook_format, contract
options:
  _input: {description: The operations as the ledger names them., type: list, elements: dict, required: true}
  settled: {description: Run id to the reason with which each was closed., type: dict, required: true}
  site: {description: The site's name., type: str, required: true}
  webhook_format: {description: The kind of webhook., type: str, choices: [plain, wecom, dingtalk], required: true}
  contract: {description: "The site's contract, for its time zone.", type: raw}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
notices: "{{ operations | traumalink.ops.interrupted_notices(settled, site_name, operation_webhook_format, contract) }}"
"""

RETURN = r"""
_value: {description: "Each with C(subject), C(text) and C(webhook).", type: list, elements: dict}
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.traumalink.ops.plugins.plugin_utils import operation_notices


def interrupted_notices(
    operations: Sequence[Mapping[str, Any]],
    settled: Mapping[str, str],
    site: str,
    webhook_format: str,
    contract: Any = None,
) -> list[dict[str, Any]]:
    """Adapt the call; see plugin_utils.operation_notices."""
    return operation_notices.interrupted_notices(operations, settled, site, webhook_format, contract)


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"interrupted_notices": interrupted_notices}
