"""What the blueprints share: the process's database, the health route, and errors in Chinese and English."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from flask import Blueprint, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from trauma import health
from trauma.database import Database
from trauma.validation import InvalidDocumentError, Problem

# A request waits this long for the database at most.
REQUEST_SECONDS = 10.0
# Statistics read every case of their months.
STATISTICS_SECONDS = 30.0


def the_database() -> Database:
    """The pool of this process."""
    return cast(Database, current_app.extensions["trauma_database"])


def module_blueprint(module: str) -> Blueprint:
    """A blueprint for a functional module, with its `/health/<module>`."""
    blueprint = Blueprint(module, __name__)

    @blueprint.get(f"/health/{module}", endpoint="health")
    def module_health() -> ResponseReturnValue:
        answer, status = health.check(the_database(), module)
        return jsonify(answer), status

    return blueprint


def error_answer(status: int, zh: str, en: str, problems: list[dict[str, str]] | None = None) -> ResponseReturnValue:
    """An error as JSON: one sentence in each language, and the problems of a document."""
    body: dict[str, Any] = {"error": {"zh": zh, "en": en}}
    if problems:
        body["problems"] = problems
    return jsonify(body), status


def day_argument(name: str) -> date:
    """A day out of the query string. Raises `InvalidDocumentError`."""
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError as error:
        problem = Problem(name, "必须是日期，如 2026-01-31", "must be a date such as 2026-01-31")
        raise InvalidDocumentError([problem]) from error


def limit_argument() -> int:
    """`limit` out of the query string: 1 to 1000, 100 when absent. Raises `InvalidDocumentError`."""
    text = request.args.get("limit", "100")
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 1000:
        return int(text)
    raise InvalidDocumentError([Problem("limit", "必须是1至1000之间的整数", "must be a whole number from 1 to 1000")])


def json_body() -> object:
    """The request's JSON. Raises `InvalidDocumentError` when it is none."""
    try:
        body = request.get_json(force=True, silent=True)
    except RecursionError:
        body = None
    if body is None:
        raise InvalidDocumentError([Problem("$", "请求体不是有效的JSON", "the body is not valid JSON")])
    return body
