"""What the flows of faults share: operations that are begun and killed, rows that must not be lost, and what must be true after each of them."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lab as laboratory
import operations
from flows import Run, address, at, play, sql
from operations import SITE, chain_is_whole, leases, saying, wait_for

REPOSITORY = "/var/lib/pgbackrest"
STATE = "/var/lib/traumalink-backup"
METRICS = "/var/lib/prometheus/node-exporter/traumalink_backup.prom"
SCRATCH = "/var/lib/traumalink-drill/scratch"
UNITS = "systemctl list-units --no-legend 'traumalink-2*'"
# Changes one byte in the middle of a file, and changes it back when it is called again.
FLIP = "import sys; f = open(sys.argv[1], 'r+b'); n = f.seek(0, 2) // 2; f.seek(n); b = f.read(1)[0]; f.seek(n); f.write(bytes([b ^ 1]))"
ARCHIVE_WAIT_SECONDS = 120
# The engine at work on a backup; the bracket keeps the pattern from finding the shell that looks.
ENGINE = "pgrep -u pgbackrest -f '^(/usr/bin/)?pgbackrest .*[b]ackup$' >/dev/null"


def places() -> tuple[Path, ...]:
    """Return the lab's inventories, with a lease that a test can wait out, and that a busy machine can renew."""
    return saying({"operation_lease_seconds": 24}, SITE)


def carried_out(verb: str, *arguments: str) -> Run:
    """Run a verb to its end."""
    return play(verb, *arguments, inventories=places())


def begun(verb: str, *arguments: str) -> subprocess.Popen[str]:
    """Begin a verb and do not wait for it."""
    return operations.begun(f"traumalink.ops.{verb}", *arguments, inventories=places())


def kill_work(host: str) -> None:
    """Kill everything of the work that runs as a unit on a host."""
    at(host).check_output("systemctl kill --signal=KILL 'traumalink-2*' && echo done")


def await_on(host: str, condition: str, seconds: int = 90) -> None:
    """Wait until a condition of the shell holds on a host."""
    waited = at(host).run(f"for _ in $(seq {seconds * 20}); do {condition} && exit 0; sleep 0.05; done; exit 1")
    assert waited.rc == 0, f"{condition} never held on {host}"


def nothing_is_left() -> None:
    """See that no lock, no unit, no engine and no restored copy is left, and that the ledger verifies."""
    assert leases() == 0
    for host in ("db1", "ops1"):
        assert at(host).run(f"{UNITS} | grep .").stdout == "", host
        engines = at(host).run("pgrep -af '^(/usr/bin/)?pgbackrest .*(backup|restore|verify)$'").stdout
        assert engines == "", host
    assert not at("ops1").file(SCRATCH).exists
    assert at("ops1").run("pgrep -u traumalink-drill").stdout == ""
    assert at("db1").run("ls -d /var/lib/postgresql/*/*.restoring").rc != 0
    chain_is_whole()


@dataclass(frozen=True)
class Committed:
    """A row that was committed, and a position behind it."""

    id: int
    lsn: str

    @property
    def segment(self) -> str:
        """The segment that must be archived for it to come back."""
        return sql(f"SELECT pg_walfile_name('{self.lsn}'::pg_lsn - 1)")

    @property
    def there(self) -> bool:
        """Whether the database has it."""
        return sql(f"SELECT count(*) FROM public.fault WHERE id = {self.id}") == "1"


def commit() -> Committed:
    """Commit a row."""
    sql(
        "CREATE TABLE IF NOT EXISTS public.fault (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz DEFAULT clock_timestamp())"
    )
    row = sql("INSERT INTO public.fault DEFAULT VALUES RETURNING id")
    return Committed(int(row), sql("SELECT pg_current_wal_flush_lsn()"))


def await_archived(*rows: Committed) -> None:
    """Wait until the repository holds what the rows need; nobody helps."""
    for segment in dict.fromkeys(row.segment for row in rows):
        await_segment(segment)


def await_segment(name: str) -> None:
    """Wait until the repository holds a segment."""
    await_on("ops1", f"find {REPOSITORY}/archive/lab -name '{name}-*' | grep -q .", ARCHIVE_WAIT_SECONDS)


def watched() -> dict[str, float]:
    """Look how it stands with the backups, as the timer does each minute; return the metrics by name and labels."""
    at("ops1").check_output("systemctl start traumalink-backup-watch.service && echo done")
    lines = at("ops1").file(METRICS).content_string.splitlines()
    return {
        name.removeprefix("traumalink_backup_"): float(value)
        for name, _, value in (line.rpartition(" ") for line in lines if not line.startswith("#"))
    }


def alarms() -> set[str]:
    """Return the codes of what is critical now."""
    begin, end = 'finding{site="lab",code="', '",severity="critical"}'
    return {name[len(begin) : -len(end)] for name in watched() if name.startswith(begin) and name.endswith(end)}


@contextlib.contextmanager
def silent_for_long() -> Iterator[None]:
    """Make all WAL in the repository old, as if the time that is agreed had passed; a question for WAL that stands open afterwards is forgotten."""
    at("ops1").check_output(
        f"find {REPOSITORY}/archive/lab -type f -name '0*-*' -exec touch -d '40 minutes ago' {{}} + && echo done"
    )
    try:
        yield
    finally:
        at("ops1").check_output(f"rm -f {STATE}/archive_probe.json && echo done")


def info() -> dict[str, Any]:
    """Return what the repository says of itself."""
    told: dict[str, Any] = json.loads(
        at("ops1").check_output("runuser -u pgbackrest -- pgbackrest info --output=json")
    )[0]
    return told


def podman(*argv: str) -> None:
    """Run a command of podman on this machine, whatever becomes of it: a host that is on already is switched on all the same."""
    sudo = () if os.geteuid() == 0 else ("sudo",)
    subprocess.run([*sudo, "podman", "--runtime", "runc", *argv], check=False, capture_output=True)


def switch_off(*hosts: str) -> None:
    """Take the power of hosts at the same moment; they stay off."""
    podman("stop", "--time", "0", *(laboratory.container(host) for host in hosts))


def switch_on(*hosts: str) -> None:
    """Give hosts their power again and wait until they let somebody in. What runs there then, they have started by themselves."""
    for host in hosts:
        # Ansible keeps a connection open, which leads nowhere now.
        socket = f"{laboratory.SOCKETS}/{laboratory.NETWORK}-{address(host)}"
        subprocess.run(["ssh", "-O", "exit", "-o", f"ControlPath={socket}", host], check=False, capture_output=True)
    podman("start", *(laboratory.container(host) for host in hosts))
    for host in hosts:
        wait_for(lambda host=host: lets_in(host), 90)  # type: ignore[misc]


def lets_in(host: str) -> bool:
    """Tell whether a host can be reached and its systemd has started everything."""
    try:
        return str(at(host).run("systemctl is-system-running").stdout).strip() in ("running", "degraded")
    except RuntimeError:  # what testinfra says where SSH itself fails
        return False


def proof(label: str) -> dict[str, Any]:
    """Return what is proven of a set."""
    told: dict[str, Any] = json.loads(at("ops1").check_output(f"cat {STATE}/proofs/{label}.json"))
    return told


def proven_backup() -> str:
    """Return the newest set if it is proven; else take a full backup."""
    sets = [entry["label"] for entry in info()["backup"]]
    if not sets or not at("ops1").file(f"{STATE}/proofs/{sets[-1]}.json").exists:
        run = carried_out("backup", "-e", "backup_type=full")
        assert run.succeeded, run.output[-3000:]
        sets = [entry["label"] for entry in info()["backup"]]
    return str(sets[-1])
