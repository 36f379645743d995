"""Reading plain data: faults are gathered, and a value of the wrong kind never passes."""

from __future__ import annotations

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.reader import Reader


def test_reads_values_without_a_fault() -> None:
    faults: list[str] = []
    reader = Reader({"a": "x", "b": True, "c": 2.5, "d": ["y"], "e": [{"f": "z"}]}, "", faults)
    assert (reader.text("a"), reader.flag("b", default=False), reader.number("c")) == ("x", True, 2.5)
    assert reader.texts("d") == ("y",)
    assert [entry.text("f") for entry in reader.entries("e")] == ["z"]
    reader.nothing_else()
    assert faults == []


@pytest.mark.parametrize("value", [True, "3", None, -1, float("inf"), [1]])
def test_a_number_is_a_number(value: object) -> None:
    faults: list[str] = []
    Reader({"n": value}, "top", faults).number("n")
    assert len(faults) == 1
    assert faults[0].startswith("top.n: ")


def test_a_whole_number_has_no_fraction() -> None:
    faults: list[str] = []
    assert Reader({"n": 1.0}, "", faults).number("n", whole=True) == 0
    assert faults


def test_says_what_stands_twice_and_what_nobody_knows() -> None:
    faults: list[str] = []
    reader = Reader({"x": 1, "y": 2}, "a[0]", faults)
    reader.unique("names", ["p", "q", "p"])
    reader.nothing_else("y")
    assert faults == ["a[0].names: p is there more than once", "a[0].x: is not known here"]


def test_choice_survives_values_that_cannot_be_hashed() -> None:
    faults: list[str] = []
    Reader({"k": ["expand"]}, "", faults).choice("k", ("expand",))
    assert faults == ["k: ['expand'] must be one of expand"]
