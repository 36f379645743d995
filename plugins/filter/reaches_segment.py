# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: whether a replay of WAL came as far as a segment."""

from __future__ import annotations

DOCUMENTATION = r"""
name: reaches_segment
short_description: Whether a replay of WAL came as far as a segment
description:
  - True when the position lies in the segment or after it.
positional: segment
options:
  _input: {description: Position at which the replay ended (LSN)., type: str, required: true}
  segment: {description: Name of a WAL segment file., type: str, required: true}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
complete: "{{ '0/8000000' | traumalink.ops.reaches_segment('000000010000000000000007') }}"
"""

RETURN = r"""
_value: {description: Whether it did., type: bool}
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.module_utils import wal
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError


def reaches_segment(lsn: str, segment: str) -> bool:
    """Adapt the call; see module_utils.wal."""
    try:
        return wal.reaches_segment(lsn, segment)
    except OpsError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"reaches_segment": reaches_segment}
