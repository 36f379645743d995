"""Expressions are refused when they are written."""

from __future__ import annotations

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.jmespath_check import checked_expression


@pytest.mark.parametrize(
    "expression",
    [
        "verb=='backup' && outcome=='success'",
        "by_hand.kind=='visit'",
        "contains(['upgrade', 'migrate'], verb) && !emergency",
        "length(hosts[?starts_with(@, 'db')]) > `0`",
        "sort_by(artefacts, &name)[0].size_bytes",
    ],
)
def test_takes_what_records_can_be_asked(expression: str) -> None:
    assert checked_expression(expression) == expression


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("", '"" is no JMESPath expression, write for example'),
        (None, "null is no JMESPath expression"),
        (4, "4 is no JMESPath expression"),
        ("verb = 'backup'", "is no JMESPath expression ("),
        ("verb == 'backup", "is no JMESPath expression ("),
        ("verb && (", "is no JMESPath expression ("),
        ("contain(hosts, 'a')", "contain is no function of JMESPath, write one of abs, "),
        ("hosts[?matches(@, 'a') || equal(@, 'b')]", "equal, matches is no function of JMESPath"),
    ],
)
def test_refuses_what_cannot_be_asked(value: object, message: str) -> None:
    with pytest.raises(ValueError, match="write") as caught:
        checked_expression(value)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
