#!/usr/bin/env python3
"""Random kills: a verb is begun, and the controller, the work or both are killed at a random moment; then the verb runs again.

    soak.py [VERB ...]    without names backup, drill, restore and upgrade in turn

After each round the second run must have succeeded, no scratch, lock, unit or half restore may be left, the ledger must verify, and every row that
was committed and archived must be there. `SOAK_ROUNDS` (default 12, 0 for none) is how many rounds, `SOAK_SEED` repeats the kills of an earlier run.
Ends with the phases that were hit, and writes build/soak/<seed>.json. Exit status 1 if anything was not as it must be. `make soak` runs it on a lab
that stays. An upgrade is taken back again after its round, when it was seen to serve.
"""

from __future__ import annotations

import json
import os
import random
import re
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[2]
os.environ.setdefault("MOLECULE_PROJECT_DIRECTORY", str(ROOT))
os.environ.setdefault("MOLECULE_SCENARIO_DIRECTORY", str(ROOT / "molecule" / "faults"))
sys.path += [str(ROOT / "molecule" / "resources"), str(ROOT / "tests" / "lab")]

from faults import await_archived, begun, carried_out, commit, nothing_is_left, proven_backup  # noqa: E402
from flows import at, sql  # noqa: E402
from operations import kill  # noqa: E402
from upgrades import serves, words  # noqa: E402

OUTPUT = ROOT / "build" / "soak"
FROM, TO = "1.0.0", "1.1.0"
# Each with its arguments: an approval serves one run only.
VERBS: dict[str, Callable[[], Sequence[str]]] = {
    "backup": tuple,
    "drill": tuple,
    "restore": lambda: ("-e", "restore_confirm=lab"),
    "upgrade": lambda: words(TO),
}
VICTIMS = ("controller", "work", "both")
WORKERS = ("db1", "ops1", "app1", "edge1")
TASK = re.compile(r"^TASK \[(?:traumalink\.ops\.)?(.*?)\]", re.M)
END_SECONDS = 600.0


class SoakError(Exception):
    """Something is not as it must be; the message says what."""


@dataclass
class Round:
    """One round: what was killed at which moment, in which phase that was, and what it came to."""

    number: int
    verb: str
    victim: str
    part: float
    phase: str = ""
    units: list[str] = field(default_factory=list)
    killed_after_seconds: float = 0.0
    again_seconds: float = 0.0
    fault: str = ""


@dataclass
class Soak:
    """All rounds; `spent` is how long each verb last took, which bounds the moment of the kill."""

    seed: int
    chance: random.Random
    spent: dict[str, float] = field(default_factory=dict)
    committed: int = 0
    rounds: list[Round] = field(default_factory=list)

    def prepare(self, verbs: Sequence[str]) -> None:
        """Run each verb once in peace, to know how long it takes."""
        proven_backup()
        for verb in verbs:
            begin = time.monotonic()
            run = carried_out(verb, *VERBS[verb]())
            if not run.succeeded:
                raise SoakError(f"{verb} fails without any kill: {run.output[-3000:]}")
            self.spent[verb] = time.monotonic() - begin
            settle(verb)
            print(f"  {verb} takes {self.spent[verb]:.0f} s", flush=True)
        nothing_is_left()

    def write(self) -> None:
        """Commit rows and see that they are archived."""
        rows = [commit() for _ in range(self.chance.randint(1, 5))]
        sql("SELECT pg_switch_wal()")
        await_archived(*rows)
        self.committed = int(sql("SELECT count(*) FROM public.fault"))

    def carry_out(self, turn: Round) -> None:
        """Kill in the middle, run again, look.

        Raises:
            SoakError: something is not as it must be.
        """
        self.write()
        process = begun(turn.verb, *VERBS[turn.verb]())
        lines: list[str] = []
        reader = threading.Thread(target=lambda: lines.extend(process.stdout or ()), daemon=True)
        reader.start()
        begin = time.monotonic()
        while process.poll() is None and time.monotonic() - begin < turn.part * self.spent[turn.verb]:
            time.sleep(0.05)
        turn.units = [host for host in WORKERS if turn.victim != "controller" and killed(host)]
        turn.killed_after_seconds = round(time.monotonic() - begin, 1)
        if turn.victim == "work":
            wait(process)
        else:
            kill(process)
        reader.join(timeout=10)
        turn.phase = (TASK.findall("".join(lines)) or ["before its first task"])[-1]
        begin = time.monotonic()
        again = carried_out(turn.verb, *VERBS[turn.verb]())
        turn.again_seconds = round(time.monotonic() - begin, 1)
        if not again.succeeded:
            raise SoakError(f"the run after the kill failed: {again.output[-3000:]}")
        settle(turn.verb)
        nothing_is_left()
        there = int(sql("SELECT count(*) FROM public.fault"))
        if there != self.committed:
            raise SoakError(f"{there} rows are there, {self.committed} were committed and archived")


