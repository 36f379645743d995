# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a contract's parts must not say together: names twice, contacts that are not there, days under another year, policies that are looser.

Asked of the plain data, as far as each value can be read by itself, so that these faults are told at once with those of single fields.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from ansible_collections.traumalink.ops.plugins.plugin_utils.contract_values import (
    read_dates,
    read_one_or_more_ranges,
)
from ansible_collections.traumalink.ops.plugins.plugin_utils.policy import POLICIES, STRICTER

__all__ = ["check_faults"]

Value = TypeVar("Value")


def check_faults(data: object) -> list[str]:
    """Return a line for each fault: contract.<path>: what is wrong, what to write; none for what is no mapping."""
    if not isinstance(data, dict):
        return []
    checks = (_names, _safe_hours, _overrides, _policies, _responsible)
    return [line for check in checks for line in check(data)]


def _names(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield each name that two windows, freezes, obligations or contacts share."""
    for section, key in (("windows", "name"), ("freezes", "name"), ("obligations", "id"), ("contacts", "id")):
        seen: set[str] = set()
        for number, entry in enumerate(_list(data.get(section))):
            name = entry.get(key) if isinstance(entry, dict) else None
            if isinstance(name, str) and name in seen:
                shown = json.dumps(name, ensure_ascii=False)
                yield f"contract.{section}[{number}].{key}: {shown} is there already, write another {key}"
            elif isinstance(name, str):
                seen.add(name)


def _safe_hours(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield always-safe hours that overlap working hours of any day."""
    given = _map(data.get("calendar")).get("always_safe")
    for safe in _read(read_one_or_more_ranges, given if isinstance(given, list) else [given]):
        for kind in ("workday", "restday"):
            for hours in _read(read_one_or_more_ranges, _list(_map(data.get("working_hours")).get(kind))):
                if safe.minutes() & hours.minutes():
                    yield (
                        f"contract.working_hours: {hours} overlaps calendar.always_safe {safe}, "
                        "write safe hours in which nobody works on any day"
                    )


def _overrides(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield days that stand under another year, and days that are off and worked."""
    for year, override in _map(_map(data.get("calendar")).get("overrides")).items():
        parts = _map(override)
        off = {*_read(read_dates, _list(parts.get("off", parts.get("False"))))}  # YAML 1.1 reads a bare `off` as false
        off.update(day for days in _map(parts.get("holidays")).values() for day in _read(read_dates, _list(days)))
        work = {*_read(read_dates, _list(parts.get("work")))}
        for day in sorted(off | work):
            if year.isdigit() and day.year != int(year):
                yield f"contract.calendar.overrides: {day} stands under {year}, write it under {day.year}"
        for day in sorted(off & work):
            yield f"contract.calendar.overrides.{year}.work: {day} is off as well, write it in one of the two"


def _policies(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield policies that are looser than the collection's (DESIGN, "The operation"), which would not hold."""
    for verb, rules in _map(data.get("policies")).items():
        if verb not in POLICIES:
            continue  # an unknown verb is told by its own path; one that is no operation asks for nothing
        for name, order in STRICTER.items():
            word, least = _map(rules).get(name), getattr(POLICIES[verb], name)
            if word in order and order.index(word) < order.index(least):
                meant = {
                    "restarts": "required where a serving process is restarted",
                    "serving": "required over a database that serves",
                }
                yield (
                    f"contract.policies.{verb}.{name}: {word} is looser than the collection's word ({meant.get(least, least)}), "
                    f"write {least if name == 'lock' else 'required'}, or leave it out"
                )


def _responsible(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield responsible contacts whom the contract does not have."""
    contacts = [entry.get("id") for entry in _list(data.get("contacts")) if isinstance(entry, dict)]
    known = [contact for contact in contacts if isinstance(contact, str)]
    for severity, level in _map(data.get("service_levels")).items():
        wanted = [name for name in _list(_map(level).get("responsible")) if isinstance(name, str)]
        if unknown := [name for name in wanted if name not in known]:
            instead = f"write ids of contacts: {', '.join(known)}" if known else "write that contact under contacts"
            yield f"contract.service_levels: {severity}.responsible: {', '.join(unknown)} is no contact, {instead}"


def _read(read: Callable[[Any], tuple[Value, ...]], items: list[Any]) -> Iterator[Value]:
    """Yield what can be read of a list; the rest is told by its own path."""
    for item in items:
        try:
            yield from read([item])
        except ValueError:
            continue


def _map(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
