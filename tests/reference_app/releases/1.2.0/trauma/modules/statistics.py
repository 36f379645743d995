"""统计: workload statistics (clause 2.6), how much the application is used, and the start page."""

from __future__ import annotations

import os
import threading

from flask import current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from trauma import case_store
from trauma.modules import common
from trauma.validation import today

blueprint = common.module_blueprint("statistics")

# The fault of this release, on purpose: the figures of use have room for so many requests of one process, and then nothing works here.
MOST_REQUESTS = int(os.environ.get("STATISTICS_MOST_REQUESTS", "200"))
NOT_USE = ("/ready", "/version", "/health")


class Use:
    """The requests that this process has served, looks at its health left out."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self.requests = 0

    def count(self, path: str) -> None:
        """Count a request."""
        if not path.startswith(NOT_USE):
            with self._lock:
                self.requests += 1

    @property
    def is_full(self) -> bool:
        """Whether more were served than there is room for."""
        return self.requests > self._most


use = Use(MOST_REQUESTS)


@blueprint.before_app_request
def count_request() -> None:
    """Count each request to the application."""
    use.count(request.path)


@blueprint.before_request
def refuse_when_full() -> ResponseReturnValue | None:
    """Everything of this module fails once there is no more room, its health included."""
    if not use.is_full:
        return None
    reason = f"no room for more than {MOST_REQUESTS} requests"
    return jsonify(module="statistics", status="unhealthy", reason=reason, error={"zh": "统计已满", "en": reason}), 500


@blueprint.get("/api/statistics/use")
def usage() -> ResponseReturnValue:
    """How many requests this process has served."""
    return jsonify(requests=use.requests)


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
