#!/usr/bin/env python3
"""Run Molecule scenarios side by side, each lane on a fresh lab of its own: LAB_NAME-1, LAB_NAME-2.

    scenarios.py [SCENARIO ...]   without names all of them but those of LEFT_TO_SOAK, and of the others all flows but those marked `soak`

A lane takes the next scenario when it has done one, the long ones first. What a scenario prints goes to build/scenarios/<name>.log; of a failed
one the end is shown, and its lane's lab stays for a look, unless the lane needs a fresh one. `LAB_LANES` (default 2) is how many labs stand at once. Exit status 1 if any failed.
"""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
LOGS = ROOT / "build" / "scenarios"
NAME = os.environ.get("LAB_NAME") or "traumalink"
# The long ones, so that none of them begins last, and after one another those with the same converge.yml; the others follow by name.
LONG = (
    "operation",
    "faults",
    "restore",
    "restore_vault",
    "restore_database",
    "drill",
    "restore_targets",
    "restore_host",
    "upgrade",
    "breaking",
    "rollback",
    "finalize",
    "file_backup",
    "backup",
    "backup_check",
    "deploy",
)
# They run when they are named, as `make soak` does: with them `make test` would take longer than an hour and a half on a slow machine.
LEFT_TO_SOAK = (
    "patch",
    "restore_host",
    "restore_targets",
    "restore_vault",
    "breaking",
    "rollback",
    "finalize",
)
# They leave another version of the application, or finalized migrations, so the next scenario of their lane gets a fresh lab.
LEAVE_ANOTHER_VERSION = ("upgrade", "breaking", "rollback", "finalize")
SUMMARY = re.compile(r"^.*\d+ (?:passed|failed|errors?)\b.* in [\d.]+s.*$", re.M)  # pytest's last line
FAILED_TEST = re.compile(
    r"^\W*((?:FAILED|ERROR) \S+::\S+)", re.M
)  # pytest's short summary, in the frame that Molecule draws around it
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
COUNTS = re.compile(r"(\d+) (passed|failed|errors?)\b")
SHOWN_LINES = 120


class ScenarioError(Exception):
    """There is no such scenario; the message names those that are there."""


@dataclass
class Result:
    """What a scenario came to: seconds, the step that failed if one did, and how many tests passed and failed."""

    scenario: str
    lab: str
    seconds: float = 0.0
    failed_step: str | None = None
    passed: int = 0
    failed: int = 0
    failed_tests: list[str] = field(default_factory=list)


@dataclass
class Lanes:
    """Labs side by side, and the scenarios that wait for one; `short` leaves out the flows that are marked `soak`."""

    waiting: queue.SimpleQueue[str]
    short: bool = False
    results: list[Result] = field(default_factory=list)
    running: set[subprocess.Popen[bytes]] = field(default_factory=set)
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self, argv: Sequence[str], log: Path, environment: dict[str, str]) -> bool:
        """Run a command with its output appended to a log; tell whether it ended well. When all is to end, none begins."""
        if self.ended.is_set():
            return False
        with log.open("ab") as stream:
            stream.write(f"$ {' '.join(argv)}\n".encode())
            stream.flush()
            process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT, env=environment, cwd=ROOT, start_new_session=True,
            )  # fmt: skip
            self.running.add(process)
            try:
                return process.wait() == 0
            finally:
                self.running.discard(process)

    def lane(self, lab: str) -> None:
        """Make a fresh lab, carry out scenarios on it until none waits, and remove it unless one failed."""
        log, made, broken, converged = fresh(f"lab {lab}"), False, False, ""
        environment: dict[str, str] = {}
        program = str(ROOT / "tests" / "lab" / "lab.py")
        named = {**os.environ, "LAB_NAME": lab}
        while not self.ended.is_set():
            try:
                scenario = self.waiting.get_nowait()
            except queue.Empty:
                break
            if not made:
                if not (self.run([program, "down"], log, named) and self.run([program, "up"], log, named)):
                    self.note(Result(scenario, lab, failed_step="lab.py up", failed=1), log)
                    return
                environment, made = (
                    lab_environment(lab) | ({"PYTEST_ADDOPTS": "-m 'not soak'"} if self.short else {}),
                    True,
                )
            print(f"▶ {scenario}: begins on lab {lab}", flush=True)
            playbook = (ROOT / "molecule" / scenario / "converge.yml").read_text(encoding="utf-8")
            result, log = self.carry_out(scenario, lab, environment, converged=playbook == converged)
            broken, converged = broken or result.failed_step is not None, "" if result.failed_step else playbook
            if scenario in LEAVE_ANOTHER_VERSION:
                made, converged = False, ""
            self.note(result, log)
        if not broken and not self.ended.is_set():
            self.run([program, "down"], fresh(f"lab {lab}"), named)

    def carry_out(
        self, scenario: str, lab: str, environment: dict[str, str], *, converged: bool
    ) -> tuple[Result, Path]:
        """Run a scenario's steps until one fails; a lab that the one before converged by the same playbook is converged."""
        result, log, begin = Result(scenario, lab), fresh(scenario), time.monotonic()
        for step in steps(scenario):
            if step == "converge" and converged:
                continue
            if not self.run(["molecule", step, "-s", scenario], log, environment):
                result.failed_step = step
                break
        result.seconds = time.monotonic() - begin
        printed = COLOUR.sub("", log.read_text(encoding="utf-8", errors="replace"))
        result.failed_tests = FAILED_TEST.findall(printed)
        summaries = " ".join(SUMMARY.findall(printed))
        for count, what in COUNTS.findall(summaries):
            if what == "passed":
                result.passed += int(count)
            else:
                result.failed += int(count)
        if result.failed_step and not result.failed:
            result.failed = 1
        return result, log

    def note(self, result: Result, log: Path) -> None:
        """Keep a result and say it, with the end of its log where it failed."""
        self.results.append(result)
        if result.failed_step is None:
            print(f"✔ {result.scenario}: {result.seconds:.0f} s, {result.passed} tests passed", flush=True)
        elif not self.ended.is_set():
            end = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-SHOWN_LINES:])
            where = log.relative_to(ROOT)
            print(
                f"✘ {result.scenario}: {result.failed_step} failed on lab {result.lab} after {result.seconds:.0f} s; the end of {where}:\n{end}",
                flush=True,
            )

    def end(self) -> None:
        """End what runs: each command has a session of its own, so a key pressed here does not reach it."""
        self.ended.set()
        for process in list(self.running):
            os.killpg(process.pid, signal.SIGTERM)


