"""院前急救: entering whole cases, and reading them."""

from __future__ import annotations

from flask import jsonify, request
from flask.typing import ResponseReturnValue
from trauma import case_store, emergency_station, validation
from trauma.case_rows import length_of_stay_days
from trauma.modules import common

blueprint = common.module_blueprint("prehospital")


@blueprint.post("/api/cases")
def create_case() -> ResponseReturnValue:
    """Enter one whole case in one transaction."""
    body = common.json_body()
    document, station = validation.case_document(body), emergency_station.of_document(body)
    with common.the_database().transaction(common.REQUEST_SECONDS) as cursor:
        case_id, number = case_store.create_case(cursor, document)
        emergency_station.store(cursor, case_id, station)
    return jsonify(case_number=number, case_id=case_id), 201


@blueprint.get("/api/cases/<number>")
def read_case(number: str) -> ResponseReturnValue:
    """One case with everything that belongs to it."""
    with common.the_database().transaction(common.REQUEST_SECONDS) as cursor:
        case = case_store.read_case(cursor, number)
    if case is None:
        return common.error_answer(404, f"没有病例 {number}", f"there is no case {number}")
    # Computed, not read: the stored column is still written for 1.0.0, and will go.
    stay_days = length_of_stay_days(case["triage"]["arrived_at"], case["outcome"]["discharged_at"])
    case["outcome"]["length_of_stay_days"] = stay_days
    return jsonify(case)


@blueprint.get("/api/cases")
def list_cases() -> ResponseReturnValue:
    """Cases called from one day to another, both included; those of one emergency station where it is named."""
    begin, end, limit = common.day_argument("from"), common.day_argument("to"), common.limit_argument()
    named = request.args.get("station")
    station = None if named is None else emergency_station.of_text(named)
    with common.the_database().transaction(common.REQUEST_SECONDS) as cursor:
        if station is None:
            return jsonify(cases=case_store.list_cases(cursor, begin, end, limit))
        return jsonify(cases=emergency_station.list_cases(cursor, station, begin, end, limit))
