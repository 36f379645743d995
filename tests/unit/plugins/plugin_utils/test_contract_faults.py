"""Faults in words: the path as one writes it, what is wrong, and what to write out of the schema."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract_faults import faults
from pydantic import BaseModel, Field, ValidationError


class Inner(BaseModel):
    """A part."""

    number: int = Field(strict=True, examples=[4])


class Outer(BaseModel):
    """A whole with parts in a list and in a mapping."""

    parts: list[Inner] = Field(default_factory=list, min_length=1, examples=[[{"number": 4}]])
    by_name: dict[str, Inner] = Field(default_factory=dict)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            {"parts": [{"number": "x"}]},
            ['contract.parts[0].number: "x" is not a whole number, write for example number: 4'],
        ),
        ({"parts": [{"number": 1}, {}]}, ["contract.parts[1].number: is missing, write for example number: 4"]),
        ({"by_name": {"a": {}}}, ["contract.by_name.a.number: is missing, write for example number: 4"]),
        ({"by_name": {"a": 4}}, ["contract.by_name.a: 4 is not a mapping, write a with number below it"]),
        ({"parts": []}, ['contract.parts: is empty, write for example parts: [{"number": 4}]']),
        (
            {"parts": "x" * 200},
            ['contract.parts: "' + "x" * 118 + '… is not a list, write for example parts: [{"number": 4}]'],
        ),
    ],
)
def test_each_error_has_a_line(data: dict[str, Any], expected: list[str]) -> None:
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(data)
    assert faults(caught.value.errors(), Outer.model_json_schema()) == expected
