# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a contract's parts must not say together: names or keys twice, contacts that are not there, days under another year, policies that are looser.

Asked of the plain data, as far as each value can be read by itself, so that these faults are told at once with those of single fields.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any, TypeVar

from ansible_collections.traumalink.ops.plugins.plugin_utils.contract_values import (
    read_dates,
    read_key,
    read_one_or_more_ranges,
)
from ansible_collections.traumalink.ops.plugins.plugin_utils.near_words import near
from ansible_collections.traumalink.ops.plugins.plugin_utils.policy import POLICIES, STRICTER

__all__ = ["check_faults"]

Value = TypeVar("Value")
LEAST = {  # a looser policy's answer says what the collection's word means
    "restarts": "required where a serving process is restarted",
    "serving": "required over what is still in use",
}


def check_faults(data: object) -> list[str]:
    """Return a line for each fault: contract.<path>: what is wrong, what to write; none for what is no mapping."""
    if not isinstance(data, dict):
        return []
    checks = (_names, _safe_hours, _overrides, _policies, _responsible, _keys, _awx_users)
    return [f"contract.{line}" for check in checks for line in check(data)]


def _names(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield each name that two windows, freezes, obligations or contacts share."""
    for section, key in (("windows", "name"), ("freezes", "name"), ("obligations", "id"), ("contacts", "id")):
        seen: set[str] = set()
        for number, entry in enumerate(_list(data.get(section))):
            name = entry.get(key) if isinstance(entry, dict) else None
            if isinstance(name, str) and name in seen:
                shown = json.dumps(name, ensure_ascii=False)
                yield f"{section}[{number}].{key}: {shown} is there already, write another {key}"
            elif isinstance(name, str):
                seen.add(name)


def _safe_hours(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield always-safe hours that overlap working hours of any day."""
    given = _map(data.get("calendar")).get("always_safe")
    for place, safe in _read(read_one_or_more_ranges, given):
        for kind in ("workday", "restday"):
            for number, hours in _read(read_one_or_more_ranges, _list(_map(data.get("working_hours")).get(kind))):
                if safe.minutes() & hours.minutes():
                    yield (
                        f"calendar.always_safe{place}: {safe} overlaps working_hours.{kind}{number}, {hours}, "
                        "write safe hours in which nobody works on any day"
                    )


def _overrides(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield days that stand under another year, and days that are off and worked."""
    for year, override in _map(_map(data.get("calendar")).get("overrides")).items():
        parts, path = _map(override), f"calendar.overrides.{year}"
        off = _days(f"{path}.off", parts.get("off", parts.get("False")))  # YAML 1.1 reads a bare `off` as false
        for name, dates in _map(parts.get("holidays")).items():
            off += _days(f"{path}.holidays.{name}", dates)
        work = _days(f"{path}.work", parts.get("work"))
        for place, day in (*off, *work):
            if year.isdigit() and day.year != int(year):
                yield f"{place}: {day} stands under {year}, write it under {day.year}"
        for place, day in work:
            if day in {each for _, each in off}:
                yield f"{place}: {day} is off as well, write it in one of the two"


def _days(path: str, dates: object) -> list[tuple[str, date]]:
    """Return each day of a list of dates, with the path of its entry."""
    return [(f"{path}{place}", day) for place, day in _read(read_dates, _list(dates))]


def _policies(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield policies that are looser than the collection's (DESIGN, "The operation"), which would not hold."""
    for verb, rules in _map(data.get("policies")).items():
        if verb not in POLICIES:
            continue
        for name, order in STRICTER.items():
            word, least = _map(rules).get(name), getattr(POLICIES[verb], name)
            if word in order and order.index(word) < order.index(least):
                yield (
                    f"policies.{verb}.{name}: {word} is looser than the collection's word ({LEAST.get(least, least)}), "
                    f"write {least if name == 'lock' else 'required'}, or leave it out"
                )


def _responsible(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield responsible contacts whom the contract does not have."""
    contacts = [entry.get("id") for entry in _list(data.get("contacts")) if isinstance(entry, dict)]
    known = [contact for contact in contacts if isinstance(contact, str)]
    ids = f"ids of contacts: {', '.join(dict.fromkeys(known))}" if known else "that contact under contacts"
    for severity, level in _map(data.get("service_levels")).items():
        for number, name in enumerate(_list(_map(level).get("responsible"))):
            if isinstance(name, str) and name not in known:
                path = f"service_levels.{severity}.responsible[{number}]"
                yield f"{path}: {name} is no contact, write {near(name, known) or ids}"


def _keys(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield keys of an approver that are another contact's as well, and the other way round: they would not tell who signed."""
    first: dict[str, tuple[int, Any, bool]] = {}
    for number, entry in enumerate(_list(data.get("contacts"))):
        contact = _map(entry)
        approves = "approver" in _list(contact.get("roles"))
        for place, key in enumerate(_list(contact.get("signing_keys"))):
            try:
                owner, name, as_well = first.setdefault(_bare(key), (number, contact.get("id"), approves))
            except ValueError:
                continue
            if owner != number and (approves or as_well):
                yield (
                    f"contacts[{number}].signing_keys[{place}]: is a key of {name} as well, so nobody could tell who approved, "
                    "write a key of their own (ssh-keygen -t ed25519)"
                )


def _awx_users(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield users at AWX who are two contacts, since they would not tell who approved, and those at an AWX that the contract does not name."""
    first: dict[str, Any] = {}
    for number, entry in enumerate(_list(data.get("contacts"))):
        contact = _map(entry)
        user, path = contact.get("awx_user"), f"contacts[{number}].awx_user"
        if not isinstance(user, str):
            continue
        if user in first:
            yield f"{path}: {user} is {first[user]} as well, so nobody could tell who approved, write a user of their own"
        first.setdefault(user, contact.get("id"))
        if data.get("awx") is None:
            yield f"{path}: the contract names no AWX, write its address under awx.url"


def _bare(key: object) -> str:
    """Return a public key without its comment. Raises ValueError: it is none."""
    return " ".join(read_key(key).split()[:2])


def _read(read: Callable[[Any], Iterable[Value]], given: object) -> Iterator[tuple[str, Value]]:
    """Yield what can be read of a list, or of one value, each with its place below it, such as [1]; the rest is told by its own path."""
    entries = (
        [(f"[{number}]", [entry]) for number, entry in enumerate(given)] if isinstance(given, list) else [("", given)]
    )
    for place, entry in entries:
        try:
            found = read(entry)
        except ValueError:
            continue
        yield from ((place, value) for value in found)


def _map(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
