"""Whether a server came back with what was planned: no less, no more, and how much is lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_server import Server
from ansible_collections.traumalink.ops.plugins.module_utils.restore_recovered import (
    Recovered,
    RecoveryError,
    judge,
    look,
    lost_seconds,
)

BACK = Recovered("/data/pg", False, 2, "0/8000000", "no recovery target specified", "2026-11-29T01:02:03.000000+00:00")
PLAN = {
    "reach": "0/7000000",
    "beyond": "",
    "goal": "the end of the archived WAL",
    "last_commit": "2026-11-29T01:02:03+00:00",
    "wanted_commit": "2026-11-29T01:02:03+00:00",
}
HISTORY = '1\t0/5000000\tno recovery target specified\n\n2\t0/8000000\tat restore point "x"\n'


def test_asks_the_server_how_far_it_came_and_why_it_stopped_there(runner: Any) -> None:
    answers = ["/data/pg\x1ff\x1f3\x1f2026-11-29T01:02:03.000000+00:00\n", HISTORY]
    found = look(Server(runner.on("psql", out=answers)))
    assert found == replace(BACK, timeline=3, reason='at restore point "x"')


def test_a_server_that_was_restarted_or_has_no_history_says_less(runner: Any) -> None:
    found = look(Server(runner.on("psql", out=["/data/pg\x1ft\x1f1\x1f\n", "\n"])))
    assert found == Recovered("/data/pg", True, 1, "", "", "")


@pytest.mark.parametrize(
    ("answered", "planned", "said"),
    [
        (
            {"data_directory": "/old/pg"},
            {},
            "came back in /data/pg, but the server serves /old/pg. The application stays",
        ),
        ({"in_recovery": True, "replayed_to": ""}, {}, "still replays WAL and goes on by itself. Run trauma"),
        ({"timeline": 1, "replayed_to": ""}, {}, "the server is on timeline 1, which has no history file"),
        ({"replayed_to": "0/6FFFFFF"}, {}, r"replayed WAL to 0/6FFFFFF only, and was to come to 0/7000000 \(the end"),
        ({}, {"beyond": "0/7FFFFFF"}, "replayed WAL to 0/8000000, beyond 0/7FFFFFF where it was to stop"),
    ],
)
def test_what_did_not_come_back_is_said_in_words(answered: dict[str, Any], planned: dict[str, str], said: str) -> None:
    with pytest.raises(RecoveryError, match=said):
        judge(replace(BACK, **answered), {**PLAN, **planned}, Path("/data/pg"))


@pytest.mark.parametrize("planned", [{}, {"beyond": "0/8000000"}, {"reach": "0/8000000"}])
def test_what_came_back_as_planned_is_not_refused(planned: dict[str, str]) -> None:
    judge(BACK, {**PLAN, **planned}, Path("/data/pg"))


@pytest.mark.parametrize(
    ("known", "planned", "lost"),
    [
        ("2026-11-29T01:02:03.000000+00:00", {}, 0.0),
        ("2026-11-29T01:02:01.500000+00:00", {}, 1.5),
        ("2026-11-29T01:02:04.000000+00:00", {}, 0.0),  # more had been archived meanwhile
        ("", {}, 0.0),
        ("", {"last_commit": "2026-11-29T01:00:03+00:00"}, 120.0),
        ("", {"last_commit": ""}, None),
        ("2026-11-29T01:02:03.000000+00:00", {"wanted_commit": ""}, None),
    ],
)
def test_counts_from_the_last_commit_that_came_back_to_the_last_one_that_was_wanted(
    known: str, planned: dict[str, str], lost: float | None
) -> None:
    assert lost_seconds(replace(BACK, last_commit=known), {**PLAN, **planned}) == lost
