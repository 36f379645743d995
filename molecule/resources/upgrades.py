"""What the flows of upgrades share: approvals for releases, runs of the verbs, and what runs on the lab afterwards."""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.backup_proof import DRILLS
from flows import LAB, Run, at, play, sql
from operations import LEASE_SECONDS, SITE, begun, kill, saying, until
from releases import packed

APPS = ("app1", "app2")
ASK = """
import socket, sys
runtime = socket.socket(socket.AF_UNIX)
runtime.connect('/run/haproxy/admin.sock')
runtime.sendall(b'show servers state application\\n')
print(b''.join(iter(lambda: runtime.recv(65536), b'')).decode())
"""
# As quick as a flow may be: what is watched for a minute at a hospital is watched here for as long as a fault needs to show.
STRUCK_SECONDS = 600
QUICK = {"upgrade_soak_seconds": 8, "upgrade_drain_seconds": 30, "upgrade_healthy_seconds": 30}


def prove() -> None:
    """Take a backup and prove it, where none of this lab is proven yet."""
    if at("ops1").run(f"ls {DRILLS}/*.json").rc != 0:
        for verb in ("backup", "drill"):
            run = play(verb)
            assert run.succeeded, run.output[-3000:]


def reach(version: str) -> None:
    """Have a version run on the lab that can be come to from the one that runs."""
    if standing(APPS[0]).version != version:
        run = upgrade(version, upgrade_retry_bad=True)
        assert run.succeeded, run.output[-4000:]
    serves(version)


def approval(version: str, verb: str = "upgrade") -> Path:
    """Have the hospital approve a verb with a release; return the document."""
    folder = Path(tempfile.mkdtemp(prefix="traumalink-approval-"))
    given = {
        "approve_verb": verb,
        "approve_contact": "approver",
        "approve_key": str(LAB / "approval_key"),
        "approve_destination": str(folder),
        "approve_subject_file": str(packed(version)),
        "approve_hours": 2,
    }
    run = play("approve", "-e", json.dumps(given))
    assert run.succeeded, run.output[-3000:]
    (document,) = folder.glob("approval-*.json")
    return document


def words(version: str, verb: str = "upgrade", **given: Any) -> list[str]:
    """Return the arguments of an upgrade to a version, approved unless `operation_approval` says otherwise."""
    if "operation_approval" not in given:
        given["operation_approval"] = str(approval(version, verb))
    variables = {f"{verb}_archive": str(packed(version)), **(QUICK if verb == "upgrade" else {}), **given}
    return ["-e", json.dumps(variables)]


def upgrade(version: str, *, site: dict[str, Any] | None = None, **given: Any) -> Run:
    """Run the upgrade; `site` is what the inventory says besides."""
    return play("upgrade", *words(version, **given), inventories=saying(site or {}, SITE))


def started(version: str, site: dict[str, Any] | None = None, **given: Any) -> subprocess.Popen[str]:
    """Start the upgrade and do not wait for it; its lease is one that a flow can wait out, unless `site` says otherwise."""
    return begun(
        "traumalink.ops.upgrade",
        *words(version, **given),
        inventories=saying(site if site is not None else {"operation_lease_seconds": LEASE_SECONDS}, SITE),
    )


def struck(version: str, reached: str, strike: Callable[[], object], **given: Any) -> Run:
    """Run the upgrade, let something happen as soon as it says that it has reached a step, and return what it came to.

    A version that an earlier flow made BAD is tried again.
    """
    process = started(version, site={}, upgrade_retry_bad=True, **given)
    try:
        output = until(process, reached)
        strike()
        rest, _ = process.communicate(timeout=STRUCK_SECONDS)
    except BaseException:
        kill(process)
        raise
    return Run(process.returncode, output + rest)


@contextlib.contextmanager
def rehearsing(setting: str, value: str) -> Iterator[None]:
    """Have migrations do what a rehearsal asks of them (`trauma.rehearsal`)."""
    sql(f"ALTER DATABASE trauma SET trauma.{setting} = '{value}'")
    try:
        yield
    finally:
        sql(f"ALTER DATABASE trauma RESET trauma.{setting}")


@dataclass(frozen=True)
class Standing:
    """What runs on an app host: version and slot that are current, the one before, which units are active, and what is BAD."""

    version: str
    slot: str
    before: str
    units: frozenset[str]
    bad: frozenset[str]


def standing(host: str) -> Standing:
    """Return what runs on an app host."""
    register = json.loads(at(host).check_output("cat /var/lib/traumalink/trauma/releases.json"))
    listed = at(host).check_output("systemctl list-units --plain --no-legend --state=active,activating 'trauma-*'")
    return Standing(
        register["current"]["version"],
        register["current"]["slot"],
        (register["previous_good"] or {"version": ""})["version"],
        frozenset(line.split()[0].removesuffix(".service") for line in listed.splitlines()),
        frozenset(version for version, entry in register["releases"].items() if entry["bad"]),
    )


def in_service() -> set[str]:
    """Return the servers that HAProxy leads traffic to now."""
    lines = at("edge1").check_output("python3 -c %s", ASK).splitlines()
    header = next(line[1:].split() for line in lines if line.startswith("# "))
    rows = [
        dict(zip(header, line.split(), strict=False))
        for line in lines
        if line and line[0].isdigit() and len(line.split()) > 5
    ]
    return {
        row["srv_name"] for row in rows if not int(row["srv_admin_state"]) & 0b111011 and row["srv_op_state"] == "2"
    }


def configured() -> set[str]:
    """Return the servers that HAProxy's configuration puts into service."""
    lines = at("edge1").check_output("grep '^    server ' /etc/haproxy/haproxy.cfg").splitlines()
    return {line.split()[1] for line in lines if not line.endswith(" disabled")}


def serves(version: str) -> None:
    """See that a version serves on all hosts, and nothing of another: registers, units, singletons, HAProxy as it runs and as it is configured."""
    found = {host: standing(host) for host in APPS}
    assert {each.version for each in found.values()} == {version}, found
    for host, each in found.items():
        wanted = {f"trauma-web@{each.slot}", *([f"trauma-registry-worker@{each.slot}"] if host == APPS[0] else [])}
        assert each.units == wanted, f"{host}: {each.units}"
    servers = {f"{host}-{each.slot}" for host, each in found.items()}
    assert in_service() == servers
    assert configured() == servers


def migrated() -> str:
    """Return the revision that the database is at."""
    return sql("SELECT max(version_num) FROM public.alembic_version", "trauma")
