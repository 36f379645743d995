# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kind of upgrade a release asks for, by the migrations of it that are pending: only the application, an expanding one, or one with downtime."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["UpgradeKind", "upgrade_kind"]


@dataclass(frozen=True)
class UpgradeKind:
    """What an upgrade does to the database.

    Attributes:
        kind: `app-only`, `expand` (the version before lives with it), or `breaking` (with downtime).
        apply: ids of the migrations that the upgrade applies, in the manifest's order.
        left: ids of the contract migrations that traumalink.ops.finalize applies later.
        expected_seconds: how long the vendor expects what is applied to take.
        problems: what speaks against it, each with what to do.
    """

    kind: str
    apply: tuple[str, ...]
    left: tuple[str, ...]
    expected_seconds: float
    problems: tuple[str, ...] = ()


def upgrade_kind(migrations: Sequence[Mapping[str, Any]], pending: Collection[str]) -> UpgradeKind:
    """Judge the migrations of a release.

    Args:
        migrations: those of the manifest, in its order, each with `id`, `kind` and `expected_seconds`.
        pending: ids of those that are pending, as M(traumalink.ops.release_migrations) returns them.
    """
    waiting = [entry for entry in migrations if entry["id"] in pending]
    applied = [entry for entry in waiting if entry["kind"] != "contract"]
    kinds = {entry["kind"] for entry in applied}
    return UpgradeKind(
        kind="breaking" if "breaking" in kinds else "expand" if kinds else "app-only",
        apply=tuple(entry["id"] for entry in applied),
        left=tuple(entry["id"] for entry in waiting if entry["kind"] == "contract"),
        expected_seconds=sum(float(entry.get("expected_seconds", 0)) for entry in applied),
        problems=tuple(_out_of_order(waiting)),
    )


def _out_of_order(waiting: Sequence[Mapping[str, Any]]) -> list[str]:
    """Tell of contract migrations before others: whoever applies a later one may apply them with it, and so end the way back."""
    for place, entry in enumerate(waiting):
        later = [other["id"] for other in waiting[place + 1 :] if other["kind"] != "contract"]
        if entry["kind"] == "contract" and later:
            return [
                f"The contract migration {entry['id']} is pending and stands before {', '.join(later)} in the manifest, and migrations are applied in "
                "order. Finalize the version that runs first (traumalink.ops.finalize); where it has no such migration, have the vendor put it last."
            ]
    return []
