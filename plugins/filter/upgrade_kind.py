# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: What kind of upgrade a release asks for."""

from __future__ import annotations

DOCUMENTATION = r"""
name: upgrade_kind
short_description: What kind of upgrade a release asks for
description:
  - By the migrations of it that are pending.
positional: pending
options:
  _input: {description: The migrations of the manifest., type: list, elements: dict, required: true}
  pending: {description: "Ids of those that are pending, as M(traumalink.ops.release_migrations) returns them.", type: list, elements: str, required: true}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
kind: "{{ verified.manifest.migrations | traumalink.ops.upgrade_kind(asked.pending) }}"
"""

RETURN = r"""
_value: {description: "C(kind) (C(app-only), C(expand) or C(breaking)), C(apply), C(left) (for finalize), C(expected_seconds) and C(problems).", type: dict}
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ansible_collections.traumalink.ops.plugins.plugin_utils import upgrade_kind as kinds


def upgrade_kind(migrations: Sequence[Mapping[str, Any]], pending: Collection[str]) -> dict[str, Any]:
    """Adapt the call; see plugin_utils.upgrade_kind."""
    return asdict(kinds.upgrade_kind(migrations, pending))


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"upgrade_kind": upgrade_kind}
