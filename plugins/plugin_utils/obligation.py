# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the records say of each obligation of a contract: met, missed, or still due.

Records are those of the ledger as plain data. A record of a rehearsal counts for nothing, one of an operation that still runs meets nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Literal

import jmespath
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.record import iso
from ansible_collections.traumalink.ops.plugins.plugin_utils.approval import ApprovalError, approver_keys
from ansible_collections.traumalink.ops.plugins.plugin_utils.calendar import Calendar
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import Contract
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract_obligations import (
    AroundHolidays,
    Count,
    Deadline,
    Duty,
    Every,
)
from ansible_collections.traumalink.ops.plugins.plugin_utils.duration import duration_text
from ansible_collections.traumalink.ops.plugins.plugin_utils.emergency_approval import kept_for
from ansible_collections.traumalink.ops.plugins.plugin_utils.periods import ONE_DAY, Period, periods
from jmespath.exceptions import JMESPathError

__all__ = ["Answer", "ObligationError", "answer"]

Record = Mapping[str, Any]
State = Literal["met", "missed", "due"]


class ObligationError(OpsError):
    """The records cannot be judged."""


@dataclass(frozen=True)
class Answer:
    """One obligation in one period.

    Attributes:
        obligation: its id; title: its title in zh and en.
        period: 2026-Q4, "spring_festival 2026", or the run id of the record that a deadline is about.
        met_by: run ids of the records that meet it, oldest first.
        deadline: until when it can be met, UTC; None where nobody knows yet.
        note: what a reader should know; "" where there is nothing to say.
    """

    obligation: str
    title: dict[str, str]
    period: str
    state: State
    met_by: tuple[str, ...]
    deadline: datetime | None
    note: str

    def as_data(self) -> dict[str, Any]:
        """Return it as plain data, the deadline as ISO 8601 in UTC."""
        deadline = self.deadline.isoformat() if self.deadline else None
        return {**vars(self), "met_by": list(self.met_by), "deadline": deadline}


@dataclass(frozen=True)
class _Hit:
    """A record that an expression is true of, or could not be asked of (`fault`), on its day by the site's clock."""

    run_id: str
    day: date
    fault: str = ""


def answer(
    contract: Contract, records: Iterable[Record], period_from: date, period_to: date, now: datetime
) -> list[Answer]:
    """Return an answer for each obligation and each of its periods that shares a day with the reported one, in the contract's order.

    A period that is only partly inside is judged as a whole: the records must cover it.

    Args:
        records: of the ledger, in any order.
        period_from, period_to: first and last day of the report, by the site's clock.
        now: aware; what can still be met then is due.

    Raises:
        ObligationError: a record that matters has no time.
    """
    reported = Period("", period_from, period_to)
    counted = sorted((r for r in records if not r.get("rehearsal")), key=lambda record: str(record.get("run_id")))
    found: list[Answer] = []
    for duty in contract.obligations:
        if isinstance(duty, Deadline):
            found += _deadlines(contract, duty, counted, reported, now)
            continue
        hits = list(_hits(duty.met_by, counted, contract.zone))
        if isinstance(duty, AroundHolidays):
            found += _around(contract, duty, hits, reported, now)
        else:
            found += _rhythm(contract, duty, hits, reported, now)
    return found


def _rhythm(
    contract: Contract, duty: Every | Count, hits: Sequence[_Hit], reported: Period, now: datetime
) -> Iterator[Answer]:
    kind, count = (duty.per, duty.count) if isinstance(duty, Count) else (duty.every, 1)
    for period in periods(kind, reported.first, reported.last):
        yield _counted(contract, duty, period, count, hits, now, "")


def _around(
    contract: Contract, duty: AroundHolidays, hits: Sequence[_Hit], reported: Period, now: datetime
) -> Iterator[Answer]:
    calendar = Calendar(contract.calendar)
    for year in range(reported.first.year - 1, reported.last.year + 2):
        for name in duty.around:
            label = f"{name} {year}"
            days_off = calendar.holiday(name, year)
            if days_off:
                period = _near(label, duty, *days_off)
                note = f"{duty.when} the days off, {period.first} to {period.last}"
                if period.overlaps(reported.first, reported.last):
                    yield _counted(contract, duty, period, 1, hits, now, note)
            elif _whole_year(name, year, duty.within).overlaps(reported.first, reported.last):
                known = "the calendar has no days of this holiday" if calendar.knows(year) else "not published"
                note = f"{known}; write its days under calendar.overrides.{year}.holidays.{name}"
                yield Answer(duty.id, _title(duty), label, "due", (), None, note)


def _near(label: str, duty: AroundHolidays, first: date, last: date) -> Period:
    """Return the days near a holiday that count."""
    return {
        "before": Period(label, first - duty.within, first - ONE_DAY),
        "during": Period(label, first, last),
        "after": Period(label, last + ONE_DAY, last + duty.within),
        "around": Period(label, first - duty.within, last + duty.within),
    }[duty.when]


def _whole_year(name: str, year: int, within: timedelta) -> Period:
    """Return the days on which an unpublished holiday of a year may fall due; only New Year's lies close to the year before."""
    first = date(year, 1, 1)
    return Period("", first - within if name == "new_years_day" else first, date(year, 12, 31))


