"""预检分诊: patients by triage level."""

from __future__ import annotations

from flask import jsonify
from flask.typing import ResponseReturnValue

from trauma import case_store
from trauma.modules import common

blueprint = common.module_blueprint("triage")


@blueprint.get("/api/triage/levels")
def levels() -> ResponseReturnValue:
    """Number of patients of each triage level, called from one day to another, both included."""
    begin, end = common.day_argument("from"), common.day_argument("to")
    with common.the_database().transaction(common.REQUEST_SECONDS) as cursor:
        return jsonify(levels=case_store.triage_levels(cursor, begin, end))
