# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: Why a release is BAD after an upgrade that failed."""

from __future__ import annotations

DOCUMENTATION = r"""
name: release_blame
short_description: Why a release is BAD after an upgrade that failed
description:
  - Empty where the release is not to blame, such as for a lock that was not to be had, a database that was restarted, or a host that was switched off.
positional: codes, unreached, around, decided
options:
  _input: {description: "Why it failed, in words.", type: str, required: true}
  codes: {description: "What each failure said of its kind, C(release_fault) where the release is to blame.", type: list, elements: str, required: true}
  unreached: {description: Hosts that could not be reached then., type: list, elements: str, required: true}
  around: {description: "What else happened meanwhile, in words.", type: list, elements: str, required: true}
  decided: {description: Whether the release had been seen to serve well everywhere before., type: bool, default: false}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
reason: "{{ 'triage is unhealthy' | traumalink.ops.release_blame(['release_fault'], [], []) }}"
"""

RETURN = r"""
_value: {description: "The reason, or nothing.", type: str}
"""

from collections.abc import Callable, Sequence
from typing import Any

from ansible_collections.traumalink.ops.plugins.plugin_utils.release_blame import blame


def release_blame(
    reason: str,
    codes: Sequence[str],
    unreached: Sequence[str],
    around: Sequence[str],
    decided: bool = False,
) -> str:
    """Adapt the call; see plugin_utils.release_blame."""
    return blame(reason, codes, unreached, around, decided=decided)


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"release_blame": release_blame}
