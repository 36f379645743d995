#!/usr/bin/env python3
"""Every way of restoring is tried on the Debian release of the lab: how far it comes × onto which host × into what (restore_combinations.py).

    restore_matrix.py [PART ...]    such as `time,new,delta`, or `end same,empty`; without any those of `SOAK_MATRIX`, else the whole

One story is written first: a strange database, a full backup, rows of which each has a time, a restore point, a position and a transaction. Before
each restore everything is spoilt, so a combination may run alone and in any order; after one that failed the story is brought back onto a new host.
`SOAK_SEED` repeats the order and the rows of an earlier run, of a combination alone too. Ends with a table, and writes
build/soak/restore-<release>-<seed>.json. Exit status 1 if anything was not as it must be. `make soak` runs it on a lab that stays.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[2]
os.environ.setdefault("MOLECULE_PROJECT_DIRECTORY", str(ROOT))
os.environ.setdefault("MOLECULE_SCENARIO_DIRECTORY", str(ROOT / "molecule" / "faults"))
sys.path += [str(ROOT / "molecule" / "resources"), str(ROOT / "tests" / "lab")]

from faults import nothing_is_left  # noqa: E402
from flows import at  # noqa: E402
from restore_combinations import Combination, CombinationError, chosen  # noqa: E402
from restore_story import LAST, Story, restore, tell  # noqa: E402
from restore_trial import DATA, KEPT, take_the_place, try_out  # noqa: E402
from strange_database import PLACE  # noqa: E402

OUTPUT = ROOT / "build" / "soak"
# What says that something is not as it must be: a flow's assertion, a host that cannot be reached, a command that failed.
WRONG = (AssertionError, RuntimeError, subprocess.CalledProcessError)


class MatrixError(Exception):
    """Nothing more can be tried; the message says what to do next."""


@dataclass
class Tried:
    """A combination, behind which row it was asked for (for `end` that says nothing), and what it came to."""

    combination: str
    row: int
    seconds: float = 0.0
    rto_seconds: float = 0.0
    fault: str = "not run"


def chance(*parts: object) -> random.Random:
    """Return what is as good as chance, and the same again for the same parts."""
    return random.Random(" ".join(map(str, parts)))  # noqa: S311 - repeatable on purpose


def release() -> str:
    """Return the Debian release of the lab.

    Raises:
        MatrixError: it is not the one that was asked for; a new host would be of another one than the rest.
    """
    found = str(at("db1").check_output('. /etc/os-release && echo "$VERSION_CODENAME"')).strip()
    wanted = os.environ.get("LAB_RELEASE") or "bookworm"
    if found != wanted:
        raise MatrixError(
            f"the lab that stands is {found}, and LAB_RELEASE is {wanted}; remove it with make lab-down, or name another by LAB_NAME"
        )
    return found


def bring_the_story_back(story: Story) -> None:
    """Begin anew with what is known, on a new host.

    Raises:
        MatrixError: that failed as well.
    """
    take_the_place(with_disk=False)
    run, _summary = restore(restore_set=story.backup, restore_timeline=str(story.timeline))
    if not run.succeeded:
        raise MatrixError(f"the story cannot be brought back, so nothing more is tried: {run.output[-3000:]}")


def forget_what_was_kept() -> None:
    """Remove the old data that the restores have kept aside: a copy of the database each."""
    at("db1").check_output(f"rm -rf -- {DATA}/*/main{KEPT}* {PLACE}/PG_*{KEPT}* && echo done")


def carry_out(tried: Tried, combination: Combination, story: Story) -> None:
    """Try one combination, and note what it came to."""
    begin = time.monotonic()
    try:
        summary = try_out(combination, story, tried.row)
        tried.rto_seconds = float(summary["rto_seconds"])
        nothing_is_left()
        forget_what_was_kept()
        tried.fault = ""
    except WRONG as error:
        tried.fault = str(error) or "something is left of it"
    tried.seconds = round(time.monotonic() - begin, 1)


def show(rows: Sequence[Tried], title: str, console: Console) -> None:
    """Print what each combination came to."""
    table = Table(title=title, title_justify="left")
    for column in ("combination", "behind row", "seconds", "RTO", "result"):
        table.add_column(column, justify="left" if column in ("combination", "result") else "right")
    for tried in rows:
        row = "–" if tried.combination.startswith("end") else str(tried.row)
        said = " ".join(tried.fault.split())[:100] or "ok"
        table.add_row(tried.combination, row, f"{tried.seconds:.0f}", f"{tried.rto_seconds:.0f}", said)
    console.print(table)


def run_through(matrix: dict[Combination, Tried], console: Console) -> str:
    """Tell the story and try all of them; return what kept the rest from being tried.

    Raises:
        MatrixError: there is no story to restore from.
    """
    try:
        story = tell()
    except WRONG as error:
        raise MatrixError(f"the story that is restored from cannot be told: {error}") from None
    for number, (combination, tried) in enumerate(matrix.items(), start=1):
        carry_out(tried, combination, story)
        said = f"{tried.combination}: {tried.seconds:.0f} s, {tried.fault or 'ok'}"
        console.print(f"{number}/{len(matrix)} {said}", soft_wrap=True)
        if tried.fault and number < len(matrix):
            try:
                bring_the_story_back(story)
            except (MatrixError, *WRONG) as error:
                return str(error)
    return ""


def main(parts: Sequence[str]) -> int:
    """Try the combinations; 0 only if everything was as it must be."""
    combinations = chosen(" ".join(parts) or os.environ.get("SOAK_MATRIX") or "")
    if not combinations:
        return 0
    seed = int(os.environ.get("SOAK_SEED") or secrets.randbelow(1_000_000))
    debian = release()
    console = Console(width=160, highlight=False, markup=False)
    console.print(f"SOAK_SEED={seed}, {len(combinations)} ways of restoring on {debian}")
    chance(seed).shuffle(combinations)
    matrix = {each: Tried(str(each), chance(seed, each).randint(1, LAST)) for each in combinations}
    stopped = run_through(matrix, console)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    told = {"seed": seed, "release": debian, "stopped": stopped, "tried": [asdict(tried) for tried in matrix.values()]}
    file = OUTPUT / f"restore-{debian}-{seed}.json"
    file.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    show(list(matrix.values()), f"Restores on {debian}, seed {seed}", console)
    if stopped:
        console.print(stopped, soft_wrap=True)
    return 1 if any(tried.fault for tried in matrix.values()) else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (MatrixError, CombinationError) as failure:
        sys.exit(f"restore matrix: {failure}")
