#!/usr/bin/env python3
"""The budgets of backup and restore against the same raw commands by hand, on a database of 3 GB (the first argument is another size, in GB).

`make bench` brings the lab up first. All sides run in turn on the same hosts and the same data; a dump of the database and its restore stand beside them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from figures import PLACE, ROOT, Figure, report, seconds

sys.path.insert(0, str(ROOT / "tests" / "lab"))
from lab import DIRECTORY
from site_access import Site, SiteError

GIGABYTE = 1024**3
SMALL_GIGABYTES = 0.25  # of the first restores: what does not grow with the database shows there
CASES = 100_000
WAIT_SECONDS = 900.0
TABLES = ("trauma_case", "prehospital", "triage", "injury", "treatment_step", "outcome", "registry_report")
DUMP = "/var/lib/postgresql/bench.dump"


@dataclass(frozen=True)
class Bench:
    """The lab's site, and what a person at its hosts would type."""

    site: Site
    data_directory: str
    server: str
    stanza: str = "lab"

    def database(self, *argv: str) -> str:
        """Run a command on the database's host as the server's own user."""
        return self.site.run("db1", "runuser", "-u", "postgres", "--", *argv)

    def repository(self, *argv: str) -> str:
        """Run pgBackRest on the repository's host."""
        return self.site.run(
            "ops1", "runuser", "-u", "pgbackrest", "--", "pgbackrest", f"--stanza={self.stanza}", *argv
        )

    @property
    def bytes(self) -> int:
        """Size of all databases."""
        return int(self.site.sql("SELECT sum(pg_database_size(oid)) FROM pg_database"))

    @property
    def copies(self) -> list[str]:
        """Schemas with a copy of the application's tables."""
        count = int(self.site.sql("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'bench%'"))
        return [f"bench{number}" for number in range(1, 1 + count)]

    def grow(self, target_bytes: int) -> None:
        """Copy the application's tables with their indexes, schema by schema, until the databases are so large."""
        while self.bytes < target_bytes:
            schema = f"bench{len(self.copies) + 1}"
            statements = [f"CREATE SCHEMA {schema}"]
            for table in TABLES:
                statements += [
                    f"CREATE TABLE {schema}.{table} (LIKE trauma.{table} INCLUDING ALL)",
                    f"INSERT INTO {schema}.{table} OVERRIDING SYSTEM VALUE SELECT * FROM trauma.{table}",
                ]
            self.site.sql("; ".join(["BEGIN", *statements, "COMMIT"]))
            tell(f"the databases have {self.bytes / GIGABYTE:.2f} GB")
        self.site.sql("CHECKPOINT")

    def change_one_percent(self) -> None:
        """Write a hundredth of each table's rows anew; they lie in one place."""
        for schema in ("trauma", *self.copies):
            for table in TABLES:
                self.site.sql(
                    f"UPDATE {schema}.{table} SET case_id = case_id WHERE case_id <= (SELECT max(case_id) / 100 FROM trauma.trauma_case)"
                )
        self.site.sql("CHECKPOINT")

    def lose(self) -> None:
        """Stop the server and remove its data."""
        self.site.run("db1", "systemctl", "stop", self.server)
        self.site.run("db1", "find", self.data_directory, "-mindepth", "1", "-delete")

    def wait_until_writable(self) -> None:
        """Wait until the server has replayed everything and takes writes."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            try:
                if self.site.sql("SELECT pg_is_in_recovery()", "postgres") == "f":
                    return
                time.sleep(0.2)
            except SiteError:
                time.sleep(0.2)  # it does not answer yet
        raise SystemExit(f"bench: the server takes no writes after {WAIT_SECONDS:.0f} s")

    def restore_by_hand(self) -> tuple[float, float]:
        """Restore, start, take a full backup; return the seconds until the server takes writes, and of all."""
        self.lose()
        begun = time.perf_counter()
        self.database("pgbackrest", f"--stanza={self.stanza}", "restore")
        self.site.run("db1", "systemctl", "start", self.server)
        self.wait_until_writable()
        served = time.perf_counter() - begun
        self.repository("--type=full", "backup")
        return served, time.perf_counter() - begun

    def restore_by_playbook(self) -> tuple[float, dict[str, object]]:
        """Let the playbook do it, on a host whose data is gone; return the seconds and what it reported."""
        self.lose()
        reported: dict[str, object] = {}
        taken = seconds(lambda: reported.update(self.site.playbook("restore", "-e", "restore_confirm=lab")["restore"]))
        return taken, reported


def tell(what: str) -> None:
    """Say what goes on."""
    print(f"bench: {what}", flush=True)


def opened() -> Bench:
    """Deploy the site, fill it and find its server."""
    PLACE.mkdir(parents=True, exist_ok=True)
    site = Site(DIRECTORY, PLACE)
    tell("the site is deployed")
    site.playbook("site")
    first = int(site.sql("SELECT coalesce(max(case_id), 0) + 1 FROM trauma.trauma_case"))
    if first < CASES:
        site.application(
            "app1",
            "trauma.bulk_load",
            "--first",
            str(first),
            "--count",
            str(CASES),
            "--seed",
            "20260101",
            "--processes",
            "2",
            show_errors=True,
        )
    version = site.sql("SELECT current_setting('server_version_num')::int / 10000")
    return Bench(site, site.sql("SHOW data_directory"), f"postgresql@{version}-main.service")


def restores(bench: Bench, name: str) -> Iterator[tuple[str, float]]:
    """Measure both ways to restore; yield each figure by its name."""
    # Each restores from a full backup that was just taken and counts: of one by hand the playbook knows nothing, and would replay more WAL onto an older.
    tell(f"{name}: a full backup to restore from")
    bench.site.playbook("backup", "-e", "backup_type=full")
    tell(f"{name}: restored by the playbook")
    by_playbook, reported = bench.restore_by_playbook()
    tell(f"{name}: restored by hand")
    served, by_hand = bench.restore_by_hand()
    yield from {
        "served": served,
        "by_hand": by_hand,
        "by_playbook": by_playbook,
        "rto": float(str(reported["rto_seconds"])),
    }.items()


def main(argv: list[str]) -> int:
    """Measure; return 1 where a budget is missed."""
    gigabytes = float(argv[0]) if argv else 3.0
    bench = opened()
    bench.grow(int(SMALL_GIGABYTES * GIGABYTE))
    small_bytes, small = bench.bytes, dict(restores(bench, "small"))
    bench.grow(int(gigabytes * GIGABYTE))
    large_bytes = bench.bytes
    # Each side twice, in turn: the first run also warms the caches for the other.
    raw_full, full = [], []
    for _round in range(2):
        tell("a full backup by hand, and by the playbook")
        raw_full.append(seconds(lambda: bench.repository("--type=full", "backup")))
        full.append(seconds(lambda: bench.site.playbook("backup", "-e", "backup_type=full")))
    bench.change_one_percent()
    tell("an incremental backup after a hundredth has changed, and a dump")
    incremental = seconds(lambda: bench.repository("--type=incr", "backup"))
    dump = seconds(lambda: bench.database("pg_dump", "-Fc", "-f", DUMP, "trauma"))
    tell("the dump restored")
    bench.database("createdb", "bench_restored")
    dump_restored = seconds(lambda: bench.database("pg_restore", "-j2", "-d", "bench_restored", DUMP))
    bench.database("dropdb", "bench_restored")
    bench.site.run("db1", "rm", DUMP)
    large = dict(restores(bench, "large"))
    engine = bench.repository("version").split()[-1]
    block_incremental = tuple(int(part) for part in engine.split(".")[:2]) >= (2, 53)
    added_small, added_large = small["by_playbook"] - small["by_hand"], large["by_playbook"] - large["by_hand"]
    return report(
        "backup",
        f"Backup and restore of {large_bytes / GIGABYTE:.1f} GB, pgBackRest {engine}",
        [
            Figure("restore playbook against restore, start, full backup by hand", large["by_playbook"] / large["by_hand"], "×", 1.5),
            Figure(f"what the playbook adds, against what it adds at {small_bytes / GIGABYTE:.2f} GB", added_large / max(added_small, 1.0), "×", 1.5),
            Figure("full backup playbook against pgbackrest backup", min(full) / min(raw_full), "×", 1.5),
            Figure("incremental backup after 1 % change against pg_dump -Fc", incremental / dump, "×", 0.3 if block_incremental else None),
            Figure("restore until it takes writes against pg_restore -j2", large["served"] / dump_restored, "×", 0.3),
            Figure("restore playbook", large["by_playbook"], "s"),
            Figure("  of it until the application serves (RTO)", large["rto"], "s"),
            Figure("restore, start, full backup by hand", large["by_hand"], "s"),
            Figure("  of it until the server takes writes", large["served"], "s"),
            Figure(f"restore playbook at {small_bytes / GIGABYTE:.2f} GB", small["by_playbook"], "s"),
            Figure(f"by hand at {small_bytes / GIGABYTE:.2f} GB", small["by_hand"], "s"),
            Figure("full backup playbook, best", min(full), "s"),
            Figure("pgbackrest backup, best", min(raw_full), "s"),
            Figure("incremental backup", incremental, "s"),
            Figure("pg_dump -Fc", dump, "s"),
            Figure("pg_restore -j2", dump_restored, "s"),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
