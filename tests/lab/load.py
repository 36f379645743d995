#!/usr/bin/env python3
"""A steady load on a site's edge, as its browsers make it, with an account of every request; what counts as failed: traffic/__init__.py.

    load.py run [--rate 120] [--seconds 60] [--output FILE]    load the lab (or --url with --ca) and print the figures; 1 if a request failed
    load.py summary FILE [--phase NAME:FROM:TO ...] [--json]   figures of a recording; FROM and TO are seconds since the epoch
    load.py missing FILE                                       acknowledged writes that the lab's database does not hold; 1 if there are any

`LAB_NAME` names the lab. From a program:

    with load(target, recording) as run:
        ...                                                    # what must not disturb anybody
    summary = run.summary([Phase("before", …, …), Phase("change", …, …)])
    assert missing(summary.acknowledged, site.sql) == []
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from rich.console import Console
from site_access import ROOT, Site
from traffic.acknowledged import missing
from traffic.client import Client, Target
from traffic.generator import Generator
from traffic.mix import KINDS, WAYS, Mix
from traffic.record import Recorder, read
from traffic.summary import Phase, Summary, summarise

__all__ = ["LoadError", "Phase", "Run", "Target", "lab_target", "load", "missing"]

RATE = 120.0
TIMEOUT_SECONDS = 10.0
MOST_SECONDS = 3600.0  # a load that nobody stops ends by itself
FIRST_LINE_SECONDS = 30.0
EXTRA_FILES = 64


class LoadError(Exception):
    """The generator itself did not do its work, so its figures say nothing; the message says why."""


@dataclass
class Run:
    """A load that is running, or has run."""

    recording: Path
    process: subprocess.Popen[str]
    log: Path
    stop_seconds: float

    def stop(self) -> None:
        """Send no more, and wait until all in flight have ended. A second call does nothing.

        Raises:
            LoadError: the generator had died, or did not end.
        """
        if self.process.stdin and not self.process.stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
        try:
            status = self.process.wait(self.stop_seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise LoadError(f"the load did not end within {self.stop_seconds:.0f} s; see {self.log}") from None
        if status not in (0, 1):  # 1: requests failed, which is for the summary to say
            raise LoadError(f"the load ended with status {status}: {self._last_words()}")

    def _last_words(self) -> str:
        return "".join(self.log.read_text(encoding="utf-8").splitlines(keepends=True)[-5:])

    def summary(self, phases: Iterable[Phase] = ()) -> Summary:
        """Return the figures so far, of the whole and of each phase. Complete only after the stop."""
        return summarise(read(self.recording), phases)


@contextmanager
def load(
    target: Target,
    recording: Path,
    *,
    rate: float = RATE,
    timeout_seconds: float = TIMEOUT_SECONDS,
    most_seconds: float = MOST_SECONDS,
    seed: int = 1,
    kinds: Mapping[str, float] = KINDS,
    ways: Mapping[str, float] = WAYS,
) -> Iterator[Run]:
    """Load a target from a process of its own until the block ends; the process ends, too, when this one dies.

    The block begins when the first requests have been sent. `recording` is the file that is written; its live figures are in `<recording>.log`.

    Raises:
        LoadError: the generator could not start, died, did not end, or was over (`most_seconds`) before the block was.
    """
    argv = [
        sys.executable, str(Path(__file__).resolve()), "run", "--until-stdin-ends", "--url", target.url, "--ca", str(target.ca),
        "--address", target.address, "--output", str(recording), "--rate", str(rate), "--seconds", str(most_seconds),
        "--timeout-seconds", str(timeout_seconds), "--seed", str(seed), "--kinds", _words(kinds), "--ways", _words(ways),
    ]  # fmt: skip
    recording.parent.mkdir(parents=True, exist_ok=True)
    recording.unlink(missing_ok=True)
    log = recording.with_name(recording.name + ".log")
    with log.open("w", encoding="utf-8") as stream:
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=stream, stderr=stream, text=True)
    longest_request_seconds = timeout_seconds + 10
    run = Run(recording, process, log, longest_request_seconds + 20)
    try:
        _wait(lambda: recording.exists() and recording.read_text(encoding="utf-8").count("\n") > 1, run)
        yield run
        if process.poll() is not None:
            raise LoadError(f"the load was over before its block was: {run._last_words()}")
    except BaseException:
        with contextlib.suppress(LoadError):
            run.stop()
        raise
    run.stop()


def _wait(ready: Callable[[], bool], run: Run) -> None:
    deadline = time.monotonic() + FIRST_LINE_SECONDS
    while not ready():
        if run.process.poll() is not None or time.monotonic() > deadline:
            raise LoadError(f"the load did not begin: {run._last_words()}")
        time.sleep(0.1)


def lab_target(site: Site, edge: str = "edge1") -> Target:
    """Return a lab's edge, with the certificate of the site's authority fetched from there into the site's logs."""
    authority = site.logs / "load-ca.crt"
    authority.parent.mkdir(parents=True, exist_ok=True)
    authority.write_text(site.run(edge, "cat", "/etc/traumalink/tls/ca.crt"), encoding="utf-8")
    return Target(f"https://{site.address(edge)}", authority)


