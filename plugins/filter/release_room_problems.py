# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: Which app hosts lack the room for a release."""

from __future__ import annotations

DOCUMENTATION = r"""
name: release_room_problems
short_description: Which app hosts lack the room for a release
description:
  - A sentence for each; an empty list where all have it. A host on which the version is laid down already needs none.
positional: name, version, needed_bytes
options:
  _input: {description: "App host to what M(traumalink.ops.release_info) returned there.", type: dict, required: true}
  name: {description: The application., type: str, required: true}
  version: {description: The version., type: str, required: true}
  needed_bytes: {description: "What M(traumalink.ops.release_info) returned for the archive.", type: int, required: true}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
problems: "{{ answers | traumalink.ops.release_room_problems('trauma', '1.1.0', verified.needed_bytes) }}"
"""

RETURN = r"""
_value: {description: The problems in words., type: list, elements: str}
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.traumalink.ops.plugins.plugin_utils import release_room


def release_room_problems(
    answers: Mapping[str, Mapping[str, Any]], name: str, version: str, needed_bytes: int
) -> list[str]:
    """Adapt the call; see plugin_utils.release_room."""
    return release_room.room_problems(answers, name, version, needed_bytes)


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"release_room_problems": release_room_problems}
