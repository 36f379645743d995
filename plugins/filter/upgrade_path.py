# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: Whether all app hosts may go to a release's version."""

from __future__ import annotations

DOCUMENTATION = r"""
name: upgrade_path
short_description: Whether all app hosts may go to a release's version
description:
  - Judges the hosts' registers and the manifest; an empty list of problems where nothing speaks against it.
positional: manifest, sha256, retry_bad
options:
  _input: {description: "App host to its register, as M(traumalink.ops.release_info) returns it.", type: dict, required: true}
  manifest: {description: The manifest of the release., type: dict, required: true}
  sha256: {description: The SHA-256 of its archive., type: str, required: true}
  retry_bad: {description: Whether a person said that a BAD version is to be tried again., type: bool, default: false}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
path: "{{ registers | traumalink.ops.upgrade_path(verified.manifest, verified.sha256) }}"
"""

RETURN = r"""
_value: {description: "C(before) (host to version), C(to), C(changes) and C(problems).", type: dict}
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from ansible_collections.traumalink.ops.plugins.plugin_utils import version_path


def upgrade_path(
    registers: Mapping[str, Mapping[str, Any]], manifest: Mapping[str, Any], sha256: str, retry_bad: bool = False
) -> dict[str, Any]:
    """Adapt the call; see plugin_utils.version_path."""
    return asdict(version_path.upgrade_path(registers, manifest, sha256, retry_bad=retry_bad))


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"upgrade_path": upgrade_path}
