# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a patching came to, as plain data for its report: before and after by host, what was mended, and what remains (clauses 4.5, 5.8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .record import iso

__all__ = ["PatchFacts", "report_data"]


@dataclass(frozen=True)
class PatchFacts:
    """What a report is made of.

    Attributes:
        plan: the approved plan; sha256: of it. done: host to its result, as the filter patch_host_result returns it.
        after: host to what M(traumalink.ops.pending_updates) returned at the end.
        health_before, health_after: functional modules as M(traumalink.ops.module_health) returned them.
        figures: as in the record. failure: why it stopped, "" where it came to its end.
        tracker: `date` and `sha256` of the security tracker's file that `after` was told by, empty without one.
    """

    plan: Mapping[str, Any]
    sha256: str
    done: Mapping[str, Mapping[str, Any]]
    after: Mapping[str, Mapping[str, Any]]
    health_before: Sequence[Mapping[str, Any]]
    health_after: Sequence[Mapping[str, Any]]
    figures: Mapping[str, Any]
    failure: str = ""
    tracker: Mapping[str, str] = field(default_factory=dict)


def report_data(facts: PatchFacts, site: str, run_id: str, now: datetime) -> dict[str, Any]:
    """Return the report as plain data: what its JSON file holds, and what its pages are made of."""
    hosts = {host: _host(facts, host) for host in facts.plan["hosts"]}
    return {
        "format": "traumalink-patch-report-1",
        "site": site,
        "run_id": run_id,
        "made_at": iso(now),
        "plan_sha256": facts.sha256,
        "planned_at": facts.plan["made_at"],
        "scope": facts.plan["scope"],
        "tracker": dict(facts.tracker) or None,
        "failure": facts.failure,
        "figures": dict(facts.figures),
        "hosts": hosts,
        "mended": _mended(hosts),
        "remaining": {host: each["remaining"] for host, each in hosts.items() if each["remaining"]},
        "health_before": [_module(each) for each in facts.health_before],
        "health_after": [_module(each) for each in facts.health_after],
    }


def _module(health: Mapping[str, Any]) -> dict[str, str]:
    return {"name": str(health["name"]), "status": str(health["status"])}


def _host(facts: PatchFacts, host: str) -> dict[str, Any]:
    planned = facts.plan["hosts"][host]
    after = facts.after.get(host) or planned
    result: Mapping[str, Any] = facts.done.get(host) or {}
    installed = [update for update in planned["updates"] if update["name"] in (result.get("packages") or {})]
    names = {update["name"] for update in installed}
    return {
        "patched": bool(result),
        "sources": _sources(installed),
        "restarted": list(result.get("restarted") or ()),
        "still_outdated": list(result.get("left") or after["restarts"]["services"]),
        "kept_files": list(result.get("kept_files") or ()),
        "reboot_seconds": result.get("reboot_seconds") or 0,
        "reboot_due": list(after["restarts"]["reboot"]),
        "down_seconds": result.get("down_seconds") or 0,
        "versions_before": dict(planned["versions"]),
        "versions_after": dict(after["versions"]),
        "support": list(after["support"]),
        "remaining": _remaining(planned, after, names),
        "known_with_fix": sorted({each["vulnerability"] for each in after["known"] if each["fix_available"]}),
        "known_without_fix": sorted({each["vulnerability"] for each in after["known"] if not each["fix_available"]}),
    }


def _sources(updates: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return updates by their source package."""
    by_source: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for update in updates:
        by_source.setdefault((update["source"], update["installed_source"], update["candidate_source"]), []).append(
            update
        )
    return [
        {
            "source": source,
            "before": before,
            "after": after,
            "security": any(each["security"] for each in group),
            "packages": [each["name"] for each in group],
            "vulnerabilities": sorted({name for each in group for name in each["vulnerabilities"]}),
        }
        for (source, before, after), group in sorted(by_source.items())
    ]


def _remaining(planned: Mapping[str, Any], after: Mapping[str, Any], installed: set[str]) -> list[dict[str, str]]:
    """Return the updates that wait still, each with the reason."""
    waiting = {update["name"]: "not_yet" for update in after["updates"] if update["name"] not in installed}
    waiting |= {update["name"]: "held" for update in after["held"]} | {
        update["name"]: "kept_back" for update in after["kept_back"]
    }
    known = {
        update["name"]: update for key in ("updates", "held", "kept_back") for update in (*planned[key], *after[key])
    }
    return [{"name": name, "candidate": known[name]["candidate"], "why": why} for name, why in sorted(waiting.items())]


def _mended(hosts: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return each vulnerability that the changelog of an installed update names, with source and hosts."""
    found: dict[tuple[str, str], list[str]] = {}
    for host, each in hosts.items():
        for source in each["sources"]:
            for vulnerability in source["vulnerabilities"]:
                found.setdefault((source["source"], vulnerability), []).append(host)
    return [
        {"vulnerability": name, "source": source, "hosts": where} for (source, name), where in sorted(found.items())
    ]
