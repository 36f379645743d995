# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a contract, in words: pydantic's errors with their path and, from the JSON Schema, what to write instead."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.traumalink.ops.plugins.plugin_utils.contract_values import EntriesError
from ansible_collections.traumalink.ops.plugins.plugin_utils.near_words import near
from ansible_collections.traumalink.ops.plugins.plugin_utils.policy import NO_OPERATION

__all__ = ["faults"]

FEW_WORDS = 4
KINDS = {"string_type": "text", "int_type": "a whole number", "bool_type": "true or false"}
KINDS |= {"tuple_type": "a list", "list_type": "a list", "dict_type": "a mapping", "model_type": "a mapping"}
KINDS |= {"int_parsing": "a whole number", "greater_than_equal": "large enough", "less_than_equal": "small enough"}
PLAIN = {
    "array": "a list, [] where there is nothing",
    "object": "a mapping, {} where there is nothing",
    "string": "a text",
}


def faults(errors: Sequence[Mapping[str, Any]], schema: Mapping[str, Any]) -> list[str]:
    """Return a line for each error of pydantic: contract.<path>: what is wrong, what to write.

    Args:
        errors: ValidationError.errors().
        schema: JSON Schema of the model that was validated, with its definitions.
    """
    lines: list[str] = []
    for error in errors:
        if error["type"] == "too_short" and error["input"]:
            continue  # only what was wrong in it has gone; that is said already
        location = [part for part in error["loc"] if part != "[key]"]
        path = _path([part for part in location if part not in schema["$defs"]])
        lines += [f"{path}{entry}: {words}" for entry, words in _said(error, location, schema)]
    return lines


def _path(location: Sequence[str | int]) -> str:
    """Return a location as one writes it: contract.windows[1].duration."""
    return "contract" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)


def _said(
    error: Mapping[str, Any], location: Sequence[str | int], schema: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Yield the place below the location, "" for the value itself, and what is wrong there."""
    cause = (error.get("ctx") or {}).get("error")
    if isinstance(cause, EntriesError):
        yield from ((f"[{number}]", words) for number, words in cause.faults)
    else:
        yield "", _words(error, location, schema)


def _words(error: Mapping[str, Any], location: Sequence[str | int], schema: Mapping[str, Any]) -> str:
    """Return what is wrong and what to write instead."""
    kind, given = error["type"], _shown(error["input"])
    if kind in ("value_error", "no_rhythm"):
        return str(error["ctx"]["error"]) if kind == "value_error" else str(error["msg"])
    if kind == "extra_forbidden":
        return _unknown_key(str(location[-1]), _at(location[:-1], schema))
    if kind == "missing":
        return f"is missing, write {_example(str(location[-1]), _at(location, schema))}"
    if kind == "literal_error":
        if error["input"] in NO_OPERATION:
            return f"{error['input']} is no operation on the site, so nothing would ask for this, leave it out"
        return f"{given} is not known here, write {_one_of(str(error['input']), str(error['ctx']['expected']))}"
    wanted = _at(location, schema)
    instead = f"write {_example('' if not location or isinstance(location[-1], int) else location[-1], wanted)}"
    if kind == "string_pattern_mismatch":
        return f"{'is empty' if not str(error['input']).strip() else f'{given} has another form'}, {instead}"
    if kind == "too_short":
        return f"is empty, {instead}"
    if kind == "string_type" and isinstance(error["input"], int | float):
        # YAML has taken the last zero away: whoever wrote 5.10 must not be told to write 5.1.
        zero = (
            f', or "{error["input"]}0" if that is how it is written there' if isinstance(error["input"], float) else ""
        )
        return f'{given} is a number, write it as text in quotes: "{error["input"]}"{zero}'
    return f"{given} is not {KINDS.get(kind, 'right')}, {instead}" if kind in KINDS else f"{error['msg']}, {instead}"


def _one_of(given: str, expected: str) -> str:
    """Return what may be meant; of few words all, since the nearest may mean the opposite ("not_required")."""
    words = re.findall("'([^']*)'", expected)
    meant = near(given, words)
    if meant and len(words) > FEW_WORDS:
        return meant
    *others, last = sorted(words, key=lambda word: word != meant)
    return f"{', '.join(others)} or {last}" if others else last


def _unknown_key(key: str, part: Mapping[str, Any]) -> str:
    """Return what to write instead of a key that a part does not have."""
    known = list(part.get("properties", {}))
    return f"is not known here, write {near(key, known) or 'one of ' + ', '.join(known)}"


def _example(key: str, schema: Mapping[str, Any]) -> str:
    """Return what one may write under a key, by the example in its schema."""
    examples = schema.get("examples")
    if examples:
        return f"for example {key}: {_shown(examples[0])}"
    if choices := schema.get("enum"):
        return f"{key}: " + ", ".join(map(str, choices))
    if "properties" in schema:
        return f"{key or 'a mapping'} with {', '.join(schema.get('required') or schema['properties'])} below it"
    return f"{key}: {PLAIN.get(schema.get('type', ''), 'another value')}"


def _at(location: Sequence[str | int], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema of the value at a location; empty where it says nothing of it. A part that names a definition chooses among several."""
    here: Mapping[str, Any] = schema
    for part in location:
        here = _resolved(here, schema)
        if part in schema["$defs"]:
            here = schema["$defs"][part]
        elif isinstance(part, int):
            here = here.get("items", {})
        else:
            here = here.get("properties", {}).get(part) or here.get("additionalProperties") or {}
        here = here if isinstance(here, Mapping) else {}
    return _resolved(here, schema)


def _resolved(here: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a reference stands for, with what stands beside it."""
    if "$ref" not in here:
        return here
    return {**schema["$defs"][here["$ref"].rsplit("/", 1)[1]], **{key: here[key] for key in here if key != "$ref"}}


def _shown(value: object) -> str:
    """Return a value as the file has it, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 120 else f"{text[:119]}…"
