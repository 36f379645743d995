"""The keeper: renews while the playbook lives, ends with it, and ends it when the lease is somebody else's."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.lease import held_seconds
from ansible_collections.traumalink.ops.plugins.module_utils.ledger import Ledger
from ansible_collections.traumalink.ops.plugins.module_utils.record import Record
from ansible_collections.traumalink.ops.plugins.plugin_utils import keeper as module
from ansible_collections.traumalink.ops.plugins.plugin_utils.keeper import (
    LOST,
    Keeper,
    OutOfTime,
    dismiss,
    holds,
    identity,
    notice,
    playbook_process,
    time_limit,
)

Make = Callable[..., Record]


class Time:
    """A clock that moves only when somebody sleeps."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def said(keeper: Keeper) -> dict[str, Any]:
    """Return what the keeper tells the other tasks."""
    found: dict[str, Any] = json.loads(keeper.file.read_text())
    return found


@pytest.fixture
def playbook() -> Iterator[subprocess.Popen[bytes]]:
    """Give a process that stands for ansible-playbook."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        yield process
        process.kill()


@pytest.fixture
def keeper(tmp_path: Path, playbook: subprocess.Popen[bytes]) -> Callable[[Callable[[], bool]], Keeper]:
    """Give a keeper for the playbook by what renews."""

    def make(renew: Callable[[], bool], *, outlives_ops: bool = False) -> Keeper:
        clock = Time()
        made = Keeper(
            playbook.pid,
            tmp_path / "lease.json",
            renew,
            15.0,
            60.0,
            outlives_ops=outlives_ops,
            sleep=clock.sleep,
            clock=clock,
        )
        made.tell("held")
        return made

    return make


def test_it_renews_at_its_interval_until_the_operation_is_closed(keeper: Callable[..., Keeper]) -> None:
    renewals: list[float] = []

    def renew() -> bool:
        renewals.append(made.clock())
        if len(renewals) == 3:
            made.file.unlink()
        return True

    made = keeper(renew)
    made.run()
    assert renewals == [15.0, 30.0, 45.0]


def test_it_ends_with_the_playbook(keeper: Callable[..., Keeper], playbook: subprocess.Popen[bytes]) -> None:
    def renew() -> bool:
        playbook.kill()
        playbook.wait()
        return True

    made = keeper(renew)
    made.run()
    assert not identity(playbook.pid)
    assert not made.file.exists()


def test_a_renewal_that_could_not_be_asked_for_is_tried_again(keeper: Callable[..., Keeper]) -> None:
    answers: list[str] = []

    def renew() -> bool:
        answers.append("asked")
        if len(answers) == 4:
            made.file.unlink()
        if len(answers) < 4:
            raise OSError("no route to host")
        return True

    made = keeper(renew)
    made.run()
    assert len(answers) == 4


def test_a_lost_lease_is_told_and_ends_the_playbook_that_goes_on(
    keeper: Callable[..., Keeper], playbook: subprocess.Popen[bytes]
) -> None:
    made = keeper(lambda: False)
    made.run()
    assert said(made)["state"] == LOST
    assert said(made)["reason"] == "another operation has taken over the site"
    assert playbook.wait(timeout=10) == -signal.SIGTERM


@pytest.mark.parametrize(("noticed", "ended_after"), [(False, 10.0), (True, 30.0)])
def test_a_playbook_in_plain_tasks_is_ended_soon_and_one_that_is_ending_by_itself_has_time(
    keeper: Callable[..., Keeper], playbook: subprocess.Popen[bytes], noticed: bool, ended_after: float
) -> None:
    lost: list[float] = []

    def renew() -> bool:
        lost.append(made.clock())
        if noticed:
            notice(made.file)
        return False

    made = keeper(renew)
    made.run()
    assert playbook.wait(timeout=10) == -signal.SIGTERM
    assert made.clock() - lost[0] == ended_after
    dismiss(made.file)
    assert not made.file.with_name("noticed").exists()


def test_a_playbook_that_ends_by_itself_after_the_loss_is_left_alone(
    keeper: Callable[..., Keeper], playbook: subprocess.Popen[bytes]
) -> None:
    made = keeper(lambda: False)
    told = made.tell
    object.__setattr__(made, "tell", lambda state, reason="": (told(state, reason), made.file.unlink()))
    made.run()
    assert playbook.poll() is None


def test_a_lease_that_cannot_be_renewed_as_long_as_it_lasts_is_lost(
    keeper: Callable[..., Keeper], playbook: subprocess.Popen[bytes]
) -> None:
    asked: list[float] = []

    def renew() -> bool:
        asked.append(made.clock())
        if len(asked) > 1:
            raise OSError("no route to host")
        return True

    made = keeper(renew)
    made.run()
    # Held since the renewal at 15 s, so the lease of 60 s is over at 75 s.
    assert asked[:5] == [15.0, 30.0, 45.0, 60.0, 75.0]
    assert asked[5:8] == [76.0, 77.0, 78.0], "nobody has taken over yet"
    assert said(made)["reason"] == "it could not be renewed for 60 s"
    assert playbook.wait(timeout=10) == -signal.SIGTERM
    assert 75 < made.clock() < 15 + held_seconds(60), "it has time to end by itself, and is ended before another begins"


@pytest.mark.parametrize("stalls", [0.0, 7.0, 29.0, 600.0])
@pytest.mark.parametrize("lease", [5.0, 16.0, 60.0, 120.0])
def test_who_cannot_renew_is_ended_before_the_ledger_lets_another_begin(
    tmp_path: Path,
    playbook: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
    record: Make,
    lease: float,
    stalls: float,
) -> None:
    others_wait, limit, clock = kept_away_seconds(tmp_path, record(), lease), [0.0], Time()

    @contextlib.contextmanager
    def limited(seconds: float) -> Iterator[None]:
        limit[0] = seconds
        yield

    def renew() -> bool:
        clock.sleep(min(stalls, limit[0]))
        raise OSError("no answer")

    monkeypatch.setattr(module, "time_limit", limited)
    clock.now = 3.0  # since the lease was asked for
    made = Keeper(
        playbook.pid, tmp_path / "lease.json", renew, lease / 4, lease, since=0.0, sleep=clock.sleep, clock=clock
    )
    made.tell("held")
    made.run()
    assert playbook.wait(timeout=10) == -signal.SIGTERM
    assert lease <= clock.now < others_wait


def kept_away_seconds(folder: Path, opened: Record, lease: float) -> float:
    """Return for how long a ledger keeps others away from an operation that has just been opened."""
    now = datetime(2026, 11, 29, tzinfo=UTC)
    with Ledger.opened(folder, create=True) as ledger:
        ledger.acquire(opened, "exclusive", lease, now)
        (held,) = ledger.operations()
    return (held.expires_at - now).total_seconds()


def test_its_word_holds_from_before_it_asked(keeper: Callable[..., Keeper]) -> None:
    made = keeper(lambda: True)
    made.clock.sleep(40)  # type: ignore[attr-defined]
    made.tell("held", since=15.0)
    assert 30 < said(made)["until"] - time.time() <= 35


def test_a_restore_goes_on_while_ops_cannot_be_asked_and_ends_when_it_is_told_so(
    keeper: Callable[..., Keeper], playbook: subprocess.Popen[bytes]
) -> None:
    asked: list[float] = []

    def renew() -> bool:
        asked.append(made.clock())
        if len(asked) < 20:
            raise OSError("no route to host")
        return False

    made = keeper(renew, outlives_ops=True)
    made.run()
    assert len(asked) == 20
    assert said(made)["reason"] == "another operation has taken over the site"
    assert playbook.wait(timeout=10) == -signal.SIGTERM


def test_a_renewal_may_take_half_of_the_lease(keeper: Callable[..., Keeper], monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[float] = []
    monkeypatch.setattr(module, "time_limit", lambda seconds: (limits.append(seconds), contextlib.nullcontext())[1])
    made = keeper(lambda: made.file.unlink() or True)  # type: ignore[func-returns-value]
    made.run()
    assert limits == [30.0]


def test_a_renewal_that_stalls_is_cut_off() -> None:
    with pytest.raises(OutOfTime, match="no answer within 0 s"), time_limit(0.05):
        time.sleep(5)


def test_what_tries_again_after_any_error_is_cut_off_too() -> None:
    def tries_again() -> None:  # as ansible's connection does where SSH retries are set
        for _attempt in range(3):
            with contextlib.suppress(Exception):
                time.sleep(5)

    with pytest.raises(OutOfTime), time_limit(0.05):
        tries_again()


def test_what_swallows_the_end_of_its_time_is_told_again() -> None:
    def swallows() -> None:
        with contextlib.suppress(BaseException):
            time.sleep(5)
        time.sleep(5)

    with pytest.raises(OutOfTime), time_limit(0.05):
        swallows()


def test_a_renewal_that_succeeds_late_brings_the_lease_back(
    keeper: Callable[..., Keeper], playbook: subprocess.Popen[bytes]
) -> None:
    told: list[str] = []

    def renew() -> bool:
        if made.clock() < 62:
            raise OSError("no route to host")
        told.append(said(made)["state"])
        if len(told) == 2:
            made.file.unlink()
        return True

    made = keeper(renew)
    made.run()
    assert told == ["lost", "held"]
    assert playbook.poll() is None, "it may go on, and undo what it has begun"


def test_a_keeper_that_comes_late_asks_before_it_gives_up(
    keeper: Callable[..., Keeper], playbook: subprocess.Popen[bytes]
) -> None:
    def renew() -> bool:
        made.file.unlink()
        return True

    made = keeper(renew)
    object.__setattr__(made, "since", -61.0)
    made.run()
    assert playbook.poll() is None


def test_it_says_how_long_its_word_holds(keeper: Callable[..., Keeper]) -> None:
    made = keeper(lambda: True)
    assert 55 < said(made)["until"] - time.time() <= 60


def test_what_is_left_behind_outlives_its_parent_and_ends_with_the_playbook(
    tmp_path: Path, playbook: subprocess.Popen[bytes]
) -> None:
    file, renewed = tmp_path / "lease.json", tmp_path / "renewed"
    worker = os.fork()
    if worker == 0:
        keeper = Keeper(playbook.pid, file, lambda: bool(renewed.write_text(str(os.getpid()))), 0.2)
        keeper.leave_behind()
        os._exit(0)
    os.waitpid(worker, 0)
    until = time.monotonic() + 20
    while not renewed.exists() and time.monotonic() < until:
        time.sleep(0.05)
    process = int(renewed.read_text())
    assert identity(process)
    assert json.loads(file.read_text())["state"] == "held"
    playbook.kill()
    playbook.wait()
    while identity(process) and time.monotonic() < until:
        time.sleep(0.05)
    assert not identity(process)


def test_another_process_with_the_same_number_is_not_the_playbook(
    keeper: Callable[..., Keeper], monkeypatch: pytest.MonkeyPatch
) -> None:
    renewals: list[float] = []

    def renew() -> bool:
        renewals.append(made.clock())
        monkeypatch.setattr(
            "ansible_collections.traumalink.ops.plugins.plugin_utils.keeper.identity", lambda _: "later"
        )
        return True

    made = keeper(renew)
    made.run()
    assert len(renewals) == 1


def test_a_process_that_has_ended_and_was_not_fetched_yet_is_dead() -> None:
    with subprocess.Popen(["/bin/true"]) as process:
        until = time.monotonic() + 10
        while identity(process.pid) and time.monotonic() < until:
            time.sleep(0.02)
        assert identity(process.pid) == ""
    assert identity(os.getpid()).startswith(f"{os.getpid()} ")


def test_a_worker_names_its_playbook_also_when_that_has_died(tmp_path: Path) -> None:
    told = tmp_path / "told"

    def worker() -> None:
        deadline = time.monotonic() + 10
        while os.getppid() == playbook_process() and time.monotonic() < deadline:
            time.sleep(0.02)
        told.with_suffix(".new").write_text(f"{playbook_process()}")
        told.with_suffix(".new").rename(told)

    playbook = os.fork()
    if playbook == 0:
        multiprocessing.get_context("fork").Process(target=worker).start()
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(playbook, 0)
    deadline = time.monotonic() + 20
    while not told.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert told.read_text() == str(playbook)


def test_a_keeper_s_word_counts_while_it_is_young(tmp_path: Path) -> None:
    file = tmp_path / "lease.json"
    assert not holds(file)
    for said, counts in (
        ({"state": "held", "until": time.time() + 30}, True),
        ({"state": "held", "until": time.time() - 1}, False),
        ({"state": "lost", "until": time.time() + 30}, False),
        ([], False),
    ):
        file.write_text(json.dumps(said))
        assert holds(file) is counts