def _words(shares: Mapping[str, float]) -> str:
    return ",".join(f"{name}={share:g}" for name, share in shares.items())


def _shares(words: str) -> dict[str, float]:
    return {name: float(share) for name, _equals, share in (word.partition("=") for word in words.split(","))}


def _phase(words: str) -> Phase:
    name, begin, end = words.rsplit(":", 2)
    return Phase(name, float(begin), float(end))


async def _run(options: argparse.Namespace, target: Target) -> int:
    """Run the generator in this process; return how many requests failed."""
    recorder = Recorder(options.output)
    settings = {
        "url": target.url,
        "rate": options.rate,
        "timeout_seconds": options.timeout_seconds,
        "seed": options.seed,
    }
    recorder.add(json.dumps({"settings": {**settings, "kinds": options.kinds, "ways": options.ways}}))
    generator = Generator(
        Client(target, options.timeout_seconds),
        Mix(options.seed, options.kinds, options.ways),
        recorder,
        options.rate,
        options.seconds,
        lambda line: print(line, file=sys.stderr, flush=True),
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, generator.stop)
    if options.until_stdin_ends:
        loop.add_reader(sys.stdin.fileno(), _at_end_of_input, loop, generator)
    await generator.run()
    return generator.failed


def _at_end_of_input(loop: asyncio.AbstractEventLoop, generator: Generator) -> None:
    if not os.read(sys.stdin.fileno(), 1024):
        loop.remove_reader(sys.stdin.fileno())
        generator.stop()


def _lab() -> Site:
    return Site(ROOT / "build" / "lab" / (os.environ.get("LAB_NAME") or "traumalink"), ROOT / "build" / "load")


def _target(options: argparse.Namespace) -> Target:
    if not options.url:
        return lab_target(_lab())
    if options.ca is None:
        sys.exit("load: with --url, give the certificate of its authority with --ca")
    return Target(options.url, options.ca, options.address)


def _show(summary: Summary, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(summary.as_json(), ensure_ascii=False, indent=1))
        return
    console = Console(width=140, highlight=False)
    for table in summary.tables():
        console.print(table)
    whole = summary.whole
    console.print(
        f"{whole.acknowledged} writes acknowledged; {whole.found_closed} kept connections found closed; {whole.resent} requests sent once more "
        f"because the server had not processed them; the generator itself was late by {whole.late_p99_ms} ms at p99"
    )
    if not summary.complete:
        console.print("The recording has no end: the load was killed, and what was in flight is not known.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="load.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run")
    run.add_argument("--url", default="", help="https://host[:port]; without it the lab's edge")
    run.add_argument("--ca", type=Path, help="certificate of the authority")
    run.add_argument("--address", default="", help="where to connect, when it is not the URL's host")
    run.add_argument("--output", type=Path, default=ROOT / "build" / "load" / "load.jsonl")
    run.add_argument("--rate", type=float, default=RATE, help="requests a second")
    run.add_argument("--seconds", type=float, default=60.0)
    run.add_argument("--timeout-seconds", type=float, default=TIMEOUT_SECONDS)
    run.add_argument("--seed", type=int, default=1)
    run.add_argument("--kinds", type=_shares, default=dict(KINDS), help=f"shares, as in {_words(KINDS)}")
    run.add_argument("--ways", type=_shares, default=dict(WAYS), help=f"shares, as in {_words(WAYS)}")
    run.add_argument("--until-stdin-ends", action="store_true", help="end, too, when standard input does")
    summary = commands.add_parser("summary")
    summary.add_argument("recording", type=Path)
    summary.add_argument("--phase", type=_phase, action="append", default=[])
    summary.add_argument("--json", action="store_true")
    commands.add_parser("missing").add_argument("recording", type=Path)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    options = _parser().parse_args(arguments)
    match options.command:
        case "run":
            target = _target(options)
            _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # while nothing answers, connections heap up
            failed = asyncio.run(_run(options, target))
            if not options.until_stdin_ends:
                _show(summarise(read(options.output)), as_json=False)
            return 1 if failed else 0
        case "summary":
            _show(summarise(read(options.recording), options.phase), as_json=options.json)
            return 0
        case _:
            lost = missing((r.id for r in read(options.recording).requests if r.id), _lab().sql)
            print("\n".join(lost) if lost else "every acknowledged write is there")
            return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
