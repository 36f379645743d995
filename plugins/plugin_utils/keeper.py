# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keeper of a lease: a process on the controller that renews it while the playbook lives, and not a moment longer.

Ordinary tasks know nothing of leases, and a playbook may spend minutes in one of them. So the action that opens an operation leaves
this process behind. It ends when the playbook ends, however that happens; then the lease runs out, and the next operation sees it.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.traumalink.ops.plugins.module_utils.files import TextFile, write_text
from ansible_collections.traumalink.ops.plugins.module_utils.lease import grace_seconds

__all__ = [
    "HELD",
    "LOST",
    "Keeper",
    "dismiss",
    "holds",
    "identity",
    "lease_clock",
    "notice",
    "playbook_process",
    "work_left",
]

HELD, LOST = "held", "lost"
LOOK_SECONDS = 1.0
UNNOTICED_SECONDS = 10.0  # beside another operation, without knowing it: work in a unit asks every five seconds
NOTICED = "noticed"


def lease_clock() -> float:
    """Return seconds that only go forward, also while the controller sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def playbook_process() -> int:
    """Return the process id of the ansible-playbook that this worker belongs to, also where it has died meanwhile.

    By then the system's word is that the worker belongs to process 1, which lives for ever.
    """
    parent = multiprocessing.parent_process()
    return parent.pid if parent and parent.pid else os.getppid()


def identity(process: int) -> str:
    """Return what tells a process from a later one with the same number (its start time, where the system shows it); "" where there is none."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    stat = Path(f"/proc/{process}/stat")
    try:
        # proc(5): the name in parentheses may hold anything; state is field 3, starttime field 22.
        state, *fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return "" if stat.parent.parent.joinpath("self").exists() else "alive"
    return "" if state in ("Z", "X") else f"{process} {fields[18]}"


