"""The parts of an upgrade are told apart by what its playbook says, and every part is one that the playbooks still have."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console
from traffic.record import Record, Recording
from traffic.summary import Phase, summarise
from watched_upgrade import BEFORE, HOSTS, PARTS, Watch, seen, table_of

ROOT = Path(__file__).resolve().parents[3]
OF_A_TURN = ["upgrade_host | See that there is time left", "upgrade_host | Lead its traffic", "upgrade_host | Watch it"]
TASKS = [
    "upgrade_work | A verified backup",
    "backup : run | Take it",
    "upgrade_beside | Migrate what both",
    *OF_A_TURN * 2,
]


def told(*tasks: str) -> Watch:
    """Return a watch that was told a task every ten seconds, the first at 10."""
    now = [0.0]
    watch = Watch("upgrade", HOSTS, clock=lambda: now[0])
    for task in tasks:
        now[0] += 10
        watch(task)
    now[0] += 10
    watch.ended()
    return watch


def test_each_part_lasts_until_the_next_begins_and_hosts_come_in_turn() -> None:
    watch = told(*TASKS)
    assert watch.parts == [
        Phase("gate", 0, 10),
        Phase("backup", 10, 30),
        Phase("migration", 30, 40),
        Phase("app1: start", 40, 50),
        Phase("app1: switch", 50, 60),
        Phase("app1: watch", 60, 70),
        Phase("app2: start", 70, 80),
        Phase("app2: switch", 80, 90),
        Phase("app2: watch", 90, 100),
    ]
    assert watch.change == Phase("upgrade", 0, 100)
    assert watch.host_seconds == {"app1": 30, "app2": 30}


def test_what_was_seen_compares_the_change_with_the_time_before() -> None:
    watch = told(*TASKS)
    quick = [Record("version", "kept", due, due, due + 0.01) for due in (-3.0, -2.0, -1.0)]
    slow = [Record("version", "kept", due, due, due + 0.03, id="CS2026-0000001") for due in (1.0, 2.0)]
    failed = [Record("version", "kept", 3.0, 3.0, 4.0, error="connection reset before the answer")]
    recording = Recording({}, (*quick, *slow, *failed), complete=True)
    result = seen(watch, summarise(recording, [Phase(BEFORE, -10, 0), watch.change]), ["CS2026-0000001"])
    assert result.p99_ratio == pytest.approx(3)
    shown = result.as_json()
    assert (shown["requests"], shown["failed"]) == (3, 1)
    assert (shown["writes_acknowledged"], shown["writes_lost"]) == (2, 1)
    assert shown["host_seconds"] == {"app1": 30, "app2": 30}
    printed = io.StringIO()
    Console(file=printed, width=120).print(table_of("The upgrade", shown))
    for words in ("3 in 100 s", "2; found again by SQL: 1", "10 ms before, 30 ms meanwhile", "app1 30 s, app2 30 s"):
        assert words in printed.getvalue()


@pytest.mark.parametrize("words", PARTS)
def test_every_part_begins_with_a_task_of_the_playbooks(words: str) -> None:
    role, _colon, task = words.rpartition(" : ")
    folder = ROOT / "roles" / role / "tasks" if role else ROOT / "playbooks" / "tasks"
    names = [
        name for file in folder.glob("*.yml") for name in re.findall(r"^ *- name: (.*)$", file.read_text("utf-8"), re.M)
    ]
    assert [name for name in names if name.startswith(task)] != []
