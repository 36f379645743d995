"""Lines of records, read one by one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.ledger_import import read_lines


def test_good_lines_keep_their_numbers_and_bad_ones_their_reasons(
    plain_record: Callable[..., dict[str, Any]], ended: dict[str, str]
) -> None:
    lines = ["", json.dumps(plain_record(1, **ended)), "no UTF-8", "[" * 99999, "null", json.dumps(plain_record(2))]
    records, rejected = read_lines([*lines, json.dumps(plain_record(3, **ended))])
    assert [(number, record.run_id[-1]) for number, record in records] == [(2, "1"), (7, "3")]
    assert [(each.line, each.why) for each in rejected if each.line != 5] == [
        (3, "is no JSON"),
        (4, "is no JSON"),
        (6, "20261125-033000-000002 has no outcome"),
    ]
    (wrong,) = [each.why for each in rejected if each.line == 5]
    assert wrong.startswith("The record is wrong")
