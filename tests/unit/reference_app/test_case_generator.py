"""Generated cases: the same for the same seed, whatever range they are made in, and true to life."""

from collections import Counter
from datetime import date, datetime, timedelta

import pytest
from trauma import validation, vocabulary
from trauma.case_generator import DAYS_OF_CALLS, CaseGenerator
from trauma.case_rows import document_iss
from trauma.case_tables import NASTY, even, weighted

UNTIL = date(2026, 3, 1)


@pytest.fixture(scope="module")
def many():
    return list(CaseGenerator(1, UNTIL).cases(1, 5000))


def test_same_seed_and_index_give_the_same_case():
    assert list(CaseGenerator(7, UNTIL).cases(1, 50)) == list(CaseGenerator(7, UNTIL).cases(1, 50))


def test_a_case_does_not_depend_on_the_range_it_is_made_in():
    whole = list(CaseGenerator(7, UNTIL).cases(1, 100))
    assert list(CaseGenerator(7, UNTIL).cases(61, 20)) == whole[60:80]


@pytest.mark.parametrize("other", [CaseGenerator(8, UNTIL).case(5), CaseGenerator(7, UNTIL).case(6)])
def test_another_seed_or_index_gives_another_case(other):
    assert CaseGenerator(7, UNTIL).case(5) != other


def test_every_case_is_a_valid_document_in_its_normal_form(many):
    assert all(validation.case_document(document) == document for document in many)


def test_times_follow_the_rescue_chain(many):
    for document in many:
        scene, triage, steps = document["prehospital"], document["triage"], document["treatment_steps"]
        chain = [document["injured_at"], document["call_at"], scene["dispatched_at"], scene["arrived_on_scene_at"]]
        chain += [scene["left_scene_at"], triage["arrived_at"], triage["triaged_at"]]
        chain += [moment for step in steps for moment in (step["started_at"], step["finished_at"])]
        chain += [document["outcome"]["discharged_at"]] if document["outcome"]["discharged_at"] else []
        moments = [datetime.fromisoformat(moment) for moment in chain]
        assert moments == sorted(moments)
        assert moments[-1].date() <= UNTIL


def test_calls_fill_the_year_before_the_last_day(many):
    days = {datetime.fromisoformat(document["call_at"]).date() for document in many}
    assert len(days) == DAYS_OF_CALLS
    assert max(days) - min(days) == timedelta(days=DAYS_OF_CALLS - 1)
    assert max(days) < UNTIL


def test_rush_hours_are_busier_than_the_small_hours(many):
    hours = Counter(datetime.fromisoformat(document["call_at"]).hour for document in many)
    assert sum(hours[hour] for hour in (8, 17, 18)) > 3 * sum(hours[hour] for hour in (2, 3, 4))


def test_a_plausible_share_is_severe(many):
    severe = sum(document_iss(document) >= vocabulary.SEVERE_FROM_ISS for document in many)
    assert 0.08 < severe / len(many) < 0.2


def test_nasty_text_of_every_kind_occurs(many):
    notes = {document["treatment_steps"][-1]["note"] for document in many}
    assert set(NASTY) <= notes


def test_patients_still_in_hospital_have_no_discharge(many):
    staying = [document for document in many if document["outcome"]["outcome"] == vocabulary.IN_HOSPITAL]
    assert staying
    assert all(document["outcome"]["discharged_at"] is None for document in staying)


def test_weighted_table_keeps_proportions():
    assert Counter(weighted({"a": 3, "b": 1})) == {"a": 192, "b": 64}


def test_even_table_uses_every_choice():
    assert set(even(range(100))) == set(range(100))
