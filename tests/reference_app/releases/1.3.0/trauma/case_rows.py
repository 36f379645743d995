"""From one case document to the rows of its tables: the only place where documents meet columns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from hashlib import sha256

from trauma import patient_name
from trauma.case_document import CaseDocument, TreatmentStep
from trauma.scores import injury_severity_score, revised_trauma_score
from trauma.vocabulary import REPORT_PENDING, REPORT_REPORTED, SEVERE_FROM_ISS

Value = str | int | bool | Decimal | None
Row = tuple[Value, ...]

SECONDS_PER_DAY = 86_400

# Parents before children. Every table carries `case_id`, so that each row belongs to exactly one case.
TABLES: Mapping[str, tuple[str, ...]] = {
    "trauma_case": (
        "case_id",
        "case_number",
        "family_name",
        "given_name",
        "sex",
        "birth_date",
        "id_card",
        "injury_mechanism",
        "address",
        "injured_at",
        "call_at",
        "created_at",
    ),
    "prehospital": (
        "case_id",
        "dispatched_at",
        "arrived_on_scene_at",
        "left_scene_at",
        "gcs",
        "systolic",
        "respiratory_rate",
        "spo2",
        "measures",
    ),
    "triage": ("case_id", "arrived_at", "triaged_at", "level", "rts", "team_activated"),
    "injury": ("case_id", "injury_number", "region", "severity", "description"),
    "treatment_step": ("case_id", "step_number", "kind", "started_at", "finished_at", "note"),
    "outcome": ("case_id", "iss", "outcome", "discharged_at", "length_of_stay_days"),
    "registry_report": ("case_id", "status", "created_at", "reported_at", "receipt_number"),
}


def case_number(case_id: int, call_at: str) -> str:
    """The number on the patient's file, such as `CS2026-0000001`: the year of the call, and the case's id."""
    return f"CS{call_at[:4]}-{case_id:07d}"


def receipt_number(number: str) -> str:
    """The national register's receipt for a case number. The register is simulated: same case, same receipt."""
    return "GJ" + sha256(number.encode()).hexdigest()[:16].upper()


def document_iss(document: CaseDocument) -> int:
    """Injury severity score of a document's injuries."""
    return injury_severity_score([(injury["region"], injury["severity"]) for injury in document["injuries"]])


def length_of_stay_days(arrived_at: str, discharged_at: str | None) -> int | None:
    """Whole days from arrival to discharge, begun days counted; None while the patient is in hospital."""
    if discharged_at is None:
        return None
    stay = datetime.fromisoformat(discharged_at) - datetime.fromisoformat(arrived_at)
    return -(-int(stay.total_seconds()) // SECONDS_PER_DAY)


def step_row(case_id: int, step_number: int, step: TreatmentStep) -> Row:
    """The row of one treatment step."""
    return (case_id, step_number, step["kind"], step["started_at"], step["finished_at"], step["note"])


def case_rows(
    document: CaseDocument, case_id: int, created_at: str, *, reported_at: str | None = None
) -> dict[str, list[Row]]:
    """Rows by table of a valid document.

    A severe case has a registry report: pending, or already reported when `reported_at` (ISO 8601) is given.
    """
    patient, prehospital, triage, outcome = (
        document["patient"],
        document["prehospital"],
        document["triage"],
        document["outcome"],
    )
    number = case_number(case_id, document["call_at"])
    iss = document_iss(document)
    gcs, systolic, breaths = prehospital["gcs"], prehospital["systolic"], prehospital["respiratory_rate"]
    reports: list[Row] = []
    if iss >= SEVERE_FROM_ISS:
        if reported_at is None:
            reports.append((case_id, REPORT_PENDING, created_at, None, None))
        else:
            reports.append((case_id, REPORT_REPORTED, created_at, reported_at, receipt_number(number)))
    return {
        "trauma_case": [
            (
                case_id,
                number,
                *patient_name.split(patient["name"]),
                patient["sex"],
                patient["birth_date"],
                patient["id_card"],
                document["injury_mechanism"],
                document["address"],
                document["injured_at"],
                document["call_at"],
                created_at,
            )
        ],
        "prehospital": [
            (
                case_id,
                prehospital["dispatched_at"],
                prehospital["arrived_on_scene_at"],
                prehospital["left_scene_at"],
                gcs,
                systolic,
                breaths,
                prehospital["spo2"],
                prehospital["measures"],
            )
        ],
        "triage": [
            (
                case_id,
                triage["arrived_at"],
                triage["triaged_at"],
                triage["level"],
                revised_trauma_score(gcs, systolic, breaths),
                triage["team_activated"],
            )
        ],
        "injury": [
            (case_id, position, injury["region"], injury["severity"], injury["description"])
            for position, injury in enumerate(document["injuries"], 1)
        ],
        "treatment_step": [step_row(case_id, n, step) for n, step in enumerate(document["treatment_steps"], 1)],
        "outcome": [
            (
                case_id,
                iss,
                outcome["outcome"],
                outcome["discharged_at"],
                length_of_stay_days(triage["arrived_at"], outcome["discharged_at"]),
            )
        ],
        "registry_report": reports,
    }
