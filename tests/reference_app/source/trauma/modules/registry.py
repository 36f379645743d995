"""上报国家登记: the reports of severe cases to the national register."""

from __future__ import annotations

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from trauma import case_store
from trauma.modules import common

blueprint = common.module_blueprint("registry")


@blueprint.get("/api/registry/reports")
def reports() -> ResponseReturnValue:
    """Newest reports, all or of one status."""
    limit = common.limit_argument()
    with common.the_database().transaction(common.REQUEST_SECONDS) as cursor:
        return jsonify(reports=case_store.registry_reports(cursor, request.args.get("status"), limit))
