"""Checks and applies one migration: `python3 -m trauma.migrate check|apply 0001`, as the database's owner.

`check` exits 0 when the migration is applied, 1 when it is pending, 2 on an error. `apply` exits 0 when the migration
is applied afterwards; applying it again changes nothing.

Revision ids are four digits and their history is one line, so a database that is ahead of this release (after a
rollback of an expand-only upgrade) still answers for the older ids.

Where a lock is in the way, `apply` tries again (`trauma.migration_session`).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from trauma import migration_session, settings

APPLIED, PENDING, ERROR = 0, 1, 2


def current_revision(dsn: str) -> str | None:
    """The revision the database is at; None for an empty one. Raises psycopg2's errors."""
    import psycopg2

    connection = psycopg2.connect(dsn, connect_timeout=10, application_name="trauma-migrate")
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('public.alembic_version')")
            if cursor.fetchone() == (None,):
                return None
            cursor.execute("SELECT version_num FROM public.alembic_version ORDER BY version_num DESC LIMIT 1")
            row = cursor.fetchone()
            return None if row is None else str(row[0])
    finally:
        connection.close()


def is_applied(current: str | None, revision: str) -> bool:
    """Whether a database at `current` has `revision` behind it."""
    return current is not None and current >= revision


def apply(revision: str) -> None:
    """Bring the database up to `revision`. Raises `WaitedTooLongError`, alembic's and psycopg2's errors."""
    from alembic import command
    from alembic.config import Config

    configuration = Config()
    configuration.set_main_option("script_location", str(settings.RELEASE_DIRECTORY / "migrations"))
    patience_seconds = migration_session.from_environment().patience_seconds
    migration_session.persisting(lambda: command.upgrade(configuration, revision), patience_seconds)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="trauma.migrate", description="Check or apply one database migration")
    parser.add_argument("action", choices=["check", "apply"])
    parser.add_argument("revision", help="four digits, such as 0001")
    options = parser.parse_args(arguments)
    # Python's own exit status for an uncaught error is 1, which would say "pending".
    try:
        dsn = settings.from_environment().database_dsn
        current = current_revision(dsn)
        if is_applied(current, options.revision):
            print(f"{options.revision} is applied (the database is at {current})")
            return APPLIED
        if options.action == "check":
            print(f"{options.revision} is pending (the database is at {current or 'nothing yet'})")
            return PENDING
        apply(options.revision)
        print(f"{options.revision} applied")
        return APPLIED
    except Exception as error:
        # What the database said, without the statement: the end of a long text is all that is kept of it.
        print(f"migration {options.revision}: {getattr(error, 'orig', error)}", file=sys.stderr)
        return ERROR


if __name__ == "__main__":
    sys.exit(main())
