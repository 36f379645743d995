# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of a backup for its record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from .backup_proof import Proof
from .pgbackrest_sets import Backup

__all__ = ["days_until_full", "figures"]

LEAST_SPAN = timedelta(days=1)  # what grows within hours says nothing of days


def figures(backup: Backup, proof: Proof, earlier: Mapping[str, Proof]) -> dict[str, int | float | str]:
    """Return the figures of a set that was proven: numbers and texts, with their unit in the name.

    Args:
        earlier: proofs of the sets before it, by label; they tell how the repository fills.
    """
    tables = [table for content in proof.content for table in content.tables.values()]
    days = days_until_full(proof, earlier)
    return {
        **{name: value for name, value in backup.facts().items() if value is not None},
        "canary_during_lsn": proof.during.lsn,
        "canary_after_lsn": proof.after.lsn,
        "proven_to": proof.proven_to,
        "content_lsn": max((content.lsn for content in proof.content), default=""),
        "content_databases": len(proof.content),
        "content_tables": len(tables),
        "content_rows": sum(table.rows for table in tables),
        "repository_free_bytes": proof.repository_free_bytes,
        **({} if days is None else {"days_until_full": days}),
    }


def days_until_full(proof: Proof, earlier: Mapping[str, Proof]) -> float | None:
    """Return in how many days the repository is full, as it has filled since the oldest proof; None where it does not, or nobody can tell yet."""
    known = [
        old for old in earlier.values() if old.repository_free_bytes and old.taken_at <= proof.taken_at - LEAST_SPAN
    ]
    if not known:
        return None
    oldest = min(known, key=lambda old: old.taken_at)
    filled = oldest.repository_free_bytes - proof.repository_free_bytes
    if filled <= 0:
        return None
    return round(proof.repository_free_bytes / filled * ((proof.taken_at - oldest.taken_at) / timedelta(days=1)), 1)
