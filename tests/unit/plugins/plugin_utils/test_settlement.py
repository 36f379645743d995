"""The reason in the record of an operation that was cut off."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.settlement import settlements

RUN = "20261125-033000-3f9a2c"


def answer(host: str, **work: Any) -> dict[str, Any]:
    """Return what the module said of a host."""
    return {
        "item": [{"run_id": RUN}, host],
        "work": {"state": "absent", "title": "full backup", "seconds": 71.3, "how": "", **work},
    }


@pytest.mark.parametrize(
    ("end", "answers", "reason"),
    [
        (False, [], "its controller went silent: nothing of it was left running"),
        (False, [answer("db1"), answer("ops1")], "its controller went silent: nothing of it was left running"),
        (
            False,
            [answer("db1"), answer("ops1", state="succeeded")],
            "its controller went silent: full backup on ops1 ended well after 71 s",
        ),
        (
            True,
            [answer("ops1", state="killed", how="was ended: restore")],
            "ended by a restore: full backup on ops1 was ended: restore after 71 s",
        ),
        (
            False,
            [{"item": [{"run_id": RUN}, "db1"], "unreachable": True}],
            "its controller went silent: db1 cannot be reached",
        ),
    ],
)
def test_what_became_of_it(end: bool, answers: list[dict[str, Any]], reason: str) -> None:
    assert settlements([{"run_id": RUN, "end": end}], answers, "restore") == {RUN: reason}


def test_each_operation_gets_its_own_answers() -> None:
    other = {**answer("db1", state="failed"), "item": [{"run_id": "20261125-033100-000000"}, "db1"]}
    found = settlements(
        [{"run_id": RUN}, {"run_id": "20261125-033100-000000"}], [answer("ops1", state="succeeded"), other], "site"
    )
    assert found[RUN].endswith("full backup on ops1 ended well after 71 s")
    assert found["20261125-033100-000000"].endswith("full backup on db1 failed after 71 s")