class OutOfTime(BaseException):
    """The time for an answer is over."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Let what stalls (a connection to a host that froze) end with OutOfTime, also where it tries again by itself after any error (ansible's SSH retries)."""

    def end(_number: int, _frame: object) -> None:
        raise OutOfTime(f"no answer within {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)  # again and again: it may come while something is cleaned up
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@dataclass(frozen=True)
class Keeper:
    """Renews a lease for the process `playbook`.

    Attributes:
        playbook: the process id of ansible-playbook.
        file: where the state is told to the other tasks of the playbook; its removal ends the keeper.
        renew: renews the lease; False where it is no longer ours; raises where the ops host could not be asked.
        interval_seconds: between two renewals; well below the lease's length.
        lease_seconds: how long it may go without a renewal; `grace_seconds` of it later it may be somebody else's. One renewal may take half of it.
        since: the clock's reading before the lease was asked for; None: now.
        outlives_ops: whether the operation goes on while ops cannot be asked. Only the word that the lease is somebody else's ends it then.
    """

    playbook: int
    file: Path
    renew: Callable[[], bool]
    interval_seconds: float
    lease_seconds: float = 60.0
    outlives_ops: bool = False
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = lease_clock
    since: float | None = None

    def tell(self, state: str, reason: str = "", since: float | None = None) -> None:
        """Write the state for the other tasks; it holds for a lease from `since`, the clock's reading before the renewal was asked for."""
        left = self.lease_seconds - (0 if since is None else self.clock() - since)
        text = json.dumps({"state": state, "reason": reason, "until": time.time() + left})
        write_text(TextFile(self.file, text, owner=self.file.parent.owner(), mode=0o600))

    def run(self) -> None:
        """Renew until the playbook has ended, the operation has been closed, or the lease is somebody else's or has run out."""
        asked = held_since = self.clock() if self.since is None else self.since
        lost = False
        playbook = identity(self.playbook)
        while playbook and identity(self.playbook) == playbook and self.file.exists():
            self.sleep(LOOK_SECONDS)
            over = held_since + self.lease_seconds
            # Ended before the ledger lets anybody else begin: what a look takes is kept in hand.
            last = over + grace_seconds(self.lease_seconds) - 2 * LOOK_SECONDS
            if lost or self.clock() - asked >= self.interval_seconds:
                asked = self.clock()
                held = self.renewed(last if lost else over)
                if not self.file.exists():
                    break
                if held is False:
                    self.give_up(playbook, "another operation has taken over the site")
                    return
                if held:
                    held_since, lost = asked, False
                    self.tell(HELD, since=asked)
                    continue
            if self.outlives_ops or self.clock() < over:
                continue
            reason = f"it could not be renewed for {self.lease_seconds:.0f} s"
            if not lost:
                # While nobody has taken over, a renewal that succeeds after all brings it back.
                lost = True
                self.tell(LOST, reason)
            if self.clock() >= last:
                self.end(playbook, reason)
                return
        self.tidy()

    def renewed(self, until: float) -> bool | None:
        """Renew once; None where ops could not be asked, whatever kept it from answering: the next attempt may succeed, until that reading of the clock."""
        most = self.lease_seconds / 2
        if not self.outlives_ops:
            most = min(most, until - self.clock())
        try:
            with time_limit(max(most, LOOK_SECONDS)):
                return self.renew()
        except (Exception, OutOfTime):
            if self.outlives_ops:
                self.tell(HELD)
            return None

    def tidy(self) -> None:
        """Remove the file and its folder: nobody is left who would read it."""
        for path in (self.file, self.file.with_name(NOTICED)):
            path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.file.parent.rmdir()

    def give_up(self, playbook: str, reason: str) -> None:
        """Say that the lease is somebody else's, give the playbook time to end by itself, and end it: two operations never work side by side."""
        self.tell(LOST, reason)
        lost = self.clock()
        noticed = self.file.with_name(NOTICED)
        grace = grace_seconds(self.lease_seconds)
        while self.clock() - lost < (grace if noticed.exists() else min(UNNOTICED_SECONDS, grace)):
            if identity(self.playbook) != playbook or not self.file.exists():
                return
            self.sleep(LOOK_SECONDS)
        self.end(playbook, reason)

    def end(self, playbook: str, reason: str) -> None:
        """End the playbook where it still runs."""
        if identity(self.playbook) == playbook and self.file.exists():
            self.say(
                f"The operation has lost its lease ({reason}) and is ended. Its record stays open; run the verb again, which settles it."
            )
            os.kill(self.playbook, signal.SIGTERM)

    def say(self, text: str) -> None:
        """Write to the playbook's own terminal: workers, of which this is one, have none."""
        with contextlib.suppress(OSError), Path(f"/proc/{self.playbook}/fd/2").open("a", encoding="utf-8") as stream:
            stream.write(f"\n{text}\n")

    def leave_behind(self) -> None:
        """Start the keeper as a process of its own that outlives the calling worker process."""
        self.tell(HELD, since=self.since)
        if os.fork() != 0:
            return
        try:
            os.setsid()
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            self.run()
        finally:
            os._exit(0)


def notice(keeper_file: Path) -> None:
    """Say that the playbook is ending by itself. Plain tasks know nothing of the lease: a playbook that is still in them is ended soon."""
    with contextlib.suppress(OSError):  # the folder goes with the operation
        keeper_file.with_name(NOTICED).touch()


def left_files(keeper_file: Path) -> list[Path]:
    """Return the files by which the action `work` says that it lost sight of work that may go on; one a host, beside the keeper's."""
    return sorted(keeper_file.parent.glob("left-*"))


def work_left(keeper_file: Path) -> list[str]:
    """Return the hosts on which work of this operation may still go on."""
    return [path.name.removeprefix("left-") for path in left_files(keeper_file)]


def dismiss(keeper_file: Path) -> None:
    """End the keeper: the operation is closed."""
    for path in (keeper_file, keeper_file.with_name(NOTICED), *left_files(keeper_file)):
        path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # the keeper removes it too
        keeper_file.parent.rmdir()


def holds(keeper_file: Path) -> bool:
    """Tell whether the keeper's last word, that the lease is held, is young enough to count."""
    try:
        said = json.loads(keeper_file.read_text(encoding="utf-8"))
        return bool(said["state"] == HELD and said["until"] > time.time())
    except (OSError, ValueError, KeyError, TypeError):
        return False
