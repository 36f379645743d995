# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A patch plan: what would be installed on all hosts of a site, as one canonical text whose SHA-256 the approval names, and how two plans differ."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.pending_updates import STEPS
from ansible_collections.traumalink.ops.plugins.module_utils.record import canonical, iso

__all__ = ["FORMAT", "PlanError", "differences", "new_plan", "order", "plan_text", "read_plan", "remaining", "sha256"]

FORMAT = "traumalink-patch-plan-1"
Host = Mapping[str, Any]  # what M(traumalink.ops.pending_updates) returns of one


class PlanError(OpsError):
    """There is no plan that can be followed."""


def new_plan(
    site: str, hosts: Mapping[str, Host], settings: Mapping[str, Any], tracker: Mapping[str, str] | None, now: datetime
) -> dict[str, Any]:
    """Return a plan as plain data.

    Args:
        settings: what the approval is for beside the packages: `scope`, `reboot`.
        tracker: `date` and `sha256` of the security tracker's file, None without one.

    Raises:
        PlanError: packages of a host are half-configured, so that nobody can say what waits there.
    """
    if broken := {host: each["broken"] for host, each in hosts.items() if each["broken"]}:
        said = "; ".join(f"{host}: {' '.join(words)}" for host, words in broken.items())
        raise PlanError(
            f"Packages are half-configured, so nothing can be planned. {said}. Run dpkg --configure -a there, then plan again"
        )
    return {
        "format": FORMAT,
        "site": site,
        "made_at": iso(now),
        **settings,
        "tracker": dict(tracker) if tracker else None,
        "hosts": {host: dict(each) for host, each in hosts.items()},
    }


def plan_text(plan: Mapping[str, Any]) -> str:
    """Return the one text of a plan."""
    return canonical(plan) + "\n"


def sha256(text: str) -> str:
    """Return what an approval names."""
    return hashlib.sha256(text.encode()).hexdigest()


def plan_figures(plan: Mapping[str, Any], digest: str) -> dict[str, int | str]:
    """Return the figures of a plan for its record."""
    updates = [update for host in plan["hosts"].values() for update in host["updates"]]
    return {
        "plan_sha256": digest,
        "hosts": len(plan["hosts"]),
        "updates": len(updates),
        "security_updates": sum(bool(update["security"]) for update in updates),
        "vulnerabilities_named": len({name for update in updates for name in update["vulnerabilities"]}),
    }


def read_plan(path: Path, site: str) -> dict[str, Any]:
    """Return the plan of a file.

    Raises:
        PlanError: it cannot be read, is none, or is another site's.
    """
    try:
        text = path.read_text(encoding="utf-8")
        plan = json.loads(text)
        if plan["format"] != FORMAT or plan_text(plan) != text:
            raise ValueError("it was changed or has another format")
    except OSError as error:
        raise PlanError(
            f"patch_plan {path} cannot be read ({error.strerror}); make one with patch_phase=plan"
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise PlanError(
            f"patch_plan {path} is no patch plan ({error}); take the file as patch_phase=plan has written it"
        ) from None
    if plan["site"] != site:
        raise PlanError(
            f"patch_plan {path} is of {plan['site']}, this is {site}; make one for this site with patch_phase=plan"
        )
    found: dict[str, Any] = plan
    return found


def by_name(host: Host) -> dict[str, Mapping[str, Any]]:
    """Return a host's updates by their package's name."""
    return {str(update["name"]): update for update in host["updates"]}


def remaining(approved: Host, now: Host) -> dict[str, list[dict[str, str]]]:
    """Return the approved updates of a host that are not installed yet, by step, as M(traumalink.ops.package_updates) takes them."""
    waiting = by_name(now)
    left = [update for update in approved["updates"] if update["name"] in waiting]
    return {step: [_change(update) for update in left if update["step"] == step] for step in STEPS}


def _change(update: Mapping[str, Any]) -> dict[str, str]:
    return {name: update[name] for name in ("name", "architecture", "installed", "candidate", "way_back")}


def order(left: Mapping[str, Mapping[str, Sequence[object]]], groups: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return in which order hosts are patched: `apps`, one after another, the first of them as `canary`; `repository`, both ends of the backup engine
    together; `others`, one after another: the database, what serves browsers, and last the host that keeps the record.

    Args:
        left: host and step to what is still to be installed. groups: the site's hosts by group.
    """
    first = [host for name in ("app", "db", "edge", "ops") for host in groups[name]]
    last = {host: name for name in ("app", "db", "edge", "ops") for host in groups[name]}
    alone = [
        host
        for host in dict.fromkeys(first)
        if left.get(host, {}).get("system") or left.get(host, {}).get("postgresql")
    ]
    apps = [host for host in alone if last[host] == "app"]
    return {
        "apps": apps,
        "canary": apps[0] if apps else "",
        "repository": [host for host in dict.fromkeys(first) if left.get(host, {}).get("pgbackrest")],
        "others": [host for name in ("db", "edge", "ops") for host in alone if last[host] == name],
    }


def differences(approved: Mapping[str, Any], hosts: Mapping[str, Host]) -> list[str]:
    """Return in which points a site is not what the approved plan is about; none where the plan can be followed.

    What was installed since, exactly as approved, is no difference: a patching that stopped half-way goes on.

    Args:
        hosts: what is there now; each with `packages`, the versions of the packages that the plan names.
    """
    planned: Mapping[str, Host] = approved["hosts"]
    found = [f"{host} is not in the plan" for host in sorted(hosts.keys() - planned.keys())]
    for host in sorted(hosts.keys() & planned.keys()):
        if hosts[host]["broken"]:
            continue  # completed first, then looked at again
        found += [f"{host}: {each}" for each in _of_host(planned[host], hosts[host])]
    return found


def _of_host(approved: Host, now: Host) -> Sequence[str]:
    planned, waiting, installed = by_name(approved), by_name(now), now["packages"]
    found = []
    for name in sorted(planned.keys() | waiting.keys()):
        plan, there = planned.get(name), waiting.get(name)
        if plan is None and there is not None:
            found.append(f"{name} {there['installed'] or 'not installed'} → {there['candidate']} was not in the plan")
        elif plan is not None and there is not None:
            if (there["installed"], there["candidate"]) != (plan["installed"], plan["candidate"]):
                found.append(
                    f"{name} would go {there['installed'] or 'not installed'} → {there['candidate']}, approved was "
                    f"{plan['installed'] or 'not installed'} → {plan['candidate']}"
                )
        elif plan is not None and installed.get(name, "") != plan["candidate"]:
            is_there = installed.get(name) or "not installed"
            found.append(f"{name} {plan['candidate']} is not offered any more, {is_there} is there")
    return found
