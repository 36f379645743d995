"""The web process: `gunicorn --config gunicorn.conf.py trauma.web:application`."""

from __future__ import annotations

from typing import Any, cast

import psycopg2
from flask import Flask, current_app, jsonify
from flask.json.provider import DefaultJSONProvider
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from trauma import health, settings
from trauma.database import Database, DatabaseAwayError, use_deadlines
from trauma.modules import common, prehospital, registry, statistics, treatment, triage
from trauma.release import read_release
from trauma.validation import InvalidDocumentError

LARGEST_REQUEST_BYTES = 1024 * 1024


def create_application(configuration: settings.Settings) -> Flask:
    """The application with all functional modules. Does not touch the database."""
    application = Flask(__name__)
    application.config["MAX_CONTENT_LENGTH"] = LARGEST_REQUEST_BYTES
    json_provider = cast(DefaultJSONProvider, application.json)
    json_provider.ensure_ascii, json_provider.sort_keys = False, False
    release = read_release()
    application.extensions["trauma_release"] = release
    application.extensions["trauma_database"] = Database(
        configuration.database_dsn, f"trauma-web-{configuration.slot or 'none'}"
    )
    for module in (prehospital, triage, treatment, registry, statistics):
        application.register_blueprint(module.blueprint)

    @application.get("/version")
    def version() -> ResponseReturnValue:
        return jsonify(name=release.name, version=release.version, slot=configuration.slot)

    @application.get("/ready")
    def ready() -> ResponseReturnValue:
        """For the load balancer: this process answers, whatever the state of the database."""
        return jsonify(status="ready", version=release.version, slot=configuration.slot)

    @application.get("/health")
    def all_modules() -> ResponseReturnValue:
        return _all_modules()

    application.register_error_handler(InvalidDocumentError, _invalid)
    application.register_error_handler(DatabaseAwayError, _database_away)
    application.register_error_handler(psycopg2.errors.ReadOnlySqlTransaction, _database_away)
    application.register_error_handler(psycopg2.Error, _database_refuses)
    application.register_error_handler(HTTPException, _http_error)
    return application


def _all_modules() -> ResponseReturnValue:
    answers: list[dict[str, Any]] = []
    worst = 200
    for module in health.MODULES:
        answer, status = health.check(common.the_database(), module)
        answers.append(answer)
        worst = max(worst, status)
        if str(answer.get("reason", "")).startswith("database away"):
            break  # The others would wait for the same silence.
    return jsonify(status="healthy" if worst == 200 else "unhealthy", modules=answers), worst


def _invalid(error: InvalidDocumentError) -> ResponseReturnValue:
    problems = [{"path": problem.path, "zh": problem.zh, "en": problem.en} for problem in error.problems]
    first = error.problems[0]
    return common.error_answer(
        400, f"数据无效：{first.path} {first.zh}", f"invalid data: {first.path} {first.en}", problems
    )


def _database_away(error: Exception) -> ResponseReturnValue:
    # Only what happened: a database error may quote the row, and the journal holds no patient's data.
    current_app.logger.warning("database away: %s", type(error.__cause__ or error).__name__)
    return common.error_answer(503, "数据库暂时不可用，请稍后重试", "the database is away; try again soon")


def _database_refuses(error: psycopg2.Error) -> ResponseReturnValue:
    current_app.logger.error("database refuses: %s %s", type(error).__name__, error.pgcode)
    return common.error_answer(500, "数据库拒绝了该操作，请联系维护人员", "the database refused; call the maintainers")


def _http_error(error: HTTPException) -> ResponseReturnValue:
    return common.error_answer(error.code or 500, f"请求失败：{error.name}", error.description or error.name)


def _start() -> Flask:
    use_deadlines()
    return create_application(settings.from_environment())


application = _start()