def settle(verb: str) -> None:
    """See that what an upgrade leads to serves on all hosts, and take it back for the next round."""
    if verb != "upgrade":
        return
    serves(TO)
    back = carried_out("rollback")
    if not back.succeeded:
        raise SoakError(f"it could not be taken back: {back.output[-3000:]}")
    serves(FROM)


def killed(host: str) -> bool:
    """Kill the work that runs as a unit on a host; tell whether there was any."""
    return (
        at(host).run("systemctl is-active --quiet 'traumalink-2*' && systemctl kill --signal=KILL 'traumalink-2*'").rc
        == 0
    )


def wait(process: subprocess.Popen[str]) -> None:
    """Wait until a controller has ended by itself; its output is read elsewhere."""
    try:
        process.wait(timeout=END_SECONDS)
    except subprocess.TimeoutExpired:
        kill(process)
        raise SoakError(f"the controller did not end within {END_SECONDS:.0f} s after its work was killed") from None


def show(soak: Soak, console: Console) -> None:
    """Print what was hit."""
    table = Table(title=f"Random kills, seed {soak.seed}", title_justify="left")
    for column in ("round", "verb", "killed", "after", "in", "again", "result"):
        table.add_column(column)
    for turn in soak.rounds:
        victim = turn.victim + (f" ({', '.join(turn.units)})" if turn.units else "")
        times = (f"{turn.killed_after_seconds:.0f} s", turn.phase, f"{turn.again_seconds:.0f} s")
        table.add_row(str(turn.number), turn.verb, victim, *times, turn.fault[:60] or "as it must be")
    console.print(table)
    for verb in dict.fromkeys(turn.verb for turn in soak.rounds):
        hit = sorted({turn.phase.split(" | ")[0] for turn in soak.rounds if turn.verb == verb})
        console.print(f"{verb}: hit in {'; '.join(hit)}")


def main(verbs: Sequence[str]) -> int:
    """Carry out the rounds; 0 only if everything was as it must be."""
    if unknown := sorted(set(verbs) - set(VERBS)):
        raise SoakError(f"no such verb: {' '.join(unknown)}; there are {' '.join(VERBS)}")
    rounds = int(os.environ.get("SOAK_ROUNDS") or 12)
    if not rounds:
        return 0
    seed = int(os.environ.get("SOAK_SEED") or secrets.randbelow(1_000_000))
    console = Console(width=160, highlight=False)
    console.print(f"SOAK_SEED={seed}")
    soak = Soak(seed, random.Random(seed))  # noqa: S311 - repeatable on purpose
    chosen = list(verbs) or list(VERBS)
    soak.prepare(chosen)
    for number in range(1, rounds + 1):
        turn = Round(number, chosen[(number - 1) % len(chosen)], soak.chance.choice(VICTIMS), soak.chance.random())
        soak.rounds.append(turn)
        try:
            soak.carry_out(turn)
        except (SoakError, AssertionError) as error:
            turn.fault = str(error) or "something is left"
        said = turn.fault or "as it must be"
        console.print(
            f"round {number}: {turn.verb}, {turn.victim} killed after {turn.killed_after_seconds} s in {turn.phase}: {said}",
            soft_wrap=True,
        )
    OUTPUT.mkdir(parents=True, exist_ok=True)
    told = {"seed": seed, "spent_seconds": soak.spent, "rounds": [asdict(turn) for turn in soak.rounds]}
    (OUTPUT / f"{seed}.json").write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    show(soak, console)
    return 1 if any(turn.fault for turn in soak.rounds) else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except SoakError as failure:
        sys.exit(f"soak: {failure}")