def _counted(
    contract: Contract,
    duty: Every | Count | AroundHolidays,
    period: Period,
    count: int,
    hits: Sequence[_Hit],
    now: datetime,
    note: str,
) -> Answer:
    """Return the answer by the number of records in a period."""
    inside = [hit for hit in hits if hit.day in period]
    met_by = tuple(hit.run_id for hit in inside if not hit.fault)
    deadline = datetime.combine(period.last + ONE_DAY, time(), contract.zone).astimezone(UTC)
    state: State = "met" if len(met_by) >= count else "due" if now < deadline else "missed"
    notes = [note] if note else []
    if count > 1:
        notes.append(f"{len(met_by)} of {count}")
    notes += [f"{hit.run_id} could not be asked: {hit.fault}" for hit in inside if hit.fault]
    return Answer(duty.id, _title(duty), period.label, state, met_by, deadline, "; ".join(notes))


def _deadlines(
    contract: Contract, duty: Deadline, records: Sequence[Record], reported: Period, now: datetime
) -> Iterator[Answer]:
    begin, end = jmespath.compile(duty.begin), jmespath.compile(duty.end)
    by_id = {str(record.get("run_id")): record for record in records}
    answers = [by_id[hit.run_id] for hit in _hits(duty.answered_by, records, contract.zone)] if duty.answered_by else []
    keys = approver_keys([contact.model_dump() for contact in contract.contacts]) if answers else {}
    for hit in _hits(duty.each, records, contract.zone, finished=False):
        record = by_id[hit.run_id]
        answering, unproven = _answering(answers, record, keys) if duty.answered_by else (record, [])
        try:
            begun = _moment(begin.search(record), contract.zone)
            ended = _moment(end.search(answering), contract.zone)
            fault = hit.fault
        except JMESPathError as error:
            begun, ended, fault = None, None, str(error)
        if (begun.astimezone(contract.zone).date() if begun else hit.day) not in reported:
            continue
        if begun is None:
            note = f"could not be asked: {fault}" if fault else f"the record has no time {duty.begin}"
            yield Answer(duty.id, _title(duty), hit.run_id, "due", (), None, note)
            continue
        deadline = begun + duty.within
        state, took = _in_time(duty, begun, ended, now)
        note = "; ".join([took, *unproven])
        met_by = (str(answering.get("run_id")),) if state == "met" else ()
        yield Answer(duty.id, _title(duty), hit.run_id, state, met_by, deadline.astimezone(UTC), note)


def _answering(
    answers: Iterable[Record], record: Record, keys: Mapping[str, Sequence[str]]
) -> tuple[Record, list[str]]:
    """Return the first record of work by hand that names `record` in its summary, empty where there is none; and those that claim to, in words.

    An approval is what an approver has signed for that run id, at the time at which it was signed, whatever the record says beside it.
    """
    unproven: list[str] = []
    for other in answers:
        by_hand, run_id = other.get("by_hand") or {}, str(record.get("run_id"))
        if not any(run_id in str(by_hand.get(name)) for name in ("summary_zh", "summary_en")):
            continue
        if by_hand.get("kind") != "approval":
            return other, unproven
        try:
            approval = kept_for(other, record, keys)
        except ApprovalError as error:
            unproven.append(f"{other.get('run_id')} is no approval that counts: {error}")
            continue
        told = {"occurred_at": iso(approval.made_at), "entered_by": approval.approver}
        return {**other, "by_hand": {**by_hand, **told}}, unproven
    return {}, unproven


def _in_time(duty: Deadline, begun: datetime, ended: datetime | None, now: datetime) -> tuple[State, str]:
    """Return the state of one deadline, and what it took in words."""
    allowed = duration_text(duty.within)
    if ended is None:
        if now <= begun + duty.within:
            return "due", f"no {duty.end} yet, {duration_text(begun + duty.within - now)} of {allowed} left"
        return "missed", f"no {duty.end} within {allowed}"
    if ended < begun:
        return "missed", f"{duty.end} is before {duty.begin}; correct the record by another one"
    took = ended - begun
    return "met" if took <= duty.within else "missed", f"{duration_text(took)} of {allowed}"


def _hits(expression: str, records: Iterable[Record], zone: tzinfo, *, finished: bool = True) -> Iterator[_Hit]:
    """Yield the records that an expression is true of, and those that it could not be asked of; finished ones alone, or all."""
    compiled = jmespath.compile(expression)
    for record in records:
        if finished and record.get("outcome") is None and not record.get("by_hand"):
            continue
        try:
            if not _true(compiled.search(record)):
                continue
            fault = ""
        except JMESPathError as error:  # a function got a value that it does not take
            fault = " ".join(str(error).split())
        yield _Hit(str(record.get("run_id")), _day(record, zone), fault)


def _true(value: object) -> bool:
    """Tell whether JMESPath takes a value as true: 0 is."""
    return value is not None and value is not False and value not in ("", [], {})


def _day(record: Record, zone: tzinfo) -> date:
    """Return the day by the site's clock to which a record counts: that of its start or, for work done by hand, on which it was done."""
    by_hand = record.get("by_hand") or {}
    text = by_hand.get("occurred_at") or record.get("started_at")
    moment = _moment(text, zone)
    if moment is None:
        raise ObligationError(f"record {record.get('run_id')} has no time ({text!r}); verify the ledger")
    return moment.astimezone(zone).date()


def _moment(value: object, zone: tzinfo) -> datetime | None:
    """Return the time that ISO 8601 text gives, a mere date as its midnight at the site; None where it gives none."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment.replace(tzinfo=zone) if moment and moment.tzinfo is None else moment


def _title(duty: Duty) -> dict[str, str]:
    return {"zh": duty.title.zh, "en": duty.title.en}
