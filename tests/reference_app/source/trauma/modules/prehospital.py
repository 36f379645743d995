"""院前急救: entering whole cases, and reading them."""

from __future__ import annotations

from flask import jsonify
from flask.typing import ResponseReturnValue

from trauma import case_store, validation
from trauma.modules import common

blueprint = common.module_blueprint("prehospital")


@blueprint.post("/api/cases")
def create_case() -> ResponseReturnValue:
    """Enter one whole case in one transaction."""
    document = validation.case_document(common.json_body())
    with common.the_database().transaction(common.REQUEST_SECONDS) as cursor:
        case_id, number = case_store.create_case(cursor, document)
    return jsonify(case_number=number, case_id=case_id), 201


@blueprint.get("/api/cases/<number>")
def read_case(number: str) -> ResponseReturnValue:
    """One case with everything that belongs to it."""
    with common.the_database().transaction(common.REQUEST_SECONDS) as cursor:
        case = case_store.read_case(cursor, number)
    return (
        common.error_answer(404, f"没有病例 {number}", f"there is no case {number}") if case is None else jsonify(case)
    )


@blueprint.get("/api/cases")
def list_cases() -> ResponseReturnValue:
    """Cases called from one day to another, both included."""
    begin, end, limit = common.day_argument("from"), common.day_argument("to"), common.limit_argument()
    with common.the_database().transaction(common.REQUEST_SECONDS) as cursor:
        return jsonify(cases=case_store.list_cases(cursor, begin, end, limit))
