"""统计: workload statistics (clause 2.6) and the start page."""

from __future__ import annotations

from flask import current_app, jsonify, render_template
from flask.typing import ResponseReturnValue

from trauma import case_store
from trauma.modules import common
from trauma.validation import today

blueprint = common.module_blueprint("statistics")


@blueprint.get("/api/statistics/workload")
def workload() -> ResponseReturnValue:
    """Workload of each month that overlaps the days asked for, with the figures of reporting."""
    begin, end = common.day_argument("from"), common.day_argument("to")
    with common.the_database().transaction(common.STATISTICS_SECONDS) as cursor:
        return jsonify(months=case_store.workload(cursor, begin, end))


@blueprint.get("/")
def start_page() -> ResponseReturnValue:
    """Today's figures, for people."""
    with common.the_database().transaction(common.REQUEST_SECONDS) as cursor:
        figures = case_store.figures_of_today(cursor)
    release = current_app.extensions["trauma_release"]
    return render_template("index.html", figures=figures, release=release, day=today())
