#!/usr/bin/env python3
"""The budget of a second converge of the whole lab, which has nothing to change (`make bench` brings the lab up first).

Both sides go over the same hosts by the same connections, in turn. One `ping` task is what one more of them adds to a playbook, so
the start of Ansible counts for the converge alone.
"""

from __future__ import annotations

import functools
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from figures import Figure, report, seconds

SITE = "edge:app:db:ops"
PINGS = 10
ROUNDS = 2
RECAP = re.compile(r"^(\S+) +: ok=(\d+) +changed=(\d+) +unreachable=(\d+) +failed=(\d+)", re.M)


def play(playbook: str) -> str:
    """Run a playbook on the lab and return what it printed; one that fails ends the benchmark."""
    done = subprocess.run(["ansible-playbook", playbook], capture_output=True, text=True, check=False)
    if done.returncode != 0 or not RECAP.search(done.stdout):
        raise SystemExit(f"bench: {playbook} failed: {done.stdout[-3000:]}{done.stderr[-1000:]}")
    return done.stdout


def changes(output: str) -> int:
    """Return how many tasks changed something, over all hosts."""
    return sum(int(changed) for _host, _ok, changed, _unreachable, _failed in RECAP.findall(output))


def pings(folder: Path, count: int) -> str:
    """Write a playbook of so many `ping` tasks over the lab, and return its path."""
    tasks = [{"name": "Ping", "ansible.builtin.ping": {}}] * count
    path = folder / f"pings-{count}.yml"
    path.write_text(
        json.dumps([{"hosts": SITE, "become": True, "gather_facts": False, "tasks": tasks}]), encoding="utf-8"
    )
    return str(path)


def main() -> int:
    """Measure; return 1 where a budget is missed."""
    first: list[str] = []
    first_seconds = seconds(lambda: first.append(play("traumalink.ops.site")))
    converges, of_one, of_many, outputs = [], [], [], list[str]()
    with tempfile.TemporaryDirectory() as folder:
        one, many = (functools.partial(play, pings(Path(folder), count)) for count in (1, 1 + PINGS))
        for _round in range(ROUNDS):
            of_one.append(seconds(one))
            of_many.append(seconds(many))
            converges.append(seconds(lambda: outputs.append(play("traumalink.ops.site"))))
    converge, ping = min(converges), (min(of_many) - min(of_one)) / PINGS
    return report(
        "converge",
        "Second converge of the whole lab, nothing to change",
        [
            Figure("second converge against one ping task over the lab", converge / ping, "×", budget=100),
            Figure("tasks that changed something", max(map(changes, outputs)), "tasks", budget=0),
            Figure("second converge, best", converge, "s"),
            Figure("one ping task over the lab, best", ping, "s"),
            Figure("the converge before", first_seconds, "s"),
            Figure("tasks that changed something in it", changes(first[0]), "tasks"),
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
