# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of the backups as Prometheus reads it (exposition formats, text format 0.0.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from .backup_status import Facts, newest_proven
from .finding import SEVERITIES, Finding

__all__ = ["metrics_text"]

PREFIX = "traumalink_backup"


def metrics_text(site: str, facts: Facts, found: Iterable[Finding]) -> str:
    """Return the metrics of a site. Times are seconds since 1970, so that age is judged where the alarm is raised, also when nothing new comes."""
    found = list(found)
    newest = newest_proven(facts)
    good = [drill.last_success for drill in facts.drills.values() if drill.last_success]
    lines: list[str] = []

    def metric(
        name: str,
        help_text: str,
        samples: Sequence[tuple[Mapping[str, str], float]],
    ) -> None:
        lines.extend([f"# HELP {PREFIX}_{name} {help_text}", f"# TYPE {PREFIX}_{name} gauge"])
        lines.extend(f"{PREFIX}_{name}{labels({'site': site, **own})} {number(value)}" for own, value in samples)

    def moment(name: str, help_text: str, at: datetime | None) -> None:
        metric(f"{name}_timestamp_seconds", help_text, [({}, at.timestamp())] if at else [])

    moment("checked", "When this was looked at.", facts.now)
    moment("last_success", "When the newest backup that counts had been proven.", newest.taken_at if newest else None)
    moment("last_wal", "When the newest WAL segment came into the repository.", facts.archived_at)
    moment("last_drill", "When a drill last brought a backup back well.", max(good, default=None))
    second = facts.second.verified_at if facts.second else None
    moment("second_last_success", "When a set was last seen in the second repository with all its WAL.", second)
    taken = [({"host": host}, proof.taken_at.timestamp()) for host, proof in sorted(facts.file_proofs.items())]
    metric(
        "files_last_success_timestamp_seconds", "When the newest backup of a host's files that counts was taken.", taken
    )
    brought = [
        ({"host": host}, drill.drilled_at.timestamp())
        for host, drill in sorted(facts.file_drills.items())
        if drill.outcome == "success"
    ]
    metric("files_last_drill_timestamp_seconds", "When a drill last brought a host's files back well.", brought)
    metric("sets", "Sets in the repository.", [({}, len(facts.sets))])
    unproven = sum(backup.label not in facts.proofs for backup in facts.sets)
    metric("unproven_sets", "Sets of which nothing is proven.", [({}, unproven)])
    gaps = {gap for way in facts.continuity for gap in way.gaps}
    metric("missing_wal_segments", "WAL segments that are missing.", [({}, sum(gap.count for gap in gaps))])
    metric("repository_free_bytes", "Free space of the repository.", [({}, facts.free_bytes)])
    days = facts.days_until_full
    metric("repository_full_days", "Days until the repository is full.", [] if days is None else [({}, days)])
    ends = [({"certificate": each.name}, each.ends_at.timestamp()) for each in facts.certificates if each.ends_at]
    metric("certificate_end_timestamp_seconds", "When a certificate ends.", ends)
    count = [
        ({"severity": severity}, float(sum(each.severity == severity for each in found))) for severity in SEVERITIES
    ]
    metric("findings", "Findings by severity.", count)
    codes = sorted({(each.code, each.severity) for each in found})
    metric(
        "finding",
        "1 for each kind of finding that there is.",
        [({"code": code, "severity": severity}, 1.0) for code, severity in codes],
    )
    return "\n".join(lines) + "\n"


def labels(own: Mapping[str, str]) -> str:
    """Return labels as the format wants them escaped."""
    escaped = {
        name: value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for name, value in own.items()
    }
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped.items()) + "}"


def number(value: float) -> str:
    """Return a number without a needless fraction."""
    return str(int(value)) if value == int(value) else repr(float(value))
