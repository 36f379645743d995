# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: What a deployment would lose."""

from __future__ import annotations

DOCUMENTATION = r"""
name: loss_problem
short_description: What a deployment would lose, in words
description:
  - An empty text where it loses nothing, or somebody has agreed to it.
positional: repository
options:
  _input: {description: "What M(traumalink.ops.data_directory_info) said of the data.", type: dict, required: true}
  repository: {description: "What M(traumalink.ops.pgbackrest_info) said of the repository.", type: dict, required: true}
  confirmed: {description: Whether somebody has agreed to the loss., type: bool, required: true}
  site: {description: The site's name., type: str, required: true}
  database_host: {description: The database's host., type: str, required: true}
  data_directory: {description: Where its data lies., type: str, required: true}
  repository_host: {description: The repository's host., type: str, required: true}
  stanza: {description: The database's name in the repository., type: str, required: true}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
problem: >-
  {{ data | traumalink.ops.loss_problem(repository, confirmed=false, site='example_hospital', database_host='db1',
     data_directory='/var/lib/postgresql/15/main', repository_host='ops1', stanza='example_hospital') }}
"""

RETURN = r"""
_value: {description: The problem and what to do., type: str}
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.traumalink.ops.plugins.plugin_utils import loss


def loss_problem(data: Mapping[str, Any], repository: Mapping[str, Any], *, confirmed: bool, **place: str) -> str:
    """Adapt the call; see plugin_utils.loss."""
    return loss.loss_problem(data, repository, loss.Place(**place), confirmed=confirmed)


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"loss_problem": loss_problem}
