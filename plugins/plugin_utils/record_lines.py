# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records as lines for a person: when, what, how it ended, who, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

__all__ = ["record_lines"]


def record_lines(records: Sequence[Mapping[str, Any]], time_zone: str) -> list[str]:
    """Return a line for each record, times in `time_zone`.

    Raises:
        ValueError: there is no such time zone.
    """
    try:
        zone = ZoneInfo(time_zone)
    except (KeyError, OSError, ValueError):
        raise ValueError(f"time zone {time_zone!r} is not known; write one such as Asia/Shanghai") from None
    return [line_of(record, zone) for record in records] or ["no record is like that"]


def by_hand_words(by_hand: Mapping[str, Any], zone: ZoneInfo) -> str:
    """Return work that was done by hand: what, when, its words, and who says so."""
    occurred = datetime.fromisoformat(by_hand["occurred_at"]).astimezone(zone)
    summary = " / ".join(filter(None, (by_hand["summary_zh"], by_hand["summary_en"])))
    return f"{by_hand['kind']} of {occurred:%Y-%m-%d %H:%M}: {summary} ({by_hand['entered_by']})"


def line_of(record: Mapping[str, Any], zone: ZoneInfo) -> str:
    """Return one record as a line."""
    started = datetime.fromisoformat(record["started_at"])
    seconds = (datetime.fromisoformat(record["ended_at"]) - started).total_seconds() if record["ended_at"] else None
    words = [
        f"{started.astimezone(zone):%Y-%m-%d %H:%M}",
        f"{record['verb']:<12}",
        f"{record['outcome'] or 'open':<11}",
        f"{'' if seconds is None else f'{seconds:.0f} s':>8}",
        record["run_id"],
        record["actor"],
        "rehearsal" if record["rehearsal"] else "",
        f"emergency: {record['emergency']['reason']}" if record["emergency"] else "",
        by_hand_words(record["by_hand"], zone) if record["by_hand"] else "",
        record["reason"],
    ]
    return "  ".join(filter(None, words))
