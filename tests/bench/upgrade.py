#!/usr/bin/env python3
"""What an upgrade and its rollback cost those who work meanwhile, beside the usual way: stop, unpack, migrate, start.

`make bench` brings the lab up first. One load generator asks through HAProxy all the time (tests/lab/load.py); both ways go from the same version to the same
one, with the same migration on the same table of 200 000 cases. The playbooks run at the lowest priority (`nice`), as the machine on which Ansible works is another
one in a hospital, and hosts and browsers are not; what they do on the hosts themselves as the example's inventory has it.
"""

from __future__ import annotations

import os
import re
import sys
import time

from figures import PLACE, ROOT, Figure, report
from rich.console import Console

sys.path.insert(0, str(ROOT / "tests" / "lab"))
from lab import DIRECTORY
from load import Phase, lab_target, load, missing
from releases import packed
from site_access import Site
from traffic.summary import Summary
from usual_way import UsualWay
from watched_upgrade import BEFORE, HOSTS, Seen, approved, rollback, seen, summary_of, upgrade

FROM, TO = "1.0.0", "1.1.0"
MIGRATIONS = ("0001", "0002")  # as its manifest names them; the first is there already
CASES = 200_000
RATE = 120.0
STEADY_SECONDS = 40.0
SOAK_SECONDS = 30
POLITE = "nice -n 10 sudo"  # ansible_become_exe of inventories/example
SETTLE_SECONDS = 15.0  # until HAProxy has found healthy what was started
USUAL = "usual way"
VIEW = ROOT / "tests" / "reference_app" / "source" / "migrations" / "versions" / "0001_initial_schema.py"


def tell(what: str) -> None:
    """Say what goes on."""
    print(f"bench: {what}", flush=True)


def opened() -> Site:
    """Deploy the site, fill it, prove a backup, and see that it is where an upgrade begins."""
    os.environ["ANSIBLE_BECOME_EXE"] = POLITE
    PLACE.mkdir(parents=True, exist_ok=True)
    site = Site(DIRECTORY, PLACE, niceness=19)
    tell("the site is deployed")
    site.playbook("site")
    first = int(site.sql("SELECT coalesce(max(case_id), 0) + 1 FROM trauma.trauma_case"))
    if first <= CASES:
        argv = ["--first", str(first), "--count", str(CASES + 1 - first), "--seed", "20260101", "--processes", "2"]
        site.application("app1", "trauma.bulk_load", *argv, show_errors=True)
        site.sql("VACUUM ANALYZE")
    site.playbook("backup")
    site.playbook("drill")
    contract(site)
    return site


def contract(site: Site) -> None:
    """Take back by hand what the migration to `TO` has added, so that it has to be done again."""
    view = re.search(r"^CREATE VIEW report\.case_figures AS.*?;$", VIEW.read_text(encoding="utf-8"), re.S | re.M)
    assert view, f"{VIEW} does not hold the view any more"
    statements = [
        "DROP INDEX IF EXISTS trauma.trauma_case_emergency_station",
        view[0].replace("CREATE VIEW", "CREATE OR REPLACE VIEW").rstrip(";"),
        "ALTER TABLE trauma.trauma_case DROP COLUMN IF EXISTS emergency_station",
        "UPDATE public.alembic_version SET version_num = '0001'",
    ]
    site.sql("; ".join(["BEGIN", *statements, "COMMIT"]))


def of_this_collection(site: Site) -> tuple[Summary, Seen, Seen]:
    """Upgrade and go back under load; return the load's figures, and what browsers saw of the one and of the other."""
    approval = approved(site, packed(TO, site.directory))
    with load(lab_target(site), PLACE / "upgrade-load.jsonl", rate=RATE) as running:
        tell(f"a steady load for {STEADY_SECONDS:.0f} s, then the upgrade and its rollback")
        time.sleep(STEADY_SECONDS)
        up = upgrade(site, TO, approval, soak_seconds=SOAK_SECONDS)
        back = rollback(site)
    summary = summary_of(running, STEADY_SECONDS, up, back)
    lost = missing(summary.acknowledged, site.sql)
    return summary, seen(up, summary, lost), seen(back, summary, lost)


def usual(site: Site) -> Summary:
    """Upgrade in the usual way under the same load, and bring the site back to where it was."""
    way = UsualWay(site, HOSTS, packed(TO, site.directory), MIGRATIONS)
    with load(lab_target(site), PLACE / "usual-load.jsonl", rate=RATE) as running:
        tell("the same load, and the usual way: stop, unpack, migrate, start")
        time.sleep(STEADY_SECONDS / 2)
        begin = time.time()
        way.upgrade()
        time.sleep(SETTLE_SECONDS)
        end = time.time()
    way.undo()
    return running.summary([Phase(BEFORE, begin - STEADY_SECONDS / 2, begin), Phase(USUAL, begin, end)])


def main() -> int:
    """Measure; return 1 where a budget is missed."""
    site = opened()
    summary, up, back = of_this_collection(site)
    contract(site)
    compared = usual(site)
    contract(site)
    for table in (*summary.tables(), *compared.tables()):
        Console(width=140, highlight=False).print(table)
    disturbed = compared.phase(USUAL)
    before = up.before
    assert summary.whole.late_p99_ms is not None
    return report(
        "upgrade",
        f"Upgrade {FROM} → {TO} and back under {before.per_second:.0f} requests a second, beside the usual way",
        [
            Figure("requests that failed, in the upgrade", up.change.failed, "requests", 0),
            Figure("requests that failed, in its rollback", back.change.failed, "requests", 0),
            Figure("requests that failed, in the whole load", summary.whole.failed, "requests", 0),
            Figure("acknowledged writes that SQL does not find", up.lost, "writes", 0),
            Figure("p99 in the upgrade against before", up.p99_ratio, "×", 2),
            Figure("p99 in its rollback against before", back.p99_ratio, "×", 2),
            Figure("usual ways in which this load saw no failure", float(disturbed.failed == 0), "ways", 0),
            Figure("usual way: requests that failed", disturbed.failed, "requests"),
            Figure("usual way: longest time without an answer", disturbed.longest_gap_seconds, "s"),
            Figure("upgrade: longest time without an answer", up.change.longest_gap_seconds, "s"),
            Figure("rollback: longest time without an answer", back.change.longest_gap_seconds, "s"),
            Figure("requests in the upgrade", up.change.requests, "requests"),
            Figure("requests in its rollback", back.change.requests, "requests"),
            Figure("writes acknowledged", up.acknowledged, "writes"),
            *(Figure(f"{name}: p99", figures.p99_ms or 0.0, "ms") for name, figures in (("before", before), ("upgrade", up.change), ("rollback", back.change))),
            Figure("how late the load itself was, p99", summary.whole.late_p99_ms, "ms"),
            Figure("upgrade", up.change.seconds, "s"),
            *(Figure(f"upgrade: {host}'s turn", seconds, "s") for host, seconds in up.host_seconds.items()),
            Figure("rollback", back.change.seconds, "s"),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
