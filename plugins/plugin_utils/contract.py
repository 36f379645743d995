# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site's contract as typed values (DESIGN, "The contract file"); a wrong one is refused whole, with every error."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract_checks import check_faults
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract_faults import faults
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract_obligations import Obligation
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract_parts import (
    Awx,
    Backups,
    CalendarRules,
    Contact,
    Expected,
    Freeze,
    Name,
    Part,
    Policy,
    ServiceLevel,
    Title,
    Window,
    WorkingHours,
)
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract_values import Zone, read_zone
from ansible_collections.traumalink.ops.plugins.plugin_utils.policy import VERB
from pydantic import Field, ValidationError

__all__ = ["Contract", "ContractError", "contract_schema", "plain", "read_contract"]


class ContractError(OpsError):
    """The contract is wrong: one line an error, each with its path and what to write instead."""


class Contract(Part):
    """One site's contract."""

    id: Name = Field(description="How records and reports call it.", examples=["cs-2026"])
    title: Title = Field(examples=[{"zh": "创伤救治信息系统维护服务", "en": "Trauma system maintenance"}])
    timezone: Zone = Field(description="Time zone of all hours and dates below.")
    calendar: CalendarRules = Field(default_factory=CalendarRules.model_construct)
    working_hours: WorkingHours = Field(examples=[{"workday": ["08:00-12:00", "14:00-17:30"], "restday": []}])
    windows: tuple[Window, ...] = Field(
        min_length=1,  # without one, nothing disruptive could ever run
        description="Several are OR-ed; at least one.",
        examples=[[{"name": "nightly", "days": "any", "start": "22:00", "duration": "7h", "cutoff": "45m"}]],
    )
    freezes: tuple[Freeze, ...] = ()
    contacts: tuple[Contact, ...] = ()
    policies: dict[VERB, Policy] = Field(default_factory=dict, description="By verb.")
    expected: dict[VERB, Expected] = Field(default_factory=dict, description="By verb.")
    backups: Backups = Field(default_factory=Backups.model_construct)
    awx: Awx | None = None
    service_levels: dict[Name, ServiceLevel] = Field(default_factory=dict, description="By severity of a fault.")
    obligations: tuple[Obligation, ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone of all hours and dates of the contract."""
        return self.timezone

    @property
    def stricter(self) -> dict[str, dict[str, str]]:
        """Return its policies as `policy_of` takes them."""
        return {str(verb): rules.model_dump() for verb, rules in self.policies.items()}


def read_contract(data: object) -> Contract:
    """Return the contract that plain data (from YAML) describes.

    Raises:
        ContractError: it describes none; the message has every error, one a line: contract.<path>: what is wrong, what to write.
    """
    try:
        found = plain(data)
        text = json.dumps(found)
    except TypeError as error:
        raise ContractError(str(error)) from error
    except RecursionError as error:
        raise ContractError("contract: holds itself by an alias of YAML, write out what is meant") from error
    lines = check_faults(found)
    try:
        contract = Contract.model_validate_json(text, context={"zone": zone_of(found)})
    except ValidationError as error:
        lines = [*faults(error.errors(include_url=False), Contract.model_json_schema()), *lines]
    if lines:
        raise ContractError("\n".join(lines))
    return contract


def zone_of(data: object) -> tzinfo:
    """Return the zone in which a contract's dates are meant; UTC while it names none, which is told by its own path."""
    try:
        return read_zone(data["timezone"] if isinstance(data, dict) else None)
    except (KeyError, ValueError):
        return UTC


def contract_schema() -> dict[str, Any]:
    """Return the JSON Schema of a file contract.yml, for editors."""
    schema = Contract.model_json_schema()
    definitions = schema.pop("$defs")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "contract.yml of a site",
        "type": "object",
        "required": ["contract"],
        "properties": {"contract": {"$ref": "#/$defs/Contract"}},
        "additionalProperties": False,
        "$defs": {"Contract": schema, **definitions},
    }


def plain(data: object, path: str = "contract") -> Any:
    """Return data as JSON has it: mappings with text keys, lists, texts, numbers; dates as ISO 8601; Ansible's own types lose their wrapping.

    Args:
        path: where it stands, for the message.

    Raises:
        TypeError: something in it has no such form; the message has its path.
    """
    if isinstance(data, Mapping):
        return {str(key): plain(value, f"{path}.{key}") for key, value in data.items()}
    if isinstance(data, str):
        return str(data)
    if data is None or isinstance(data, bool | int) or (isinstance(data, float) and math.isfinite(data)):
        return data
    if isinstance(data, date):  # a datetime is one too
        return data.isoformat()
    if isinstance(data, Sequence):
        return [plain(value, f"{path}[{number}]") for number, value in enumerate(data)]
    raise TypeError(f"{path}: {data!r} is no plain data, write a text, a number, a list or a mapping")
