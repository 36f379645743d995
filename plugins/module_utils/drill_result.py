# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of a drill: kept on ops beside the proofs of the backups, and what of the backups is proven by it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from .errors import OpsError
from .files import TextFile, write_text

__all__ = [
    "FAILED",
    "SUCCESS",
    "Check",
    "DrillResult",
    "ResultError",
    "Standing",
    "parse_result",
    "read_results",
    "standing",
    "write_result",
]

SUCCESS, FAILED = "success", "failed"
MODE = 0o640  # as the proofs


class ResultError(OpsError):
    """A file is no result of a drill."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: detail says what, or what is wrong with it."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True)
class DrillResult:
    """How a drill ended.

    Attributes:
        label: the set; drilled_at: when the drill began, aware, UTC.
        outcome: `success` or `failed`; reason: all that failed, "" where nothing did.
        seconds: from the begin of the restore until the server takes connections at the end of the WAL (RTO), without the comparisons between; 0
            where it did not come so far.
        proof_compared: whether the content was compared with what was seen when the set was taken.
        succeeded_before: when a drill that a failed one followed brought the set back well; None where none did.
    """

    label: str
    drilled_at: datetime
    outcome: str
    reason: str
    seconds: float
    checks: tuple[Check, ...] = field(default_factory=tuple)
    proof_compared: bool = False
    succeeded_before: datetime | None = None

    @property
    def last_success(self) -> datetime | None:
        """When a drill last brought the set back well; a later one may have failed, for want of room in the scratch area as well."""
        return self.drilled_at if self.outcome == SUCCESS else self.succeeded_before

    def facts(self) -> dict[str, Any]:
        """Return the result as plain data."""
        return {
            **asdict(self),
            "checks": [asdict(check) for check in self.checks],
            "drilled_at": time_text(self.drilled_at),
            "succeeded_before": self.succeeded_before and time_text(self.succeeded_before),
        }


@dataclass(frozen=True)
class Standing:
    """What the drills say of the backups.

    Attributes:
        proven: labels of the sets that came back well within the age that a drill may have.
        last_success, last_failure: the newest results of each kind.
        unproven: why the site's backups count as unproven, "" where they are proven.
    """

    proven: frozenset[str]
    last_success: DrillResult | None
    last_failure: DrillResult | None
    unproven: str


def write_result(result: DrillResult, folder: Path, owner: str) -> Path:
    """Keep a result durably in place of an earlier one of the same set, of which the last success is kept; return its file."""
    earlier = read_results(folder).get(result.label)
    if result.outcome != SUCCESS and earlier is not None:
        result = replace(result, succeeded_before=earlier.last_success)
    text = json.dumps(result.facts(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    path = folder / f"{result.label}.json"
    write_text(TextFile(path, text, owner, MODE))
    return path


def parse_result(text: str) -> DrillResult:
    """Return the result that a text describes.

    Raises:
        ResultError: it describes none.
    """
    try:
        plain: dict[str, Any] = json.loads(text)
        checks = tuple(Check(**check) for check in plain.pop("checks"))
        drilled_at = datetime.fromisoformat(plain.pop("drilled_at")).astimezone(UTC)
        before = plain.pop("succeeded_before", None)  # results of earlier versions have none
        succeeded_before = datetime.fromisoformat(before).astimezone(UTC) if before else None
        return DrillResult(checks=checks, drilled_at=drilled_at, succeeded_before=succeeded_before, **plain)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ResultError(f"is no result of a drill ({error!r}): {text[:80]!r}") from None


def time_text(at: datetime) -> str:
    """Return a time as it stands in a result's file."""
    return at.astimezone(UTC).isoformat(timespec="seconds")


def read_results(folder: Path) -> dict[str, DrillResult]:
    """Return the results that can be read, by label. A damaged one proves nothing, so it is left out."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        try:
            result = parse_result(path.read_text(encoding="utf-8", errors="replace"))
        except (OSError, ResultError):
            continue
        found[result.label] = result
    return found


def standing(results: Mapping[str, DrillResult], now: datetime, max_age: timedelta) -> Standing:
    """Tell what of the backups is proven.

    Issue C, "Drill": a backup without a drill within that age is unproven. Not every set is drilled; the newest drill stands for the way in which all
    are taken, as long as it is young enough and no later one has failed.
    """
    ordered = sorted(results.values(), key=lambda result: result.drilled_at)
    success = next((result for result in reversed(ordered) if result.outcome == SUCCESS), None)
    failure = next((result for result in reversed(ordered) if result.outcome != SUCCESS), None)
    proven = frozenset(
        result.label for result in ordered if result.outcome == SUCCESS and now - result.drilled_at <= max_age
    )
    return Standing(proven, success, failure, why_unproven(success, failure, now, max_age))


def why_unproven(success: DrillResult | None, failure: DrillResult | None, now: datetime, max_age: timedelta) -> str:
    """Say why the backups count as unproven, "" where they are proven."""
    if failure and (success is None or failure.drilled_at > success.drilled_at):
        return f"the drill of backup {failure.label} on {failure.drilled_at:%Y-%m-%d} failed: {failure.reason}"
    if success is None:
        return "no drill has brought a backup back yet; run traumalink.ops.drill"
    if now - success.drilled_at > max_age:
        age = (now - success.drilled_at).days
        return f"the last drill (backup {success.label}) was {age} days ago, {max_age.days} at most are agreed; run traumalink.ops.drill"
    return ""
