"""Alembic's environment: a transaction for each migration, as the role that owns the database."""

from __future__ import annotations

import sqlalchemy
from alembic import context
from trauma import migration_session


def run() -> None:
    """Apply what `alembic upgrade` asked for."""
    engine = sqlalchemy.create_engine(
        "postgresql+psycopg2://", creator=migration_session.open_session, poolclass=sqlalchemy.pool.NullPool
    )
    with engine.connect() as connection:
        context.configure(connection=connection, version_table_schema="public", transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()


run()
