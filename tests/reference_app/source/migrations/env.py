"""Alembic's environment: one transaction for each upgrade, as the role that owns the database."""

from __future__ import annotations

import os

import psycopg2
import sqlalchemy
from alembic import context

# A migration that cannot get a lock gives up, so that it never queues in front of the application's requests.
LOCK_TIMEOUT_SECONDS = int(os.environ.get("MIGRATION_LOCK_TIMEOUT_SECONDS", "5"))
# Two migration runs at once take turns.
MIGRATION_LOCK = 7_265_002


def _connect() -> object:
    return psycopg2.connect(
        os.environ["DATABASE_DSN"], application_name="trauma-migrate", options="-c search_path=public"
    )


def run() -> None:
    """Apply what `alembic upgrade` asked for."""
    engine = sqlalchemy.create_engine("postgresql+psycopg2://", creator=_connect, poolclass=sqlalchemy.pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, version_table_schema="public")
        with context.begin_transaction():
            connection.execute(sqlalchemy.text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
            connection.execute(sqlalchemy.text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'"))
            context.run_migrations()


run()
