# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an expression asks a record for what it has: a misspelt field or verb is true of nothing, and its obligation would be missed in silence.

Source of the kinds of nodes: jmespath.ast; of their meaning: jmespath.org, "JMESPath Specification".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.record import (
    OUTCOMES,
    Approval,
    Artefact,
    ByHand,
    Emergency,
    Record,
    Window,
)
from ansible_collections.traumalink.ops.plugins.module_utils.record_reader import WINDOW_STATES
from ansible_collections.traumalink.ops.plugins.plugin_utils.by_hand import KINDS
from ansible_collections.traumalink.ops.plugins.plugin_utils.near_words import near
from ansible_collections.traumalink.ops.plugins.plugin_utils.policy import POLICIES

__all__ = ["misspelt"]


@dataclass(frozen=True)
class Shape:
    """What is known of a value: its fields, its entries where it is a list, or the only words that it can be; nothing of all that where it is free."""

    name: str = ""
    fields: Mapping[str, Shape] = field(default_factory=dict)
    entries: Shape | None = None
    words: tuple[str, ...] = ()


FREE = Shape()


def _part(part: type, name: str, **known: Shape) -> Shape:
    """Return the shape of a part of a record by its own type, with what is known of single fields."""
    return Shape(name, {each.name: known.get(each.name, Shape(each.name)) for each in fields(part)})


VERB = Shape("verb", words=tuple(sorted(POLICIES)))
RECORD = _part(
    Record,
    "a record",
    verb=VERB,
    outcome=Shape("outcome", words=OUTCOMES),
    window=_part(Window, "window", state=Shape("window.state", words=WINDOW_STATES)),
    approval=_part(Approval, "approval"),
    emergency=_part(Emergency, "emergency"),
    by_hand=_part(ByHand, "by_hand", kind=Shape("by_hand.kind", words=KINDS)),
    artefacts=Shape("artefacts", entries=_part(Artefact, "an artefact")),
)
# Of these the elements of the left side are what the right side is asked of.
PROJECTIONS = ("projection", "filter_projection", "value_projection", "flatten")


def misspelt(parsed: Mapping[str, Any]) -> list[str]:
    """Return what an expression (as jmespath has parsed it) asks for that no record has, each with near words; empty where it asks for nothing such."""
    found: list[str] = []
    _shape(parsed, RECORD, found)
    return list(dict.fromkeys(found))


def _shape(node: Mapping[str, Any], here: Shape, found: list[str]) -> Shape:
    """Return what is known of a node's value, asked of `here`; add what is misspelt in it."""
    kind, children = node["type"], node["children"]
    if kind == "field":
        return _field(str(node["value"]), here, found)
    if kind in ("identity", "current"):
        return here
    if kind in ("subexpression", "pipe", "index_expression"):
        for child in children:
            here = _shape(child, here, found)
        return here
    if kind in ("index", "slice"):
        return (here.entries or FREE) if kind == "index" else here
    if kind in PROJECTIONS:
        return _projected(node, here, found)
    if kind == "expref":  # asked of the elements of whatever list the function is given
        here = FREE
    shapes = [_shape(child, here, found) for child in children if isinstance(child, Mapping)]
    if kind == "comparator":
        found += _wrong_words(shapes[0], children[1]) + _wrong_words(shapes[1], children[0])
    if kind == "function_expression":
        if node["value"] == "contains" and len(children) == 2:
            found += _wrong_words(shapes[1], children[0])
        return FREE
    return shapes[-1] if kind == "and_expression" else FREE


def _projected(node: Mapping[str, Any], here: Shape, found: list[str]) -> Shape:
    """Look at what is asked of each element of a list."""
    children = node["children"]
    whole = _shape(children[0], here, found)
    each = whole.entries or FREE
    of_each = [_shape(child, each, found) for child in children[1:]]  # what is asked, then the filter's condition
    return Shape(whole.name, entries=of_each[0]) if of_each else whole


def _field(name: str, here: Shape, found: list[str]) -> Shape:
    if not here.fields:
        return FREE
    if name not in here.fields:
        found.append(f"{name} is no field of {here.name}, write {_near(name, here.fields)}")
        return FREE
    return here.fields[name]


def _wrong_words(shape: Shape, other: Mapping[str, Any]) -> list[str]:
    """Return the words on the other side that a value of that shape never is."""
    if not shape.words:
        return []
    wrong = [word for word in _literals(other) if word not in shape.words]
    return [f"'{word}' is no {shape.name} of a record, write {_near(word, shape.words)}" for word in wrong]


def _literals(node: Mapping[str, Any]) -> Iterator[str]:
    """Yield the texts that stand in the expression itself, one or a list of them."""
    values = node["value"] if node["type"] == "literal" else None
    for value in values if isinstance(values, list) else [values]:
        if isinstance(value, str):
            yield value
    if node["type"] == "multi_select_list":
        for child in node["children"]:
            yield from _literals(child)


def _near(word: str, known: Collection[str]) -> str:
    return near(word, known, 2) or f"one of {', '.join(known)}"
