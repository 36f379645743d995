# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs by itself, and when: the one place that says so, derived from the contract; AWX's schedules (and timers, where AWX is not) only write it down.

A verb runs as often as the collection needs it (FLOOR), or more often where an obligation of the contract asks for that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import jmespath
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import Contract
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract_obligations import Count, Every
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract_values import WEEKDAYS
from jmespath.exceptions import JMESPathError

__all__ = ["Appointment", "Daily", "Monthly", "Rhythm", "Weekly", "timetable"]

SUNDAY = WEEKDAYS[6]


@dataclass(frozen=True)
class Daily:
    """Each day, but for some weekdays."""

    but: tuple[str, ...] = ()


@dataclass(frozen=True)
class Weekly:
    """Once a week, on one weekday."""

    weekday: str = SUNDAY


@dataclass(frozen=True)
class Monthly:
    """In every `months`th month from January on: on its first day or, where there are `places`, on its first (1), second (2) … such weekday."""

    months: int = 1
    places: tuple[int, ...] = ()
    weekday: str = SUNDAY


Rhythm = Daily | Weekly | Monthly


@dataclass(frozen=True)
class Appointment:
    """One thing that runs by itself.

    Attributes:
        name: one word, of this appointment alone.
        verb: the playbook's name.
        at: when, by the site's clock.
        why: clauses and rules that ask for it, in English, for people.
        answers: what the playbook is told, by variable.
    """

    name: str
    verb: str
    rhythm: Rhythm
    at: time
    why: str
    answers: Mapping[str, str] = field(default_factory=dict)


# What can run without a person: nothing of it disturbs the hospital, and nobody has to choose. How long after the night's backup, so that what looks at
# it comes behind it (docs/backup.md, "What starts it").
AFTER_BACKUP = {
    "backup": timedelta(0),
    "backup_files": timedelta(hours=1),
    "drill": timedelta(hours=2),
    "backup_check": timedelta(hours=5),
    "ledger": timedelta(hours=5, minutes=30),
    "inspect": timedelta(hours=6),
    "report": timedelta(hours=6, minutes=30),
    "compliance": timedelta(hours=7),
}
ANSWERS = {"backup": {"backup_type": "auto"}, "ledger": {"ledger_action": "verify"}}
# First Sundays can lie 35 days apart, and the check of the backups finds fault with a drill of more than 31 (drill_max_age_days): so two a month.
TWICE = Monthly(places=(1, 3))
FLOOR: Mapping[str, tuple[Rhythm, str]] = {
    "backup": (Daily(), "clause 4.6: a backup every day"),
    "backup_files": (Daily(), "clause 4.6: as often as the database"),
    "backup_check": (Monthly(), "clause 4.6: the report of the month before"),
    "drill": (TWICE, "a backup counts when it was seen to come back, within a month"),
}
# Rhythms with how often a year they come at least, the rarest first; a period of an obligation lies wholly within one of its own name.
RHYTHMS: tuple[tuple[Rhythm, int], ...] = (
    (Monthly(12), 1),
    (Monthly(6), 2),
    (Monthly(3), 4),
    (Monthly(), 12),
    (TWICE, 24),
    (Weekly(), 52),
    (Daily(), 365),
)
A_YEAR = {"day": 365, "week": 52, "month": 12, "quarter": 4, "half_year": 2, "year": 1}
WEEK = timedelta(days=7)


def timetable(contract: Contract, playbooks: Collection[str], *, files: bool = False) -> list[Appointment]:
    """Return what runs by itself on a site, in the order of the night.

    Args:
        playbooks: the names of those that are there; nothing else is planned.
        files: whether a host has files beside the database to back up (`file_backup_paths`).
    """
    planned = [verb for verb in AFTER_BACKUP if verb in playbooks and (files or verb != "backup_files")]
    return [appointment for verb in planned for appointment in _of_verb(contract, verb)]


def _of_verb(contract: Contract, verb: str) -> Iterator[Appointment]:
    rhythm, why = FLOOR.get(verb, (None, ""))
    for duty in contract.obligations:
        if isinstance(duty, Every | Count) and _meets(duty.met_by, verb):
            asked = _rhythm_of(duty)
            if rhythm is None or _a_year(asked) > _a_year(rhythm):
                rhythm, why = asked, f"obligation {duty.id}: {duty.title.en}"
    if rhythm is None:
        return
    at = (datetime.combine(date(2025, 1, 1), contract.backups.start) + AFTER_BACKUP[verb]).time()
    answers = ANSWERS.get(verb, {})
    if verb == "backup" and contract.backups.full_every == WEEK and isinstance(rhythm, Daily):
        # Its own night each week, so that it does not wander through the week; a night without a full one that is due takes it by itself.
        yield Appointment("backup_nightly", verb, Daily((SUNDAY,)), at, why, answers)
        weekly = "backups.full_every of the contract: 7d"
        yield Appointment("backup_full_weekly", verb, Weekly(), at, weekly, {"backup_type": "full"})
        return
    yield Appointment(f"{verb}_{_word(rhythm)}", verb, rhythm, at, why, answers)


def _rhythm_of(duty: Every | Count) -> Rhythm:
    """Return the rarest rhythm that meets an obligation by itself."""
    period, count = (duty.per, duty.count) if isinstance(duty, Count) else (duty.every, 1)
    needed = A_YEAR[period] * count
    return next((rhythm for rhythm, times in RHYTHMS if times >= needed), Daily())


def _a_year(rhythm: Rhythm) -> int:
    return dict(RHYTHMS)[rhythm]


def _meets(expression: str, verb: str) -> bool:
    """Tell whether a success of a verb, of which nothing else is known, meets an obligation."""
    record: dict[str, Any] = {"verb": verb, "outcome": "success", "rehearsal": False, "emergency": None, "figures": {}}
    try:
        return jmespath.search(expression, record) is True
    except JMESPathError:
        return False


def _word(rhythm: Rhythm) -> str:
    """Return how people call a rhythm."""
    if isinstance(rhythm, Daily):
        return "nightly"
    if isinstance(rhythm, Weekly):
        return "weekly"
    if len(rhythm.places) > 1:
        return "twice_a_month"
    return {1: "monthly", 3: "quarterly", 6: "half_yearly", 12: "yearly"}[rhythm.months]
