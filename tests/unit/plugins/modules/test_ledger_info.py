"""The Ansible module `ledger_info`; what it finds in a filled ledger is seen in test_ledger.py as well."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.ledger import Ledger
from ansible_collections.traumalink.ops.plugins.module_utils.record import Record
from ansible_collections.traumalink.ops.plugins.modules import ledger_info

Run = Callable[..., dict[str, Any]]
ME = pwd.getpwuid(os.geteuid()).pw_name


@pytest.fixture
def ask(run_module: Run, tmp_path: Path, ledger: Ledger, record: Callable[..., Record], ended: dict[str, str]) -> Run:
    """Give the module on a ledger with three records of two verbs and months."""
    for number, changes in enumerate(({}, {"verb": "drill"}, {"started_at": "2026-10-31T20:00:00Z"}), start=1):
        ledger.append(record(number, **{**ended, **changes}), datetime.now(UTC))
    return lambda **arguments: run_module(ledger_info.main, directory=str(tmp_path), user=ME, **arguments)


@pytest.mark.parametrize(
    ("arguments", "numbers"),
    [
        ({}, [2, 1, 3]),
        ({"verb": "drill"}, [2]),
        ({"month": "2026-10"}, [3]),
        ({"month": "2026-11", "time_zone": "Asia/Shanghai"}, [2, 1, 3]),
        ({"since": "2026-11-01T04:00:00+08:00", "until": "2026-11-25T03:30:00Z"}, [3]),
        ({"query": "verb != 'drill'", "limit": 1}, [1]),
    ],
)
def test_finds_what_is_asked_for(ask: Run, arguments: dict[str, Any], numbers: list[int]) -> None:
    result = ask(**arguments)
    assert [int(record["run_id"][-6:], 16) for record in result["records"]] == numbers
    assert not result["changed"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"month": "November"}, "month 'November' must be a year and a month such as 2026-11"),
        ({"month": "2026-13"}, "month '2026-13' must be a year and a month such as 2026-11"),
        ({"limit": -1}, "limit -1 must be 1 or more"),
        ({"limit": 0, "gather": "durations", "verb": "drill"}, "limit 0 must be 1 or more"),
        (
            {"since": "2026-11-02T00:00:00Z", "until": "2026-11-01T00:00:00Z"},
            "must lie before until '2026-11-01T00:00:00Z'",
        ),
        ({"query": "verb =="}, "query 'verb ==' is no JMESPath"),
        ({"month": "2026-11", "since": "2026-11-01T00:00:00Z"}, "mutually exclusive"),
        ({"gather": "durations"}, "missing: verb"),
    ],
)
def test_says_what_it_does_not_understand(ask: Run, arguments: dict[str, Any], message: str) -> None:
    assert message in ask(**arguments)["msg"]
