#!/usr/bin/env python3
"""The main job, end to end: deploy a hospital, fill it, back it up, upgrade it while it serves, lose the database host, get everything back.

`make demo` runs it. Ends with a table, and the same figures in build/demo/summary.json. Exit status 1 if anything differs.

    DEMO_CASES      cases that are loaded (default 200000)
    DEMO_LOSE_TAIL  with 1, the database host is destroyed at once instead of waiting for the archive: exactly the commits after the last
                    archived segment may be missing, and the summary says which
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.wal import SEGMENT_BYTES, position, segment_number
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent))
from load import LoadError, lab_target, load, missing
from releases import packed
from site_access import ROOT, Site, SiteError
from watched_upgrade import Seen, approved, seen, summary_of, table_of, upgrade

OUTPUT = ROOT / "build" / "demo"
SEED = 20260101
ARCHIVE_WAIT_SECONDS = 180.0
QUIET_WAIT_SECONDS = 60.0
VERSION = "1.1.0"
RATE = 40.0  # requests a second; a hundred want more than two cores when these carry hosts, controller and load at once (tests/bench/upgrade.py)
BEFORE_SECONDS = 15.0  # of load, to compare with
SOAK_SECONDS = 15  # a hospital watches each host for a minute
TAIL_CASES = 30
TAIL_INTERVAL_SECONDS = (
    0.7  # in all longer than the lab's archive time-out: some of the tail is archived, the rest is not
)

Sums = dict[str, dict[str, Any]]


@dataclass
class Demo:
    """One run: the site, what each step took, and what is known to be committed."""

    site: Site
    cases: int
    lose_tail: bool
    console: Console = field(default_factory=lambda: Console(width=110, highlight=False))
    steps: list[dict[str, Any]] = field(default_factory=list)
    next_case: int = 1
    acknowledged: tuple[str, ...] = ()

    @contextmanager
    def step(self, what: str) -> Iterator[dict[str, Any]]:
        """Announce a step, and keep how long it took; `detail` in the yielded step stands in the table."""
        self.console.print(f"[bold]▶ {what}[/bold]")
        step: dict[str, Any] = {"what": what, "detail": ""}
        begin = time.monotonic()
        yield step
        step["seconds"] = round(time.monotonic() - begin, 1)
        self.steps.append(step)
        self.console.print(f"  [green]✔[/green] {step['seconds']} s  {step['detail']}")

    def lab(self, *argv: str) -> None:
        """Run a command of lab.py."""
        subprocess.run([sys.executable, str(ROOT / "tests" / "lab" / "lab.py"), *argv], check=True)

    def load(self, count: int) -> str:
        """Load cases in bulk on an app host."""
        argv = [
            "trauma.bulk_load",
            "--first",
            str(self.next_case),
            "--count",
            str(count),
            "--seed",
            str(SEED),
            "--processes",
            "2",
        ]
        answer = json.loads(self.site.application("app1", *argv, show_errors=True).splitlines()[-1])
        self.next_case += count
        return f"{sum(answer['rows'].values()):,} rows of {answer['cases']:,} cases by bulk load"

    def post(self, count: int, *, minor_only: bool = False) -> list[dict[str, Any]]:
        """Enter cases through the application's own interface, through the edge; return the accepted ones."""
        argv = [
            "trauma.api_load", "--url", f"https://{self.site.address('edge1')}", "--ca", "/etc/traumalink/tls/ca.crt",
            "--first", str(self.next_case), "--count", str(count), "--seed", str(SEED + 1),
        ]  # fmt: skip
        lines = self.site.application("app1", *argv, *(["--minor-only"] if minor_only else [])).splitlines()
        accepted = [json.loads(line) for line in lines]
        self.next_case = accepted[-1]["index"] + 1
        return accepted

    def sums(self, case_ids: list[int] | None = None) -> dict[str, Any]:
        """Let the database count and sum every table in one snapshot (trauma.table_sums, run beside the server)."""
        source = (ROOT / "tests/reference_app/source/trauma/table_sums.py").read_text(encoding="utf-8")
        self.site.run("db1", "install", "-d", "-m", "0755", "/run/demo")
        self.site.run("db1", "tee", "/run/demo/table_sums.py", stdin=source)
        self.site.run("db1", "tee", "/run/demo/case_ids", stdin=" ".join(map(str, case_ids or [])))
        argv = ["python3", "/run/demo/table_sums.py", "--exact-seconds", "30"]
        argv += [
            "--dsn",
            "host=/var/run/postgresql dbname=trauma",
            *(["--case-ids-file", "/run/demo/case_ids"] if case_ids else []),
        ]
        answer: dict[str, Any] = json.loads(self.site.run("db1", "runuser", "-u", "postgres", "--", *argv))
        return answer

    def wait_until_reported(self) -> None:
        """Wait until the registry's worker has nothing left to write."""
        deadline = time.monotonic() + QUIET_WAIT_SECONDS
        while self.site.sql("SELECT count(*) FROM trauma.registry_report WHERE status = 'pending'") != "0":
            if time.monotonic() > deadline:
                raise SiteError(f"the registry worker still has pending reports after {QUIET_WAIT_SECONDS:.0f} s")
            time.sleep(0.5)

    def wait_until_archived(self, lsn: str) -> str:
        """Wait until the archive, by itself, holds the segment with `lsn`; return the last archived segment."""
        wanted = self.site.sql(f"SELECT pg_walfile_name('{lsn}'::pg_lsn - 1)")
        deadline = time.monotonic() + ARCHIVE_WAIT_SECONDS
        while (archived := self.site.sql("SELECT last_archived_wal FROM pg_stat_archiver")) < wanted:
            if time.monotonic() > deadline:
                raise SiteError(
                    f"segment {wanted} is not archived after {ARCHIVE_WAIT_SECONDS:.0f} s; last is {archived}"
                )
            print(f"    archived {archived}, waiting for {wanted}", flush=True)
            time.sleep(3)
        return archived


