# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a contract says of backups, as the role backup takes it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import timedelta

from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import ContractError, plain
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract_faults import faults
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract_parts import Backups
from pydantic import BaseModel, Field, ValidationError

__all__ = ["backup_rules"]


class Section(BaseModel):
    """The contract without all that is no concern of backups."""

    backups: Backups = Field(default_factory=Backups.model_construct)


def backup_rules(contract: object) -> dict[str, int]:
    """Return how old a full backup may become (seconds), and how long backups are kept (whole days), where nothing is said a week each.

    Raises:
        ContractError: the contract is none, or its section is wrong.
    """
    if not isinstance(contract, Mapping):
        raise ContractError(
            f"contract: {json.dumps(plain(contract), ensure_ascii=False)[:100]} is not a mapping, write it as docs/contract.md says"
        )
    given = {name: contract[name] for name in ("backups",) if contract.get(name) is not None}
    try:
        rules = Section.model_validate_json(json.dumps(plain(given))).backups
    except ValidationError as error:
        raise ContractError("\n".join(faults(error.errors(include_url=False), Section.model_json_schema()))) from None
    return {
        "full_every_seconds": int(rules.full_every.total_seconds()),
        "retention_days": math.ceil(rules.retention / timedelta(days=1)),
    }
