"""Makes realistic trauma cases: pure, fast, and the same for the same seed, index and last day.

A case depends on nothing but (seed, index, until), so any range can be made by any process. One BLAKE2b digest
a case gives 64 random bytes, and each byte picks from a table: a `random.Random` a case would cost more than the case.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from hashlib import blake2b

from trauma import case_tables as tables
from trauma.case_document import CaseDocument, Injury, TreatmentStep
from trauma.vocabulary import IN_HOSPITAL

DAYS_OF_CALLS = 365
# Treatment of the last call must be over when `until` begins.
MARGIN_DAYS = 2
LONGEST_STAY_DAYS = 70
HOUR, MINUTE = 3600, 60
_NASTY_BELOW = 4
_UNKNOWN_PATIENT_BELOW = 3

_CLOCK = tuple(f"{minute // 60:02d}:{minute % 60:02d}:" for minute in range(1440))
_SECONDS = tuple(f"{second:02d}+08:00" for second in range(60))
_MINUTES_OF_HOUR = tables.even(range(60))


class CaseGenerator:
    """Cases of the year that ends at `until`, for one seed."""

    def __init__(self, seed: int, until: date) -> None:
        self.seed = seed
        first = until - timedelta(days=DAYS_OF_CALLS + MARGIN_DAYS - 1)
        days = [first + timedelta(days=offset) for offset in range(-1, DAYS_OF_CALLS + LONGEST_STAY_DAYS)]
        # Seconds count from the midnight before `first`, so that an injury before the first call has a place.
        self._day_texts = tuple(f"{day.isoformat()}T" for day in days)
        self._day_hours = tuple(tables.DAYOFF_HOURS if day.weekday() >= 5 else tables.WORKDAY_HOURS for day in days)
        self._call_days = tuple(
            offset
            for offset in range(1, DAYS_OF_CALLS + 1)
            for _ in range(tables.WEEKDAY_WEIGHTS[days[offset].weekday()])
        )
        self._until_seconds = (until - days[0]).days * 24 * HOUR
        self._year = until.year

    def _stamp(self, seconds: int) -> str:
        day, of_day = divmod(seconds, 86_400)
        return self._day_texts[day] + _CLOCK[of_day // 60] + _SECONDS[of_day % 60]

    def cases(self, first: int, count: int) -> Iterator[CaseDocument]:
        """The documents with the indexes from `first` on."""
        for index in range(first, first + count):
            yield self.case(index)

    def recorded_at(self, document: CaseDocument) -> str:
        """When a case that was loaded in bulk was entered: when its last treatment step ended."""
        return document["treatment_steps"][-1]["finished_at"] or document["triage"]["triaged_at"]

    def case(self, index: int) -> CaseDocument:
        """The document of one case."""
        b = blake2b(b"%d/%d" % (self.seed, index)).digest()
        stamp = self._stamp
        profile = tables.PROFILES[b[0]]

        call_days = self._call_days
        day = call_days[(b[1] << 8 | b[2]) * len(call_days) >> 16]
        call = day * 86_400 + self._day_hours[day][b[3]] * HOUR + _MINUTES_OF_HOUR[b[4]] * MINUTE + b[5] % 60
        injured = call - 60 - b[6] * 6
        dispatched = call + 40 + b[7]
        on_scene = dispatched + 300 + b[8] * 6
        left_scene = on_scene + 300 + b[9] * 5
        arrived = left_scene + 420 + b[10] * 8
        triaged = arrived + 45 + b[11]

        steps: list[TreatmentStep] = []
        begin = triaged + 60
        for position, kind in enumerate(profile.steps[b[12]]):
            # Each step begins when the one before it has ended.
            start = begin + b[13 + position] * 4
            begin = start + 240 + b[20 + position] * (40 if kind == "手术" else 8)
            steps.append(
                {
                    "kind": kind,
                    "started_at": stamp(start),
                    "finished_at": stamp(begin),
                    "note": tables.NOTES[b[27 + position]],
                }
            )

        injuries: list[Injury] = []
        for position in range(profile.injuries[b[34]]):
            region, severity = tables.REGIONS[b[35 + position]], profile.severities[b[39 + position]]
            texts = tables.GRAVE_INJURIES if severity >= tables.GRAVE_FROM_SEVERITY else tables.MILD_INJURIES
            injuries.append({"region": region, "severity": severity, "description": texts[region][b[43 + position]]})

        discharged = begin + profile.stay_hours[b[47]] * HOUR + b[48] * 10
        outcome, discharged_at = profile.outcome[b[49]], None
        if discharged < self._until_seconds:
            discharged_at = stamp(discharged)
        else:
            outcome = IN_HOSPITAL

        sex = tables.SEX[b[50]]
        if b[51] < _UNKNOWN_PATIENT_BELOW:
            name, id_card = f"无名氏{b[52]}", ""
        else:
            name = tables.SURNAMES[b[52]] + tables.GIVEN[b[53]] + tables.SECOND_GIVEN[b[54]]
            id_card = f"{tables.ID_REGIONS[b[55]]}********{b[56] << 8 | b[57]:05d}"[:18]
        address = f"{tables.STREETS[b[58]]}{b[59] + 1}号{tables.PLACES[b[60]]}"
        measures = tables.MEASURES[b[61]]
        if b[62] < _NASTY_BELOW:
            nasty = tables.NASTY[b[63] & 15]
            injuries[0]["description"] += nasty
            steps[-1]["note"] = nasty
            measures, address = nasty, address + nasty
        birth_year = self._year - 1 - tables.AGES[b[23] ^ b[52]]
        return {
            "patient": {
                "name": name,
                "sex": sex,
                "birth_date": f"{birth_year}-{b[24] % 12 + 1:02d}-{b[25] % 28 + 1:02d}",
                "id_card": id_card,
            },
            "injury_mechanism": tables.MECHANISMS[b[63] ^ b[0]],
            "injured_at": stamp(injured),
            "call_at": stamp(call),
            "address": address,
            "prehospital": {
                "dispatched_at": stamp(dispatched),
                "arrived_on_scene_at": stamp(on_scene),
                "left_scene_at": stamp(left_scene),
                "gcs": profile.gcs[b[31]],
                "systolic": profile.systolic[b[32]],
                "respiratory_rate": profile.respiratory_rate[b[33]],
                "spo2": profile.spo2[b[26]],
                "measures": measures,
            },
            "triage": {
                "arrived_at": stamp(arrived),
                "triaged_at": stamp(triaged),
                "level": profile.level[b[30]],
                "team_activated": profile.team_activated[b[29]],
            },
            "injuries": injuries,
            "treatment_steps": steps,
            "outcome": {"outcome": outcome, "discharged_at": discharged_at},
        }
