"""An upgrade as a person at a terminal runs it, watched from outside: when each of its parts began, and what a load on the site met in it."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from load import Phase, Run
from releases import packed
from rich.table import Table
from site_access import Site
from traffic.summary import Figures, Summary

HOSTS = ("app1", "app2")
BEFORE = "before"
# What a task's name says, and the part that begins with it. Those of a host come once for each.
PARTS = {
    "upgrade_work | A verified backup": "backup",
    "upgrade_work | Lay the release down": "unpacking",
    "upgrade_beside | A point to go back to": "restore point",
    "upgrade_beside | Migrate": "migration",
    "upgrade_host | See that there is time": "start",
    "upgrade_host | Lead its traffic": "switch",
    "upgrade_host | Watch it": "watch",
    "upgrade_beside | Conclude": "conclusion",
    "rollback : lead | Have the slots run": "start",
    "rollback : lead | Lead traffic there": "switch",
    "rollback : Count it as current": "conclusion",
}
OF_A_HOST = ("start", "switch", "watch")


class Watch:
    """Is told each task of an upgrade (of `hosts` in turn), or of a rollback, as it begins. Times are seconds since the epoch."""

    def __init__(self, name: str, hosts: Sequence[str] = (), clock: Callable[[], float] = time.time) -> None:
        self.name, self._hosts, self._clock, self._reached = name, hosts, clock, -1
        self._begun = [("gate", clock())]
        self._end: float | None = None

    def __call__(self, task: str) -> None:
        """Take a task's name."""
        part = next((part for words, part in PARTS.items() if words in task), None)
        if part is None:
            return
        if self._hosts and part in OF_A_HOST:
            self._reached += part == OF_A_HOST[0]
            part = f"{self._hosts[self._reached]}: {part}"
        self._begun.append((part, self._clock()))

    def ended(self) -> None:
        """Note that the playbook has ended."""
        self._end = self._clock()

    @property
    def parts(self) -> list[Phase]:
        """The parts, one after another without a gap."""
        bounds = [*self._begun, ("", self._clock() if self._end is None else self._end)]
        return [Phase(name, begin, end) for (name, begin), (_next, end) in pairwise(bounds) if end > begin]

    @property
    def change(self) -> Phase:
        """All of it, from the first task of the gate to the last of the record."""
        return Phase(self.name, self.parts[0].begin, self.parts[-1].end)

    @property
    def host_seconds(self) -> dict[str, float]:
        """How long each host's turn took."""
        return {
            host: round(sum(part.end - part.begin for part in self.parts if part.name.startswith(f"{host}: ")), 1)
            for host in self._hosts
        }


def summary_of(run: Run, before_seconds: float, *watches: Watch) -> Summary:
    """Return a load's figures: of so many seconds before the first change, of each change, and of each of its parts."""
    begin = watches[0].change.begin
    changes = [phase for watch in watches for phase in (watch.change, *watch.parts)]
    return run.summary([Phase(BEFORE, begin - before_seconds, begin), *changes])


def approved(site: Site, archive: Path) -> Path:
    """Have the lab's hospital approve the upgrade to an archive, and return the document; it is good for one run."""
    folder = Path(tempfile.mkdtemp(prefix="approval-", dir=site.logs))
    given = {
        "approve_verb": "upgrade",
        "approve_contact": "approver",
        "approve_key": str(site.directory / "approval_key"),
        "approve_subject_file": str(archive),
        "approve_destination": str(folder),
        "approve_hours": 2,
    }
    site.playbook("approve", "-e", json.dumps(given))
    (document,) = folder.glob("approval-*.json")
    return document


def upgrade(site: Site, version: str, approval: Path, *, soak_seconds: int) -> Watch:
    """Upgrade to a version, with the approval for it; each host's new release is watched for so many seconds.

    Raises:
        SiteError: it failed; the application is as it was before.
    """
    given = {
        "upgrade_archive": str(packed(version, site.directory)),
        "operation_approval": str(approval),
        "upgrade_soak_seconds": soak_seconds,
    }
    return _watched(
        Watch("upgrade", HOSTS), lambda watch: site.playbook("upgrade", "-e", json.dumps(given), seen=watch)
    )


def rollback(site: Site) -> Watch:
    """Go back to the version before. Raises `SiteError`."""
    return _watched(Watch("rollback"), lambda watch: site.playbook("rollback", seen=watch))


def _watched(watch: Watch, act: Callable[[Watch], Any]) -> Watch:
    act(watch)
    watch.ended()
    return watch


@dataclass(frozen=True)
class Seen:
    """What browsers saw of a change.

    Attributes:
        before, change: figures of the load before and meanwhile. acknowledged, lost: writes of the whole load, and those that SQL does not find.
    """

    before: Figures
    change: Figures
    acknowledged: int
    lost: int
    host_seconds: dict[str, float]

    @property
    def p99_ratio(self) -> float:
        """How much longer the slowest of a hundred requests took meanwhile."""
        return (self.change.p99_ms or 0.0) / (self.before.p99_ms or 1.0)

    def as_json(self) -> dict[str, Any]:
        """Return the figures that count, as plain data."""
        return {
            "requests": self.change.requests,
            "requests_per_second": self.change.per_second,
            "failed": self.change.failed,
            "writes_acknowledged": self.acknowledged,
            "writes_lost": self.lost,
            "longest_gap_seconds": self.change.longest_gap_seconds,
            "p99_before_ms": self.before.p99_ms,
            "p99_meanwhile_ms": self.change.p99_ms,
            "seconds": self.change.seconds,
            "host_seconds": self.host_seconds,
        }


def seen(watch: Watch, summary: Summary, lost: Sequence[str]) -> Seen:
    """Return what browsers saw. Raises `KeyError` for a summary that is not of this watch."""
    return Seen(
        summary.phase(BEFORE), summary.phase(watch.name), len(summary.acknowledged), len(lost), watch.host_seconds
    )


def table_of(title: str, figures: Mapping[str, Any]) -> Table:
    """Return the figures of `Seen.as_json` as a table for people."""
    acknowledged = figures["writes_acknowledged"]
    before, meanwhile = (figures[name] for name in ("p99_before_ms", "p99_meanwhile_ms"))
    rows = {
        "requests meanwhile": f"{figures['requests']:,} in {figures['seconds']:.0f} s, {figures['requests_per_second']:.0f} a second",
        "failed": f"{figures['failed']}",
        "writes acknowledged": f"{acknowledged:,}; found again by SQL: {acknowledged - figures['writes_lost']:,}",
        "longest time without an answer": f"{figures['longest_gap_seconds']:.2f} s",
        "99 of 100 were answered within": f"{before or 0:.0f} ms before, {meanwhile or 0:.0f} ms meanwhile",
        "a host's turn": ", ".join(f"{host} {seconds:.0f} s" for host, seconds in figures["host_seconds"].items()),
    }
    table = Table(title=title, title_justify="left", show_header=False)
    for row in rows.items():
        table.add_row(*row)
    return table
