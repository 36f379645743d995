"""Judges a case document that came over the interface, and names every error by its path, in Chinese and English."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any, cast

from trauma import vocabulary
from trauma.case_document import CaseDocument, TreatmentStep

# China has had one time zone without summer time since 1992; a fixed offset needs no tzdata package.
LOCAL_TIME = timezone(timedelta(hours=8), "Asia/Shanghai")


def today() -> date:
    """Today at the hospital."""
    return datetime.now(LOCAL_TIME).date()


MOST_INJURIES = 4
MOST_STEPS = 50


@dataclass(frozen=True)
class Problem:
    """One error: the path into the document, and what is wrong."""

    path: str
    zh: str
    en: str


class InvalidDocumentError(Exception):
    """A document that cannot be accepted, with all its problems."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{problem.path}: {problem.en}" for problem in problems))
        self.problems = list(problems)


class _Reader:
    """Reads fields out of untyped JSON and gathers problems instead of stopping at the first."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def refuse(self, path: str, zh: str, en: str) -> None:
        self.problems.append(Problem(path, zh, en))

    def mapping(self, value: object, path: str) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        self.refuse(path, "必须是对象", "must be an object")
        return {}

    def items(self, value: object, path: str, fewest: int, most: int) -> list[object]:
        if isinstance(value, list) and fewest <= len(value) <= most:
            return value
        self.refuse(path, f"必须是含{fewest}至{most}项的数组", f"must be an array of {fewest} to {most} items")
        return []

    def text(self, holder: dict[str, Any], path: str, key: str, longest: int, *, may_be_empty: bool = False) -> str:
        value = holder.get(key, "" if may_be_empty else None)
        where = f"{path}{key}"
        if not isinstance(value, str) or (not may_be_empty and not value.strip()):
            self.refuse(where, "必须是非空文本", "must be a text that is not empty")
        elif len(value) > longest:
            self.refuse(where, f"不得超过{longest}个字符", f"must not be longer than {longest} characters")
        elif "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            self.refuse(where, "含有无法存储的字符", "holds a character that cannot be stored")
        else:
            return value
        return ""

    def choice(self, holder: dict[str, Any], path: str, key: str, choices: Sequence[str]) -> str:
        value = holder.get(key)
        if isinstance(value, str) and value in choices:
            return value
        self.refuse(f"{path}{key}", "必须是以下之一：" + "、".join(choices), "must be one of: " + ", ".join(choices))
        return ""

    def number(self, holder: dict[str, Any], path: str, key: str, lowest: int, highest: int) -> int:
        value = holder.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest:
            return value
        self.refuse(
            f"{path}{key}",
            f"必须是{lowest}至{highest}之间的整数",
            f"must be a whole number from {lowest} to {highest}",
        )
        return lowest

    def truth(self, holder: dict[str, Any], path: str, key: str) -> bool:
        value = holder.get(key)
        if isinstance(value, bool):
            return value
        self.refuse(f"{path}{key}", "必须是 true 或 false", "must be true or false")
        return False

    def day(self, holder: dict[str, Any], path: str, key: str) -> str:
        value = holder.get(key)
        try:
            return date.fromisoformat(cast(str, value)).isoformat()
        except (TypeError, ValueError):
            self.refuse(f"{path}{key}", "必须是日期，如 1980-01-31", "must be a date such as 1980-01-31")
            return ""

    def time(self, holder: dict[str, Any], path: str, key: str) -> datetime | None:
        value = holder.get(key)
        try:
            moment = datetime.fromisoformat(cast(str, value))
            if moment.tzinfo is not None and 1900 < moment.year < 2200:
                return moment.astimezone(LOCAL_TIME)
        except (TypeError, ValueError):
            pass
        self.refuse(
            f"{path}{key}",
            "必须是带时区的时间，如 2026-01-31T08:00:00+08:00",
            "must be a time with its offset, such as 2026-01-31T08:00:00+08:00",
        )
        return None

    def optional_time(self, holder: dict[str, Any], path: str, key: str) -> datetime | None:
        return None if holder.get(key) is None else self.time(holder, path, key)

    def in_order(self, *moments: tuple[str, datetime | None]) -> None:
        known = [(path, moment) for path, moment in moments if moment is not None]
        for (earlier_path, earlier), (later_path, later) in pairwise(known):
            if later < earlier:
                self.refuse(later_path, f"不得早于 {earlier_path}", f"must not be before {earlier_path}")

    def step(self, value: object, path: str, arrived_at: datetime | None) -> TreatmentStep:
        raw = self.mapping(value, path.rstrip("."))
        kind = self.choice(raw, path, "kind", vocabulary.TREATMENT_KINDS)
        started, finished = self.time(raw, path, "started_at"), self.optional_time(raw, path, "finished_at")
        self.in_order(
            ("triage.arrived_at", arrived_at), (f"{path}started_at", started), (f"{path}finished_at", finished)
        )
        return {
            "kind": kind,
            "started_at": _iso(started) or "",
            "finished_at": _iso(finished),
            "note": self.text(raw, path, "note", 2000, may_be_empty=True),
        }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def treatment_step(value: object, arrived_at: datetime | None) -> TreatmentStep:
    """A valid step of treatment that does not begin before the patient arrived. Raises `InvalidDocumentError`."""
    reader = _Reader()
    step = reader.step(value, "", arrived_at)
    if reader.problems:
        raise InvalidDocumentError(reader.problems)
    return step


def case_document(value: object) -> CaseDocument:
    """The valid document in `value` (parsed JSON), its times brought to local time. Raises `InvalidDocumentError`."""
    read = _Reader()
    case = read.mapping(value, "$")
    patient = read.mapping(case.get("patient"), "patient")
    prehospital = read.mapping(case.get("prehospital"), "prehospital")
    triage = read.mapping(case.get("triage"), "triage")
    outcome = read.mapping(case.get("outcome"), "outcome")

    injured, call = read.time(case, "", "injured_at"), read.time(case, "", "call_at")
    dispatched = read.time(prehospital, "prehospital.", "dispatched_at")
    on_scene = read.time(prehospital, "prehospital.", "arrived_on_scene_at")
    left_scene = read.time(prehospital, "prehospital.", "left_scene_at")
    arrived, triaged = read.time(triage, "triage.", "arrived_at"), read.time(triage, "triage.", "triaged_at")
    discharged = read.optional_time(outcome, "outcome.", "discharged_at")
    read.in_order(
        ("injured_at", injured),
        ("call_at", call),
        ("prehospital.dispatched_at", dispatched),
        ("prehospital.arrived_on_scene_at", on_scene),
        ("prehospital.left_scene_at", left_scene),
        ("triage.arrived_at", arrived),
        ("triage.triaged_at", triaged),
        ("outcome.discharged_at", discharged),
    )
    kind_of_outcome = read.choice(outcome, "outcome.", "outcome", vocabulary.OUTCOMES)
    if kind_of_outcome and (kind_of_outcome == vocabulary.IN_HOSPITAL) != (discharged is None):
        read.refuse(
            "outcome.discharged_at",
            f"转归为“{vocabulary.IN_HOSPITAL}”时必须为空，否则必填",
            f"must be empty while the outcome is {vocabulary.IN_HOSPITAL}, and given otherwise",
        )
    document: CaseDocument = {
        "patient": {
            "name": read.text(patient, "patient.", "name", 100),
            "sex": read.choice(patient, "patient.", "sex", vocabulary.SEXES),
            "birth_date": read.day(patient, "patient.", "birth_date"),
            "id_card": read.text(patient, "patient.", "id_card", 18, may_be_empty=True),
        },
        "injury_mechanism": read.choice(case, "", "injury_mechanism", vocabulary.INJURY_MECHANISMS),
        "injured_at": _iso(injured) or "",
        "call_at": _iso(call) or "",
        "address": read.text(case, "", "address", 500),
        "prehospital": {
            "dispatched_at": _iso(dispatched) or "",
            "arrived_on_scene_at": _iso(on_scene) or "",
            "left_scene_at": _iso(left_scene) or "",
            "gcs": read.number(prehospital, "prehospital.", "gcs", 3, 15),
            "systolic": read.number(prehospital, "prehospital.", "systolic", 0, 300),
            "respiratory_rate": read.number(prehospital, "prehospital.", "respiratory_rate", 0, 80),
            "spo2": read.number(prehospital, "prehospital.", "spo2", 0, 100),
            "measures": read.text(prehospital, "prehospital.", "measures", 2000, may_be_empty=True),
        },
        "triage": {
            "arrived_at": _iso(arrived) or "",
            "triaged_at": _iso(triaged) or "",
            "level": read.number(triage, "triage.", "level", 1, 4),
            "team_activated": read.truth(triage, "triage.", "team_activated"),
        },
        "injuries": [],
        "treatment_steps": [],
        "outcome": {"outcome": kind_of_outcome, "discharged_at": _iso(discharged)},
    }
    for position, raw in enumerate(read.items(case.get("injuries"), "injuries", 1, MOST_INJURIES)):
        path = f"injuries[{position}]"
        injury = read.mapping(raw, path)
        document["injuries"].append(
            {
                "region": read.choice(injury, f"{path}.", "region", vocabulary.BODY_REGIONS),
                "severity": read.number(injury, f"{path}.", "severity", 1, 6),
                "description": read.text(injury, f"{path}.", "description", 2000),
            }
        )
    for position, raw in enumerate(read.items(case.get("treatment_steps", []), "treatment_steps", 0, MOST_STEPS)):
        document["treatment_steps"].append(read.step(raw, f"treatment_steps[{position}].", arrived))
    if read.problems:
        raise InvalidDocumentError(read.problems)
    return document
