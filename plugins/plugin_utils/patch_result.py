# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a patching came to: of one host as its steps told it, and of the whole site for its record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["host_result", "patch_figures"]

# The steps of a host in the order in which they run, by the names under which the role patch keeps their answers.
STEPS = ("engine", "installed", "restarted", "database_installed", "database_restarted", "rebooted", "after_reboot")


def host_result(answers: Mapping[str, Mapping[str, Any]], reboot_interrupts: bool) -> dict[str, Any]:
    """Return what was done to a host.

    Args:
        answers: by step what its module answered; a step that was left out has no answer, or one that says it was skipped.
        reboot_interrupts: whether a reboot takes away what browsers need, so that its seconds count as time without an answer.
    """
    done = {step: answers.get(step) or {} for step in STEPS}
    ran = {step: {} if answer.get("skipped") else answer for step, answer in done.items()}
    reboot = float(ran["rebooted"].get("elapsed") or 0)
    down = sum(float(answer.get("down_seconds") or 0) for answer in ran.values())
    return {
        "packages": {
            name: versions for answer in ran.values() for name, versions in (answer.get("packages") or {}).items()
        },
        "kept_files": [path for answer in ran.values() for path in answer.get("kept_files") or ()],
        "restarted": [unit for answer in ran.values() for unit in answer.get("restarted") or ()],
        "left": next((list(answer["left"]) for answer in reversed(list(ran.values())) if "left" in answer), []),
        "reboot_seconds": reboot,
        "down_seconds": round(down + (reboot if reboot_interrupts else 0), 1),
    }


def patch_figures(
    done: Mapping[str, Mapping[str, Any]],
    compared: Mapping[str, Any],
    traffic: Mapping[str, Any],
) -> dict[str, int | float | str]:
    """Return the figures for the record.

    Args:
        done: host to its `host_result`.
        compared: `plan`, `sha256` and `waiting` (hosts on which something was left to install) as M(traumalink.ops.patch_plan) returned them.
        traffic: what HAProxy counted meanwhile.
    """
    hosts: Mapping[str, Mapping[str, Any]] = compared["plan"]["hosts"]
    named = {
        vulnerability
        for host, result in done.items()
        for update in hosts[host]["updates"]
        if update["name"] in result["packages"]
        for vulnerability in update["vulnerabilities"]
    }
    return {
        "plan_sha256": compared["sha256"],
        "hosts_patched": ", ".join(done),
        "hosts_left": ", ".join(host for host in compared["waiting"] if host not in done),
        "packages": sum(len(result["packages"]) for result in done.values()),
        "vulnerabilities_named": len(named),
        "reboots": sum(result["reboot_seconds"] > 0 for result in done.values()),
        "down_seconds": round(sum(result["down_seconds"] for result in done.values()), 1),
        **traffic,
    }
