# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A patch plan as lines for people: what is installed where, what it mends, what is restarted, and what cannot be taken back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["WAY_BACK", "plan_lines"]

WAY_BACK = {
    "glibc": "everything that was started since uses it",
    "kernel": "the one before stays installed; choose it in the boot menu",
    "init": "systemd keeps its state across versions upwards only",
    "dpkg": "it is what would take it back",
    "postgresql": "the server has written with it",
    "no_old_package": "neither mirror nor host has the .deb file of the old version",
    "changed_since": "somebody else has changed it since",
}
HEADINGS = ("host", "source", "installed", "new", "from", "packages", "CVE", "back")
REBOOTS = {
    "never": "no host is rebooted",
    "if_required": "a host is rebooted where it has to be",
    "always": "every host that gets updates is rebooted",
}


def plan_lines(plan: Mapping[str, Any], digest: str) -> list[str]:
    """Return the plan as a table, a line a host and source, and what has to be known beside it."""
    hosts: Mapping[str, Mapping[str, Any]] = plan["hosts"]
    lines = [
        f"Patch plan of {plan['site']}, made {plan['made_at']}: {plan['scope']} updates; {REBOOTS[plan['reboot']]}",
        f"SHA-256 {digest}",
        "",
    ]
    rows = [row for host, each in hosts.items() for row in _rows(host, each)]
    lines += list(_aligned([HEADINGS, *rows])) if rows else ["No update waits on any host."]
    named = {
        each["source"]: each["vulnerabilities"]
        for host in hosts.values()
        for each in host["updates"]
        if each["vulnerabilities"]
    }
    if named:
        lines += [
            "",
            "Named in the changelogs (a changelog may be cut, so what is not named here is not proven absent):",
        ]
        lines += [f"  {source}: {', '.join(vulnerabilities)}" for source, vulnerabilities in sorted(named.items())]
    for host, each in hosts.items():
        lines += [f"{host}: {said}" for said in _notes(each)]
    if plan["tracker"]:
        lines += ["", f"Debian's security tracker as of {plan['tracker']['date']}:"]
        lines += [f"  {host}: {_tracker(each)}" for host, each in hosts.items()]
    return lines


def _rows(host: str, each: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    by_source: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for update in each["updates"]:
        key = (update["source"], update["installed_source"] or "-", update["candidate_source"])
        by_source.setdefault(key, []).append(update)
    for (source, installed, new), updates in by_source.items():
        security = "security" if any(update["security"] for update in updates) else "other"
        known = "" if all(update["changelog"] for update in updates) else "?"
        number = len({name for update in updates for name in update["vulnerabilities"]})
        back = "yes" if not any(stays(update) for update in updates) else "NO"
        yield host, source, installed, new, security, str(len(updates)), f"{number}{known}", back


def stays(update: Mapping[str, Any]) -> str:
    """Return why an update could not be taken back, "" where it could."""
    if not update["installed"]:
        return ""
    return str(update["way_back"] or ("" if update["old_package"] else "no_old_package"))


def _notes(each: Mapping[str, Any]) -> Iterator[str]:
    if not each["security_source"]:
        yield "apt has no security archive of this release among its sources, so nothing here can be called a security update; add it"
    why: dict[str, list[str]] = {}
    for update in each["updates"]:
        if reason := stays(update):
            why.setdefault(reason, []).append(update["name"])
    for reason, names in why.items():
        yield f"cannot be taken back: {', '.join(names)} ({WAY_BACK[reason]})"
    for key, words in (
        ("held", "on hold, not touched"),
        ("kept_back", "kept back, does not fit without removing something"),
    ):
        if each[key]:
            yield f"{words}: {', '.join(update['name'] for update in each[key])}"
    if each["other"]:
        yield f"{len(each['other'])} updates that are no security updates wait too"
    if any(update["step"] == "postgresql" for update in each["updates"]):
        yield "PostgreSQL is restarted for its update; browsers see the maintenance page meanwhile"
    restarts = each["restarts"]
    if not restarts["known"]:
        yield "needrestart is not installed yet, so nobody can say what uses old files; apply installs it"
    if restarts["services"]:
        yield f"use old files already: {', '.join(restarts['services'])}"
    for reason in restarts["reboot"]:
        yield f"needs a reboot already: {reason}"
    for support in each["support"]:
        last = support["extended"] or support["ends"]
        if support["over"]:
            yield f"{support['program']} {support['version']} gets no security updates any more since {last}"
        elif support["extended"] and support["ends"] < support["today"]:
            yield f"{support['program']} {support['version']} has long-term support only, until {last}"


def _tracker(each: Mapping[str, Any]) -> str:
    fixed = [known for known in each["known"] if known["fix_available"]]
    open_ones = [known for known in each["known"] if not known["fix_available"]]
    return f"{len(fixed)} known vulnerabilities with a fix, {len(open_ones)} without one yet"


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
