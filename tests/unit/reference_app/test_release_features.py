"""What the later releases do otherwise than the first, as far as it needs no database."""

import ast
from datetime import date

import pytest
from trauma import case_rows
from trauma.case_generator import CaseGenerator

CASES = list(CaseGenerator(1, date(2026, 3, 1)).cases(1, 200))
NOW = "2026-03-01T08:00:00+08:00"


@pytest.fixture
def emergency_station(code_of, monkeypatch):
    """Give the module that keeps emergency stations, without psycopg2, which this machine need not have."""
    import sys
    import types

    for name in ("psycopg2", "psycopg2.extras", "psycopg2.extensions", "psycopg2.sql"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    sys.modules["psycopg2"].sql = sys.modules["psycopg2.sql"]
    sys.modules["psycopg2"].extensions = sys.modules["psycopg2.extensions"]
    sys.modules["psycopg2.extras"].execute_values = None
    return code_of("1.1.0", "trauma.emergency_station")


@pytest.mark.parametrize("document", [{}, {"emergency_station": None}, []])
def test_a_case_needs_no_station(emergency_station, document):
    assert emergency_station.of_document(document) is None


def test_a_station_is_taken_from_the_document(emergency_station):
    assert emergency_station.of_document({"emergency_station": " 城东急救站 "}) == "城东急救站"


@pytest.mark.parametrize("value", ["", "  ", 5, ["城东"], "站" * 101, "城\0东", "\ud800"])
def test_a_station_that_cannot_be_stored_is_refused_by_its_path(emergency_station, value):
    with pytest.raises(emergency_station.InvalidDocumentError) as refused:
        emergency_station.of_document({"emergency_station": value})
    (problem,) = refused.value.problems
    assert problem.path == "emergency_station"
    assert "must" in problem.en
    assert not problem.zh.isascii()


def test_a_case_without_a_station_costs_no_statement(emergency_station):
    emergency_station.store(None, 5, None)


@pytest.mark.parametrize(
    ("name", "family_name", "given_name"),
    [
        ("张三", "张", "三"),
        ("欧阳小明", "欧阳", "小明"),
        ("欧阳", "欧阳", ""),
        ("无", "无", ""),
        ("John O'Neill", "J", "ohn O'Neill"),
    ],
)
def test_1_3_0_splits_a_name_and_puts_it_together_again(code_of, name, family_name, given_name):
    patient_name = code_of("1.3.0", "trauma.patient_name")
    assert patient_name.split(name) == (family_name, given_name)
    assert patient_name.whole(family_name, given_name) == name


def test_1_3_0_writes_two_names_where_1_1_0_writes_one(code_of):
    new = code_of("1.3.0", "trauma.case_rows")
    for case_id, document in enumerate(CASES, 1):
        (before,), (after,) = (
            rows.case_rows(document, case_id, NOW)["trauma_case"]
            for rows in (code_of("1.1.0", "trauma.case_rows"), new)
        )
        assert after[2] + after[3] == before[2] == document["patient"]["name"]
        assert after[:2] + after[4:] == before[:2] + before[3:]
    assert new.TABLES["trauma_case"][2:4] == ("family_name", "given_name")


def test_2_0_0_writes_everything_but_the_length_of_stay(code_of):
    new = code_of("2.0.0", "trauma.case_rows")
    assert new.TABLES == {**case_rows.TABLES, "outcome": ("case_id", "iss", "outcome", "discharged_at")}
    for case_id, document in enumerate(CASES, 1):
        before, after = (rows.case_rows(document, case_id, NOW) for rows in (case_rows, new))
        assert after["outcome"] == [row[:-1] for row in before["outcome"]]
        assert {**after, "outcome": None} == {**before, "outcome": None}


def test_1_2_0_is_full_after_so_many_requests_that_are_no_look_at_its_health(assembled):
    # The class alone: the rest of its file needs Flask.
    tree = ast.parse((assembled("1.2.0") / "trauma/modules/statistics.py").read_text(encoding="utf-8"))
    kept = [node for node in tree.body if isinstance(node, ast.ClassDef) or "NOT_USE" in ast.unparse(node)[:8]]
    names = {"threading": __import__("threading")}
    exec(compile(ast.Module(kept, []), "statistics", "exec"), names)  # noqa: S102 (our own release)
    use = names["Use"](2)
    for path in ("/health/triage", "/ready", "/version", "/api/cases", "/", "/health"):
        use.count(path)
        assert not use.is_full
    use.count("/api/triage/levels")
    assert use.is_full