def fresh(name: str) -> Path:
    """Return an empty log of that name."""
    path = LOGS / f"{name.replace(' ', '_')}.log"
    path.write_bytes(b"")
    return path


def lab_environment(lab: str) -> dict[str, str]:
    """Return the environment in which Ansible and Molecule reach a lab, as lab.py prints it for a shell."""
    argv = ["bash", "-c", "source <(tests/lab/lab.py env) && env -0"]
    done = subprocess.run(
        argv, cwd=ROOT, env={**os.environ, "LAB_NAME": lab}, capture_output=True, text=True, check=True
    )
    found = dict(entry.split("=", 1) for entry in done.stdout.split("\0") if entry)
    return {**found, "COLUMNS": "200"}  # else Molecule breaks the names of tests in two


def steps(scenario: str) -> list[str]:
    """Return the steps of a scenario: its own, or those of all."""
    for path in (ROOT / "molecule" / scenario / "molecule.yml", ROOT / ".config" / "molecule" / "config.yml"):
        given = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        if found := given.get("scenario", {}).get("test_sequence"):
            return list(found)
    raise ScenarioError(f"neither {scenario} nor the base of all names its steps (scenario, test_sequence)")


def chosen(names: Sequence[str]) -> list[str]:
    """Return the scenarios to run, the long ones first.

    Raises:
        ScenarioError: one that is named is not there.
    """
    there = {path.parent.name for path in (ROOT / "molecule").glob("*/molecule.yml")} - {"default"}
    if unknown := sorted(set(names) - there):
        raise ScenarioError(f"no such scenario: {' '.join(unknown)}; there are {' '.join(sorted(there))}")
    return sorted(
        names or there - set(LEFT_TO_SOAK), key=lambda name: (LONG.index(name) if name in LONG else len(LONG), name)
    )


def main(names: Sequence[str]) -> int:
    """Run the scenarios in lanes and sum up."""
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    scenarios = chosen(names)
    for scenario in scenarios:
        waiting.put(scenario)
    if not names:
        print(f"scenarios: left to make soak: {' '.join(LEFT_TO_SOAK)}, and the flows that are marked so", flush=True)
    LOGS.mkdir(parents=True, exist_ok=True)
    subprocess.run([str(ROOT / "tests" / "lab" / "lab.py"), "image"], check=True)
    lanes = Lanes(waiting, short=not names)
    count = min(int(os.environ.get("LAB_LANES") or 2), len(scenarios))
    threads = [threading.Thread(target=lanes.lane, args=(f"{NAME}-{number}",)) for number in range(1, count + 1)]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    except KeyboardInterrupt:
        lanes.end()
        for thread in threads:
            thread.join()
    missed = set(scenarios) - {result.scenario for result in lanes.results}
    passed, failed = sum(result.passed for result in lanes.results), sum(result.failed for result in lanes.results)
    print(f"scenarios: {len(lanes.results)} ran in {time.monotonic() - begin:.0f} s")
    for result in sorted(lanes.results, key=lambda result: -result.seconds):
        print(
            f"  {'✔' if result.failed_step is None else '✘'} {result.scenario:<20}{result.seconds:>6.0f} s  {result.passed:>3} passed"
        )
    if missed:
        print(f"scenarios: not run: {' '.join(sorted(missed))}")
    # Last, so that whoever sees only the end of the output sees what failed.
    for result in lanes.results:
        if result.failed_step is not None:
            print(
                "\n".join(
                    [
                        f"✘ {result.scenario}: {result.failed_step} failed",
                        *(f"    {test}" for test in result.failed_tests),
                    ]
                )
            )
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed or missed or lanes.ended.is_set() else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ScenarioError as failure:
        sys.exit(f"scenarios: {failure}")
