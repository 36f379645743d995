"""Documents that must be refused, each with the path of its error, in two languages."""

import copy
from datetime import date, datetime

import pytest
from trauma import validation
from trauma.case_generator import CaseGenerator

VALID = next(
    document
    for document in CaseGenerator(1, date(2026, 3, 1)).cases(1, 100)
    if len(document["injuries"]) == 2 and document["outcome"]["discharged_at"]
)
ABSENT = object()


def changed(path, value):
    """A copy of the valid document with one place changed or taken out."""
    document = copy.deepcopy(VALID)
    place = document
    for key in path[:-1]:
        place = place[key]
    if value is ABSENT:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "expected_path"),
    [
        (["patient"], "x", "patient"),
        (["patient", "name"], "  ", "patient.name"),
        (["patient", "name"], "张\0三", "patient.name"),
        (["patient", "name"], "\ud800", "patient.name"),
        (["patient", "name"], "张" * 101, "patient.name"),
        (["patient", "sex"], "male", "patient.sex"),
        (["patient", "sex"], ["男"], "patient.sex"),
        (["patient", "birth_date"], "1980-02-30", "patient.birth_date"),
        (["injury_mechanism"], ABSENT, "injury_mechanism"),
        (["injured_at"], "2026-01-01T08:00:00", "injured_at"),
        (["injured_at"], 5, "injured_at"),
        (["call_at"], "2001-01-01T00:00:00Z", "call_at"),
        (["prehospital", "gcs"], 2, "prehospital.gcs"),
        (["prehospital", "gcs"], True, "prehospital.gcs"),
        (["prehospital", "spo2"], 101, "prehospital.spo2"),
        (["prehospital", "systolic"], 120.5, "prehospital.systolic"),
        (["triage", "level"], 5, "triage.level"),
        (["triage", "team_activated"], "yes", "triage.team_activated"),
        (["injuries"], [], "injuries"),
        (["injuries"], [VALID["injuries"][0]] * 5, "injuries"),
        (["injuries", 1, "severity"], 7, "injuries[1].severity"),
        (["injuries", 0, "region"], "尾巴", "injuries[0].region"),
        (["treatment_steps", 0, "kind"], "按摩", "treatment_steps[0].kind"),
        (["treatment_steps", 0, "started_at"], "2001-01-01T00:00:00Z", "treatment_steps[0].started_at"),
        (["treatment_steps", 0, "finished_at"], "2001-01-01T00:00:00Z", "treatment_steps[0].finished_at"),
        (["outcome", "discharged_at"], None, "outcome.discharged_at"),
        (["outcome", "outcome"], "在院", "outcome.discharged_at"),
    ],
)
def test_refuses_with_the_path_of_the_error(path, value, expected_path):
    with pytest.raises(validation.InvalidDocumentError) as refused:
        validation.case_document(changed(path, value))
    problems = {problem.path: problem for problem in refused.value.problems}
    assert expected_path in problems
    assert "must" in problems[expected_path].en or "cannot" in problems[expected_path].en
    assert not problems[expected_path].zh.isascii()


@pytest.mark.parametrize("document", [None, [], "x", 1, {}])
def test_refuses_what_is_no_case_at_all(document):
    with pytest.raises(validation.InvalidDocumentError):
        validation.case_document(document)


def test_names_every_error_at_once():
    document = changed(["prehospital", "gcs"], 99)
    document["triage"]["level"] = 0
    with pytest.raises(validation.InvalidDocumentError) as refused:
        validation.case_document(document)
    assert {problem.path for problem in refused.value.problems} == {"prehospital.gcs", "triage.level"}


def test_times_are_brought_to_the_hospitals_time():
    document = changed(["injured_at"], "2020-12-31T20:00:00Z")
    assert validation.case_document(document)["injured_at"] == "2021-01-01T04:00:00+08:00"


def test_a_step_cannot_begin_before_the_patient_arrived():
    arrived = datetime.fromisoformat("2026-01-01T08:00:00+08:00")
    step = {"kind": "输血", "started_at": "2026-01-01T07:59:59+08:00"}
    with pytest.raises(validation.InvalidDocumentError, match="must not be before"):
        validation.treatment_step(step, arrived)
    step["started_at"] = "2026-01-01T08:00:00+08:00"
    assert validation.treatment_step(step, arrived)["note"] == ""