def last_entry(demo: Demo) -> float:
    """Return when the newest case was entered, in seconds since the epoch, by the database's clock."""
    return float(demo.site.sql("SELECT extract(epoch FROM max(created_at)) FROM trauma.trauma_case"))


def without(total: Sums, parts: list[Sums]) -> Sums:
    """Return table sums less the contributions of some cases: the checksums add up, so they can be taken apart."""
    return {
        table: {
            "rows": whole["rows"] - sum(part.get(table, {"rows": 0})["rows"] for part in parts),
            "sum": str(int(whole["sum"]) - sum(int(part.get(table, {"sum": "0"})["sum"]) for part in parts)),
        }
        for table, whole in total.items()
    }


def enter_tail(demo: Demo) -> list[dict[str, Any]]:
    """Enter cases one by one, each with the WAL positions before it was sent and after it had been accepted."""
    tail = []
    for _ in range(TAIL_CASES):
        before = demo.site.sql("SELECT pg_current_wal_insert_lsn()")
        [case] = demo.post(1, minor_only=True)  # minor: nothing is reported later, so one case is one commit
        tail.append({**case, "before": before, "lsn": demo.site.sql("SELECT pg_current_wal_insert_lsn()")})
        print(f"    {case['case_number']} committed before {tail[-1]['lsn']}", flush=True)
        time.sleep(TAIL_INTERVAL_SECONDS)
    return tail


