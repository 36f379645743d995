"""Which acknowledged writes the database does not hold."""

from __future__ import annotations

import pytest
from traffic.acknowledged import BATCH, missing

CASE, STEP = "CS2026-0000001", "CS2026-0000001/3"


def test_asks_for_every_id_once_in_batches_and_keeps_their_order() -> None:
    ids = [f"CS2026-{number:07d}" for number in range(BATCH + 1)]
    asked: list[str] = []

    def ask(statement: str) -> str:
        asked.append(statement)
        return " ".join(lost for lost in (ids[BATCH], ids[7], ids[3]) if lost in statement)

    assert missing([*ids, ids[0]], ask) == [ids[3], ids[7], ids[BATCH]]
    assert len(asked) == 2
    assert all(sum(name in statement for statement in asked) == 1 for name in ids[:50])
    assert max(map(len, asked)) < 100_000  # one argument of a command


def test_cases_and_steps_are_looked_up_in_their_tables() -> None:
    asked: list[str] = []
    assert missing([CASE, STEP], lambda statement: asked.append(statement) or "") == []  # type: ignore[func-returns-value]
    assert f"'{{{CASE},{STEP}}}'" in asked[0]
    assert "trauma.trauma_case" in asked[0]
    assert "trauma.treatment_step" in asked[0]


@pytest.mark.parametrize("name", ["CS2026-1'; DROP TABLE x --", "7", "CS2026-0000001/x", f"{CASE}\n"])
def test_what_is_no_id_reaches_no_database(name: str) -> None:
    with pytest.raises(ValueError, match="is not the id of a case or a step"):
        missing([name], lambda _statement: pytest.fail("asked"))
