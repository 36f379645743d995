"""The shape of one whole case, as it travels over the interface and out of the generator.

Times are ISO 8601 texts with an offset.
"""

from __future__ import annotations

from typing import TypedDict


class Patient(TypedDict):
    name: str
    sex: str
    birth_date: str
    id_card: str
    """Masked: the middle digits are asterisks; empty when the patient is unknown."""


class Prehospital(TypedDict):
    dispatched_at: str
    arrived_on_scene_at: str
    left_scene_at: str
    gcs: int
    systolic: int
    respiratory_rate: int
    spo2: int
    measures: str


class Triage(TypedDict):
    arrived_at: str
    triaged_at: str
    level: int
    team_activated: bool


class Injury(TypedDict):
    region: str
    severity: int
    description: str


class TreatmentStep(TypedDict):
    kind: str
    started_at: str
    finished_at: str | None
    note: str


class Outcome(TypedDict):
    outcome: str
    discharged_at: str | None


class CaseDocument(TypedDict):
    patient: Patient
    injury_mechanism: str
    injured_at: str
    call_at: str
    address: str
    prehospital: Prehospital
    triage: Triage
    injuries: list[Injury]
    treatment_steps: list[TreatmentStep]
    outcome: Outcome