def run(demo: Demo) -> dict[str, Any]:
    """Carry the job out and return the summary."""
    site = demo.site
    with demo.step("A lab of container hosts") as step:
        demo.lab("down")
        demo.lab("up")
        step["detail"] = "edge1, app1, app2, db1, ops1"
    with demo.step("traumalink.ops.site: database, repository, application, edge"):
        site.playbook("site")
    with demo.step("A year of trauma cases") as step:
        step["detail"] = demo.load(demo.cases)
        entered = demo.post(200)
        step["detail"] += f", {len(entered)} through the interface"
    with demo.step("traumalink.ops.backup: full") as step:
        full = site.playbook("backup", "-e", "backup_type=full")["backup"]
        step["detail"] = described(full)
    with demo.step("traumalink.ops.drill: the backup comes back, else nothing may be upgraded"):
        site.playbook("drill")
    with demo.step(f"traumalink.ops.approve: the hospital approves {VERSION}"):
        approval = approved(site, packed(VERSION, site.directory))
    with demo.step(f"traumalink.ops.upgrade to {VERSION}, under {RATE:g} requests a second") as step:
        upgraded = upgrade_under_load(demo, approval)
        step["detail"] = f"{upgraded.change.requests:,} requests meanwhile, {upgraded.change.failed} failed"
    with demo.step("More cases, after the last backup") as step:
        step["detail"] = f"{demo.load(1000)}, {len(demo.post(50))} through the interface"
        demo.wait_until_reported()
    tail: list[dict[str, Any]] = []
    if demo.lose_tail:
        with demo.step("Cases one by one, until the host is gone"):
            tail = enter_tail(demo)
    with demo.step(
        "Count and sum every table, wait for the archive" if not tail else "Count and sum every table"
    ) as step:
        before = demo.sums([case["case_id"] for case in tail])
        entered_until = last_entry(demo)
        if not tail:
            step["detail"] = f"archived up to {demo.wait_until_archived(before['lsn'])}"
            if demo.sums()["tables"] != before["tables"]:
                raise SiteError("something was written after the tables were summed; nothing would be proven that way")
    with demo.step("db1 is destroyed with its storage, an empty db1 takes its place"):
        demo.lab("lose", "db1")
        demo.lab("up")
    with demo.step("traumalink.ops.restore") as step:
        restored = site.playbook("restore", "-e", "restore_confirm=lab")["restore"]
        step["detail"] = f"backup {restored['backup']}, WAL to {restored['wal_max']}, timeline {restored['timeline']}"
    with demo.step("Compare every table with what was committed"):
        after = demo.sums([case["case_id"] for case in tail])
        result = compare(demo, before, after, tail, restored["wal_max"])
    lost_seconds = max(0.0, entered_until - last_entry(demo))
    return {
        **result,
        "upgrade": upgraded.as_json(),
        "acknowledged_lost": missing(demo.acknowledged, site.sql),
        "rpo_seconds": round(lost_seconds, 3),
        "rto_seconds": restored["rto_seconds"],
        "backup_bytes": full["repository_bytes"],
        "restored": restored,
        "lose_tail": demo.lose_tail,
        "seconds": round(sum(step["seconds"] for step in demo.steps), 1),
        "steps": demo.steps,
    }


def upgrade_under_load(demo: Demo, approval: Path) -> Seen:
    """Take the application to the next version while browsers ask and write; the inventory says so afterwards, as the upgrade asks for it."""
    site = demo.site
    with load(lab_target(site), OUTPUT / "load.jsonl", rate=RATE) as running:
        time.sleep(BEFORE_SECONDS)
        watch = upgrade(site, VERSION, approval, soak_seconds=SOAK_SECONDS)
    summary = summary_of(running, BEFORE_SECONDS, watch)
    demo.acknowledged = summary.acknowledged
    demo.next_case = int(site.sql("SELECT max(case_id) + 1 FROM trauma.trauma_case"))
    now = {"deploy_archive": str(packed(VERSION, site.directory))}
    (site.directory / "inventory" / "group_vars" / "all" / "release.yml").write_text(
        json.dumps(now) + "\n", encoding="utf-8"
    )
    return seen(watch, summary, missing(summary.acknowledged, site.sql))


def described(backup: dict[str, Any]) -> str:
    """Return a backup in one line."""
    mebibyte = 1024 * 1024
    return (
        f"{backup['label']}: {backup['backup_bytes'] / mebibyte:.1f} MiB copied, "
        f"{backup['repository_bytes'] / mebibyte:.1f} MiB stored, {backup['seconds']} s"
    )


def compare(
    demo: Demo, before: dict[str, Any], after: dict[str, Any], tail: list[dict[str, Any]], archived: str
) -> dict[str, Any]:
    """Return what was there, what is there, and whether that is exactly what it must be.

    A case of the tail must be there if its commit lies in an archived segment, and must be missing if it does not; where the segment ends
    between the positions that were seen before and after it, either is right.
    """
    boundary = (segment_number(archived) + 1) * SEGMENT_BYTES
    missing = [case for case in tail if not after["of_cases"][str(case["case_id"])]]
    expected = without(before["tables"], [before["of_cases"][str(case["case_id"])] for case in missing] if tail else [])
    equal = {table: expected.get(table) == after["tables"].get(table) for table in {*expected, *after["tables"]}}
    return {
        "rows_before": sum(entry["rows"] for entry in before["tables"].values()),
        "rows_after": sum(entry["rows"] for entry in after["tables"].values()),
        "checksums_equal": all(equal.values()),
        "tables": {
            table: {"before": entry, "after": after["tables"].get(table), "as_expected": equal[table]}
            for table, entry in before["tables"].items()
        },
        "last_archived_segment": archived,
        "missing_cases": [case["case_number"] for case in missing],
        "missing_as_expected": all(
            position(case["lsn"]) > boundary if case in missing else position(case["before"]) < boundary
            for case in tail
        ),
    }


