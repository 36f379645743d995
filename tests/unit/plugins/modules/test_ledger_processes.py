"""Whole processes of the Ansible module `ledger`: at the same moment, killed in the middle, on a disk without room. Nothing is lost or doubled."""

from __future__ import annotations

import json
import os
import pwd
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.ledger import Ledger
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_check import verify
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_reading import Selection, records
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_store import LedgerError
from ansible_collections.traumalink.ops.plugins.module_utils.record import Record
from ansible_collections.traumalink.ops.plugins.module_utils.record_reader import read_record
from ansible_collections.traumalink.ops.plugins.module_utils.system_user import as_user
from ansible_collections.traumalink.ops.plugins.modules import ledger as ledger_module

Plain = Callable[..., dict[str, Any]]
ME = pwd.getpwuid(os.geteuid()).pw_name
# Where root runs the tests, the module works as it does on a host: in a child that has given root up.
USER = "nobody" if os.geteuid() == 0 else ME
RACES = 50
KILLS = 40
# Imports first, tells that it is ready, and begins when it is told to: so both start at the same moment, not when Python has loaded.
PROGRAM = """
import sys
from ansible.module_utils.testing import patch_module_args
from ansible_collections.traumalink.ops.plugins.modules import ledger
print("ready", flush=True)
for line in sys.stdin:
    import json
    with patch_module_args(json.loads(line)):
        try:
            ledger.main()
        except SystemExit:
            pass
    sys.stdout.flush()
"""
# The same, over and over, as fast as it goes: the kill finds it somewhere in the middle.
STREAM = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from ansible_collections.traumalink.ops.plugins.module_utils.ledger import Ledger
from ansible_collections.traumalink.ops.plugins.module_utils.record_reader import read_record
start = int(sys.argv[2])
for number in range(start, start + 100_000):
    data = {"run_id": f"20261125-033000-{number:06x}", "site": "lab", "verb": "backup", "actor": "a@b", "started_at": "2026-11-25T03:30:00Z"}
    ended = {"outcome": "success", "ended_at": "2026-11-25T03:42:00Z"}
    with Ledger.opened(Path(sys.argv[1])) as ledger:
        ledger.acquire(read_record(data), "none", 60, datetime.now(UTC))
        print("opened", number, flush=True)
        ledger.close(read_record({**data, **ended}), datetime.now(UTC))
        print("closed", number, flush=True)
