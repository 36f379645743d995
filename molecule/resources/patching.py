"""What the flows of patching share: hosts of the base suite to which the security archive is added, plans, approvals, and what is installed."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from flows import LAB, Run, at, play
from operations import LEASE_SECONDS, SITE, begun, saying

HOSTS = ("edge1", "app1", "app2", "db1", "ops1")
SECURITY = "/etc/apt/sources.list.d/security.list"
# As quick as a flow may be. A container's boot id is its machine's, so its first process tells one start from the next.
QUICK = {
    "patch_soak_seconds": 8, "patch_drain_seconds": 30, "patch_healthy_seconds": 60, "patch_rollback_seconds": 60, "patch_reboot_seconds": 180,
    "patch_reboot_command": "systemctl reboot",  # the lab's hosts have no logind, which shutdown asks
    "patch_reboot_time_command": "systemctl show --property=UserspaceTimestampMonotonic --property=UserspaceTimestamp --value",
}  # fmt: skip


def add_security(host: str) -> None:
    """Give a host of the base suite Debian's security archive of the same mirror."""
    (line,) = re.findall(r"^deb (\S+?)/debian/? (\S+) main", at(host).check_output("cat /etc/apt/sources.list"), re.M)
    mirror, codename = line
    text = f"deb {mirror}/debian-security {codename}-security main"
    at(host).check_output("echo %s > %s && apt-get -qq update", text, SECURITY)


def plan(file: Path, **given: Any) -> Run:
    """Make a plan."""
    return play("patch", "-e", json.dumps({"patch_plan": str(file), **given}))


def approved(file: Path) -> str:
    """Have the hospital approve a plan; return the document."""
    folder = Path(tempfile.mkdtemp(prefix="traumalink-approval-"))
    given = {
        "approve_verb": "patch", "approve_contact": "approver", "approve_key": str(LAB / "approval_key"), "approve_destination": str(folder),
        "approve_subject_file": str(file), "approve_hours": 2,
    }  # fmt: skip
    run = play("approve", "-e", json.dumps(given))
    assert run.succeeded, run.output[-3000:]
    (document,) = folder.glob("approval-*.json")
    return str(document)


def words(file: Path, **given: Any) -> list[str]:
    """Return the arguments that apply a plan, approved unless `operation_approval` says otherwise."""
    if "operation_approval" not in given:
        given["operation_approval"] = approved(file)
    return ["-e", json.dumps({"patch_phase": "apply", "patch_plan": str(file), **QUICK, **given})]


def apply(file: Path, **given: Any) -> Run:
    """Apply a plan."""
    return play("patch", *words(file, **given))


def started(file: Path, **given: Any) -> subprocess.Popen[str]:
    """Begin to apply a plan and do not wait for it; its lease is one that a flow can wait out."""
    return begun(
        "traumalink.ops.patch",
        *words(file, **given),
        inventories=saying({"operation_lease_seconds": LEASE_SECONDS}, SITE),
    )


def versions(host: str, updates: list[dict[str, Any]]) -> dict[str, str]:
    """Return which versions of a plan's packages a host has."""
    names = " ".join(update["name"] for update in updates)
    lines = at(host).run(f"dpkg-query -W -f '${{Package}} ${{Version}}\\n' {names}").stdout.splitlines()
    return dict(line.split(" ", 1) for line in lines if " " in line)


def named_by_hand(host: str, update: dict[str, Any]) -> set[str]:
    """Return the CVE ids that a person finds in a package's changelog with Debian's own tools, between the installed and the new version."""
    name, version = update["name"], update["candidate"].replace(":", "%3a")
    file = f"/var/cache/apt/archives/{name}_{version}_{update['architecture']}.deb"
    show = f"dpkg-deb --fsys-tarfile '{file}' | tar -xO --wildcards './usr/share/doc/{name}/changelog*' 2>/dev/null | zcat -f"
    newer = f"awk '/^[^ ]/ && index($0, \"({update['installed_source']})\") {{exit}} {{print}}'"
    return set(at(host).run(f"{show} | LC_ALL=C {newer} | grep -aoE 'CVE-[0-9]{{4}}-[0-9]{{4,}}'").stdout.split())