def show(demo: Demo, summary: dict[str, Any]) -> None:
    """Print the summary as tables."""
    table = Table(title="What ran", title_justify="left")
    table.add_column("step")
    table.add_column("seconds", justify="right")
    table.add_column("result")
    for step in summary["steps"]:
        table.add_row(step["what"], f"{step['seconds']:.1f}", step["detail"])
    table.add_row("in all", f"{summary['seconds']:.1f}", "", style="bold")
    demo.console.print(table)
    demo.console.print(table_of(f"The upgrade to {VERSION}, as browsers saw it", summary["upgrade"]))
    rows = Table(title="Every table, before the loss and after the restore", title_justify="left")
    for column in ("table", "rows before", "rows after", "as expected"):
        rows.add_column(column, justify="left" if column in ("table", "as expected") else "right")
    for name, entry in sorted(summary["tables"].items()):
        rows.add_row(
            name, f"{entry['before']['rows']:,}", f"{entry['after']['rows']:,}", "yes" if entry["as_expected"] else "NO"
        )
    rows.add_row(
        "all",
        f"{summary['rows_before']:,}",
        f"{summary['rows_after']:,}",
        "yes" if summary["checksums_equal"] else "NO",
        style="bold",
    )
    demo.console.print(rows)
    demo.console.print(
        f"RPO {summary['rpo_seconds']} s   RTO {summary['rto_seconds']} s   full backup {summary['backup_bytes']:,} bytes"
    )
    if summary["lose_tail"]:
        missing = ", ".join(summary["missing_cases"]) or "none"
        demo.console.print(
            f"Lost, because committed after the last archived segment {summary['last_archived_segment']}: {missing}"
        )


def say_what_stands(demo: Demo) -> None:
    """Say that the lab is still there, how to use it, and how to remove it."""
    given = f"LAB_NAME={name} " if (name := os.environ["LAB_NAME"]) != "traumalink" else ""
    demo.console.print(
        f"""The lab '{name}' still stands, with the application and its database. To use it, in bash:
  {f"export {given.strip()}; " if given else ""}source <(tests/lab/lab.py env)
  ansible-playbook traumalink.ops.ledger -e ledger_action=list    # what has been recorded
  ansible-playbook traumalink.ops.backup                          # another backup
  podman exec -it {name}-db1 bash                                 # a look at a host
To remove it: {given}make lab-down""",
        soft_wrap=True,
        highlight=False,
        markup=False,
    )


def main() -> int:
    """Run the demo; 0 only if everything that must be there is there."""
    os.environ.setdefault("LAB_NAME", "traumalink")
    OUTPUT.mkdir(parents=True, exist_ok=True)
    summary_file = OUTPUT / "summary.json"
    summary_file.unlink(missing_ok=True)
    site = Site(ROOT / "build" / "lab" / os.environ["LAB_NAME"], OUTPUT)
    demo = Demo(site, int(os.environ.get("DEMO_CASES", "200000")), os.environ.get("DEMO_LOSE_TAIL") == "1")
    began = datetime.now().astimezone()
    try:
        summary = {"began": began.isoformat(timespec="seconds"), **run(demo)}
    except (SiteError, LoadError, subprocess.CalledProcessError) as error:
        demo.console.print(f"[red]The demo failed:[/red] {error}", soft_wrap=True)
        return 1
    summary_file.write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    show(demo, summary)
    say_what_stands(demo)
    problems = problems_of(summary)
    for problem in problems:
        demo.console.print(f"[red]{problem}[/red]")
    if not problems:
        demo.console.print("[green]Nobody noticed the upgrade, and every row that was archived is back.[/green]")
    demo.console.print(f"Figures: {summary_file.relative_to(ROOT)}")
    return 1 if problems else 0


def problems_of(summary: dict[str, Any]) -> list[str]:
    """Return what is not as it must be, in sentences."""
    found = []
    if summary["upgrade"]["failed"] or summary["upgrade"]["writes_lost"]:
        found.append("The upgrade was noticed: requests failed, or acknowledged writes are missing.")
    if not (summary["checksums_equal"] and summary["missing_as_expected"]):
        found.append("What came back is not what was committed; see the table above.")
    if summary["acknowledged_lost"]:
        found.append(
            f"{len(summary['acknowledged_lost'])} writes that were acknowledged during the upgrade are not back."
        )
    return found


if __name__ == "__main__":
    sys.exit(main())
