"""院内救治: the steps of treatment."""

from __future__ import annotations

from flask import jsonify
from flask.typing import ResponseReturnValue

from trauma import case_store
from trauma.modules import common

blueprint = common.module_blueprint("treatment")


@blueprint.post("/api/cases/<number>/treatment-steps")
def add_step(number: str) -> ResponseReturnValue:
    """Add a step of treatment to a case."""
    body = common.json_body()
    with common.the_database().transaction(common.REQUEST_SECONDS) as cursor:
        step_number = case_store.add_treatment_step(cursor, number, body)
    if step_number is None:
        return common.error_answer(404, f"没有病例 {number}", f"there is no case {number}")
    return jsonify(case_number=number, step_number=step_number), 201
