"""What the flows of operations share: a small verb, contracts of any make, and what the ledger says afterwards."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ansible_collections.traumalink.ops.plugins.plugin_utils.forced_variables import OF_THE_SITE
from flows import LAB, ROOT, Run, at, play

VERB = ROOT / "molecule" / "operation" / "resources" / "verb.yml"
SITE = (ROOT / "inventories" / "lab", LAB / "inventory")
HOSTS = ("app1", "db1", "ops1")
LEASE_SECONDS = 20  # as short as a machine that carries more than two labs renews in time
FILE = "/var/lib/traumalink-ledger/ledger.sqlite"
RECORDS = f"""
import json, sqlite3
rows = sqlite3.connect("file:{FILE}?mode=ro", uri=True).execute("SELECT body FROM entry ORDER BY sequence").fetchall()
print(json.dumps([json.loads(row[0]) for row in rows]))
"""
CONTACT = {
    "id": "approver", "name": {"zh": "审批人", "en": "Approver"}, "side": "hospital", "roles": ["approver"], "phone": "010-5550-0100",
}  # fmt: skip


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def contract(opens_in: timedelta = timedelta(hours=-1), lasts: str = "2h", **changes: Any) -> dict[str, Any]:
    """Return a contract with one window that opens so long from now (by UTC's clock)."""
    key = LAB / "approval_key.pub"
    public = " ".join(key.read_text(encoding="utf-8").split()[:2])
    return {
        "id": "flows",
        "title": {"zh": "测试", "en": "Flows"},
        "timezone": "UTC",
        "calendar": {"country": "CN", "always_safe": "01:00-04:00"},
        "working_hours": {"workday": [], "restday": []},
        "windows": [
            {"name": "flow", "days": "any", "start": f"{now() + opens_in:%H:%M}", "duration": lasts, "cutoff": "5m"}
        ],
        "contacts": [{**CONTACT, "signing_keys": [public]}],
        **changes,
    }


def told_apart(variables: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a person gives with -e, and what the site's inventory says; with a lease that a test can wait out."""
    site = {name: value for name, value in variables.items() if name in OF_THE_SITE}
    return {name: variables[name] for name in variables.keys() - site.keys()}, {
        "operation_lease_seconds": LEASE_SECONDS,
        **site,
    }


def saying(site: dict[str, Any], inventories: tuple[Path, ...]) -> tuple[Path, ...]:
    """Return the inventories with one more behind them, which says what holds for the site; it stays until the tests end."""
    folder = Path(tempfile.mkdtemp(prefix="traumalink-flow-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "group_vars").mkdir()
    (folder / "group_vars" / "all.json").write_text(json.dumps(site), encoding="utf-8")
    (folder / "hosts.yml").write_text("all: {}\n", encoding="utf-8")
    return *inventories, folder


def verb(*extra: str, inventories: tuple[Path, ...] = SITE, **variables: Any) -> Run:
    """Run the small verb."""
    given, site = told_apart(variables)
    return play(VERB, "-e", json.dumps(given), *extra, inventories=saying(site, inventories))


def begun(playbook: str, *arguments: str, inventories: tuple[Path, ...] = SITE) -> subprocess.Popen[str]:
    """Start a playbook and do not wait for it; it leads a process group of its own, as in a terminal."""
    argv = ["ansible-playbook", playbook, *(f"--inventory={place}" for place in inventories), *arguments]
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
        "PYTHONUNBUFFERED": "1",
    }
    environment.pop("ANSIBLE_FORCE_COLOR", None)
    return subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, start_new_session=True
    )


def started(**variables: Any) -> subprocess.Popen[str]:
    """Start the small verb and do not wait for it."""
    given, site = told_apart(variables)
    return begun(str(VERB), "-e", json.dumps(given), inventories=saying(site, SITE))


def descendants(process: int) -> list[int]:
    """Return the process ids of a process's children and theirs: each worker of Ansible leads a session of its own."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process)], capture_output=True, text=True, check=False)
    children = [int(word) for word in found.stdout.split()]
    return children + [child for parent in children for child in descendants(parent)]


def kill(process: subprocess.Popen[str]) -> None:
    """Kill the controller at once with all that it has started; the keeper of the lease notices by itself."""
    victims = [process.pid, *descendants(process.pid)]  # before the first dies, and its children are nobody's
    for victim in victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
    process.wait()


def until(process: subprocess.Popen[str], text: str) -> str:
    """Read a process's output up to a line that holds a text; return what was read."""
    assert process.stdout is not None
    read = ""
    for line in process.stdout:
        read += line
        if text in line:
            return read
    raise AssertionError(f"{text!r} never came: {read[-3000:]}")


def entries() -> list[dict[str, Any]]:
    """Return every entry of the ledger, oldest first."""
    found: list[dict[str, Any]] = json.loads(at("ops1").check_output("python3 -c %s", RECORDS))
    return found


def last_record() -> dict[str, Any]:
    """Return the newest record."""
    record: dict[str, Any] = entries()[-1]["record"]
    return record


def marks() -> set[str]:
    """Return what stands in the file that the verb changes, on all hosts."""
    return {at(host).check_output("cat /var/lib/flow_mark") for host in HOSTS}


def leases() -> int:
    """Count the operations that hold a lease."""
    count = f"import sqlite3; print(sqlite3.connect('file:{FILE}?mode=ro', uri=True).execute('SELECT count(*) FROM lease').fetchone()[0])"
    return int(at("ops1").check_output("python3 -c %s", count))


def verify() -> subprocess.CompletedProcess[str]:
    """Verify the chain against the heads that the witness has seen."""
    lines = at("edge1").check_output("cat /var/lib/traumalink-witness/lab.jsonl").splitlines()
    heads = [{name: json.loads(line)[name] for name in ("sequence", "hash")} for line in lines]
    given = json.dumps({"state": "verified", "heads": heads})
    return subprocess.run(
        ["ansible", "ops1", "-b", "-m", "traumalink.ops.ledger", "-a", given],
        capture_output=True,
        text=True,
        check=False,
    )


def chain_is_whole() -> None:
    """See that the ledger verifies against what the witness has seen."""
    done = verify()
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr


def refused(run: Run, message: str) -> None:
    """See that a run was refused with a message, changed nothing, and left a record that says so."""
    assert run.status != 0
    assert run.says(message), run.output[-3000:]
    assert run.changed == {}
    assert last_record()["outcome"] == "refused"


def wait_for(what: Any, seconds: float = 60.0) -> None:
    """Wait until a question is answered with yes."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.3)
