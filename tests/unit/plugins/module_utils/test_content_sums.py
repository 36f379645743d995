"""Sums over a database's tables at one position, and the comparison with them on a restored server."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.backup_proof import Content, Table
from ansible_collections.traumalink.ops.plugins.module_utils.content_sums import (
    SETTINGS,
    BusyError,
    differences,
    sum_content,
)
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_server import Server

ANSWER = {
    "lsn": "0/7000180",
    "tables": {"trauma.trauma_case": {"rows": 3, "sum": "-99", "percent": 100}, "trauma.big": {"rows": 5, "sum": "7", "percent": 12.5}},
    "sequences": {"trauma.case_id_seq": 41, "trauma.falling": -5, "trauma.unused": None},
    "left_out": ["trauma.locked"],
}  # fmt: skip
CONTENT = Content(
    "trauma",
    "0/7000180",
    {"trauma.trauma_case": Table(3, "-99", 100), "trauma.big": Table(5, "7", 12.5)},
    {"trauma.case_id_seq": 41, "trauma.falling": -5, "trauma.unused": None},
    ("trauma.locked",),
)


def statements(argv: list[str]) -> list[str]:
    """Return the statements of a call of psql."""
    return [argv[index + 1] for index, word in enumerate(argv) if word == "-c"]


def test_sums_come_with_the_position_that_they_belong_to(runner: Any) -> None:
    runner.on("psql", out=json.dumps(ANSWER) + "\n")
    assert sum_content(Server(runner), "trauma", 1000) == CONTENT
    settings, block, _answer = statements(runner.calls[0])
    assert settings == SETTINGS
    assert "budget numeric := 1000;" in block
    # The position must be the same before and after the snapshot, and nothing under way in it.
    assert "at = seen AND pg_snapshot_xmin(snapshot) = pg_snapshot_xmax(snapshot)" in block
    assert runner.options[0]["timeout_seconds"] is None, "a large database takes its time"


def test_a_database_that_is_never_quiet_is_told_with_where_to_look(runner: Any) -> None:
    runner.on("psql", out="null\n")
    with pytest.raises(BusyError, match=r"^database trauma was never without a transaction .* within 3 s: .*pg_stat"):
        sum_content(Server(runner), "trauma", 1000, quiet_seconds=3)


def restored(runner: Any, **changes: str) -> Any:
    """Let a server answer as the proof has it, with changes: rows and sum, or a sequence's value."""
    answers = {
        "trauma_case": "3\x1f-99",
        "big": "5\x1f7",
        "case_id_seq": "41",
        "falling": "-5",
        "unused": "",
        **changes,
    }

    def asked(argv: Any, **options: Any) -> Any:
        (name,) = (name for name in answers if f"trauma.{name}" in argv[-1])
        runner.on("psql", out=answers[name] + "\n")
        return runner(argv, **options)

    return asked


def test_a_server_with_the_same_content_differs_in_nothing(runner: Any) -> None:
    # WAL runs ahead of a sequence, so that a restored one may be further.
    server = Server(restored(runner, case_id_seq="73", falling="-9"))
    assert list(differences(server, CONTENT)) == []
    of_big = next(argv for argv in runner.calls if "trauma.big" in argv[-1])
    assert "TABLESAMPLE SYSTEM (12.5) REPEATABLE (0)" in of_big[-1], "the same blocks as were summed"
    of_case = next(argv for argv in runner.calls if "trauma.trauma_case" in argv[-1])
    assert "TABLESAMPLE" not in of_case[-1]
    assert statements(of_case)[0] == SETTINGS, "values have the same text on both sides"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"trauma_case": "2\x1f-99"}, "table trauma.trauma_case of trauma has 2 rows with the sum -99, not 3 with -99"),
        ({"big": "5\x1f8"}, "table trauma.big of trauma has 5 rows with the sum 8, not 5 with 7"),
        ({"case_id_seq": "40"}, "sequence trauma.case_id_seq of trauma is at 40, not at 41 or beyond"),
        ({"case_id_seq": ""}, "sequence trauma.case_id_seq of trauma is at its start, not at 41 or beyond"),
        ({"falling": "-4"}, "sequence trauma.falling of trauma is at -4, not at -5 or beyond"),
    ],
)
def test_each_difference_is_named(runner: Any, changes: dict[str, str], said: str) -> None:
    assert list(differences(Server(restored(runner, **changes)), CONTENT)) == [said]


def test_a_table_that_cannot_be_read_is_a_difference(runner: Any) -> None:
    runner.on("psql", err='ERROR:  relation "trauma.trauma_case" does not exist', status=1)
    content = Content("trauma", "0/1", {"trauma.trauma_case": Table(3, "-99")})
    (said,) = differences(Server(runner), content)
    assert said.startswith("table trauma.trauma_case of trauma cannot be read: PostgreSQL on port 5432: ERROR:")