"""


class Process:
    """A process that runs the module whenever it is told to."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout
        assert self.process.stdout.readline() == "ready\n"

    def tell(self, arguments: dict[str, Any]) -> None:
        """Start the module."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps(arguments) + "\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """Return the module's result."""
        assert self.process.stdout
        for line in self.process.stdout:
            if line.strip():
                result: dict[str, Any] = json.loads(line)
                return result
        raise AssertionError("the module ended without an answer")

    def end(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                stream.close()


@pytest.fixture
def two() -> Iterator[tuple[Process, Process]]:
    """Give two processes that wait for their start."""
    pair = (Process(), Process())
    yield pair
    for each in pair:
        each.end()


@pytest.fixture
def created(reachable: Path) -> Path:
    """Give the folder of an empty ledger that belongs to the module's user."""
    shutil.chown(reachable, USER)

    def create() -> dict[str, Any]:
        with Ledger.opened(reachable, create=True) as ledger:
            return {"created": ledger.store.created}

    assert as_user(USER, create)["created"]
    return reachable


def whole(folder: Path) -> list[dict[str, Any]]:
    """See that the chain fits; return all records, the newest first."""
    with Ledger.opened(folder) as ledger:
        found = verify(ledger.store)
        assert found.fault is None, found.message
        return records(ledger.store, Selection())


def test_of_two_that_start_at_the_same_moment_one_runs_and_none_is_lost(
    two: tuple[Process, Process], created: Path, plain_record: Plain, ended: dict[str, str]
) -> None:
    place = {"directory": str(created), "user": USER}
    first_won = 0
    for race in range(RACES):
        pair = [plain_record(2 * race + side) for side in (0, 1)]
        for process, record in zip(two, pair, strict=True):
            process.tell({"state": "opened", "mode": "exclusive", "record": record, **place})
        answers = [process.answer() for process in two]
        assert sorted(answer.get("answer", "none") for answer in answers) == ["acquired", "busy"], (race, answers)
        winner = [answer["answer"] for answer in answers].index("acquired")
        loser = answers[1 - winner]
        assert [each["run_id"] for each in loser["operations"]] == [pair[winner]["run_id"]]
        first_won += winner == 0
        # The winner closes while the loser leaves its refusal: two writers again, of which both must be recorded.
        two[winner].tell({"state": "closed", "record": {**pair[winner], **ended}, **place})
        refused = {**pair[1 - winner], **ended, "outcome": "refused", "reason": loser["message"]}
        two[1 - winner].tell({"state": "appended", "record": refused, **place})
        answers = [process.answer() for process in two]
        assert [answer.get("changed") for answer in answers] == [True, True], answers
    found = whole(created)
    assert sorted(record["outcome"] for record in found) == ["refused"] * RACES + ["success"] * RACES
    assert 0 < first_won < RACES, "the same process won every time: that was no race"


def test_of_two_that_use_one_approval_at_the_same_moment_one_is_told_who_had_it(
    two: tuple[Process, Process], created: Path, plain_record: Plain
) -> None:
    approval = {
        "approver": "wang",
        "subject": "",
        "valid_from": "2026-11-25T00:00:00Z",
        "valid_to": "2026-11-26T00:00:00Z",
    }
    for race in range(10):
        pair = [plain_record(2 * race + side, approval={**approval, "id": f"k{race}"}) for side in (0, 1)]
        for process, record in zip(two, pair, strict=True):
            process.tell({"state": "opened", "mode": "none", "record": record, "directory": str(created), "user": USER})
        answers = [process.answer() for process in two]
        (used,) = (answer["msg"] for answer in answers if answer.get("failed"))
        (winner,) = (record["run_id"] for record, answer in zip(pair, answers, strict=True) if not answer.get("failed"))
        assert used.startswith(f"The approval k{race} was used by {winner}")
    assert len(whole(created)) == 10


def test_of_two_that_settle_the_same_lost_operation_one_does(
    two: tuple[Process, Process], created: Path, plain_record: Plain
) -> None:
    place = {"directory": str(created), "user": USER}
    for race in range(10):
        lost, pair = plain_record(3 * race), [plain_record(3 * race + side) for side in (1, 2)]
        two[0].tell({"state": "opened", "record": lost, "lease_seconds": 0.001, **place})
        assert two[0].answer()["answer"] == "acquired"
        time.sleep(0.01)
        settled = {lost["run_id"]: "its controller has died"}
        for process, record in zip(two, pair, strict=True):
            process.tell({"state": "opened", "record": record, "settled": settled, **place})
        answers = [process.answer() for process in two]
        assert sorted(answer["answer"] for answer in answers) == ["acquired", "busy"]
        assert sorted(answer["settled"] for answer in answers) == [[], [lost["run_id"]]]
        winner = pair[[answer["answer"] for answer in answers].index("acquired")]
        two[0].tell(
            {"state": "closed", "record": {**winner, "outcome": "success", "ended_at": "2026-11-25T03:42:00Z"}, **place}
        )
        assert two[0].answer()["changed"]
    assert sorted(each["outcome"] for each in whole(created)) == ["interrupted"] * 10 + ["success"] * 10


def test_a_kill_at_any_moment_loses_nothing_that_was_answered_and_leaves_nothing_half(created: Path) -> None:
    seed = random.randrange(2**32)  # noqa: S311 - it chooses moments, and is told when the test fails
    dice = random.Random(seed)  # noqa: S311
    told: dict[int, str] = {}
    cut_between = 0
    for kill in range(20 * KILLS):
        if kill >= KILLS and cut_between:
            break
        process = subprocess.Popen(
            [sys.executable, "-c", STREAM, str(created), str(kill * 100_000)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout
        lines = [process.stdout.readline()]
        time.sleep(dice.random() * 0.02)
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.readlines()
        process.wait()
        process.stdout.close()
        for word, number in (line.split() for line in lines if line.endswith("\n") and line.strip()):
            told[int(number)] = word
        with Ledger.opened(created) as ledger:
            assert verify(ledger.store).fault is None, f"seed {seed}, kill {kill}"
            open_now = {lease.run_id for lease in ledger.operations()}
        cut_between += bool(open_now)
        # The next operation settles it and goes on.
        with Ledger.opened(created) as ledger:
            for run_id in open_now:
                ledger_settle(ledger, run_id, kill)
            assert ledger.operations() == ()
    found = {int(record["run_id"][-6:], 16): record["outcome"] for record in whole(created)}
    lost = [number for number, word in told.items() if found.get(number % 2**24) is None]
    assert lost == [], f"seed {seed}"
    assert all(found[number] == "success" for number, word in told.items() if word == "closed"), f"seed {seed}"
    assert set(found.values()) <= {"success", "interrupted"}, f"seed {seed}"
    assert cut_between, f"seed {seed}: no kill fell between open and close"


def ledger_settle(ledger: Ledger, run_id: str, kill: int) -> None:
    """Open and close an operation of its own that settles another."""
    data = {
        "run_id": f"20261126-033000-{kill:06x}",
        "site": "lab",
        "verb": "drill",
        "actor": "a@b",
        "started_at": "2026-11-26T03:30:00Z",
    }
    ledger.acquire(read_record(data), "none", 60, datetime.now(UTC), {run_id: "its process was killed"}, [run_id])
    ledger.close(read_record({**data, "outcome": "success", "ended_at": "2026-11-26T03:42:00Z"}), datetime.now(UTC))


def killed_at(folder: Path, statement: int, work: Callable[[Ledger], object]) -> bool:
    """Do some work in a process that is killed before its so-manieth SQL statement; tell whether it was."""
    child = os.fork()
    if child == 0:
        seen = 0

        def kill(_text: str) -> None:
            nonlocal seen
            seen += 1
            if seen == statement:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            with Ledger.opened(folder) as ledger:
                ledger.store.connection.set_trace_callback(kill)
                work(ledger)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == -signal.SIGKILL


@pytest.mark.parametrize("phase", ["open", "open and settle", "close", "renew", "append", "import"])
def test_a_kill_before_each_statement_leaves_all_or_nothing_and_the_same_call_again_completes_it(
    tmp_path: Path, ledger: Ledger, record: Callable[..., Record], ended: dict[str, str], phase: str
) -> None:
    now = datetime.now(UTC)
    lost, mine = record(1), record(2)
    if phase in ("open and settle", "close", "renew"):
        ledger.acquire(mine if phase != "open and settle" else lost, "exclusive", 60, now)
    lines = [json.dumps(record(number, **ended).as_dict()) for number in (3, 4)]
    works: dict[str, Callable[[Ledger], object]] = {
        "open": lambda ledger: ledger.acquire(mine, "exclusive", 60, now),
        "open and settle": lambda ledger: ledger.acquire(
            mine, "exclusive", 60, now, {lost.run_id: "killed"}, [lost.run_id]
        ),
        "close": lambda ledger: ledger.close(record(2, **ended), now),
        "renew": lambda ledger: ledger.renew(mine.run_id, 600, now),
        "append": lambda ledger: ledger.append(record(2, **ended), now),
        "import": lambda ledger: ledger.import_records(lines, now),
    }
    before, kills = state(ledger), 0
    while killed_at(tmp_path, kills + 1, works[phase]):
        kills += 1
        assert verify(ledger.store).fault is None, kills
        assert state(ledger) == before, f"killed before statement {kills}, and something of it stayed"
    assert kills >= 3, "begin, work and commit"
    after = state(ledger)
    assert after != before
    works[phase](ledger)
    assert state(ledger) == after
    assert verify(ledger.store).fault is None


def state(ledger: Ledger) -> tuple[Any, ...]:
    """Return all that is in the file."""
    return tuple(tuple(ledger.store.execute(f"SELECT * FROM {table}")) for table in ("entry", "head", "lease"))  # noqa: S608


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a file system of one megabyte, where this machine lets us mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "ledger-test", str(place)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("a file system can only be mounted by root, and not in every container")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_disk_without_room_refuses_and_goes_on_when_there_is_some(
    small_disk: Path, plain_record: Plain, ended: dict[str, str], run_module: Callable[..., dict[str, Any]]
) -> None:
    place = {"directory": str(small_disk), "user": ME}
    filler = small_disk / "filler"
    run_module(ledger_module.main, state="present", site="lab", **place)
    run_module(ledger_module.main, state="opened", record=plain_record(1), **place)
    with filler.open("wb", buffering=0) as stream:
        try:
            while True:
                stream.write(b"x" * 4096)
        except OSError:
            pass
    full = run_module(ledger_module.main, state="closed", record=plain_record(1, **ended), **place)
    assert full["failed"]
    assert "is full" in full["msg"], full["msg"]
    assert full["code"] == "full"
    filler.unlink()
    assert [record["outcome"] for record in whole(small_disk)] == [None]
    assert (
        run_module(ledger_module.main, state="closed", record=plain_record(1, **ended), **place)["head"]["sequence"]
        == 2
    )
    assert [record["outcome"] for record in whole(small_disk)] == ["success"]
    with pytest.raises(LedgerError), Ledger.opened(small_disk / "nowhere") as _never:
        pass
