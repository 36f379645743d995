"""What a rehearsal may ask of a migration, by settings of the database: to fail or to pause in its middle.

    ALTER DATABASE trauma SET trauma.fail_migration = '0002';
    ALTER DATABASE trauma SET trauma.pause_migration_seconds = '20';

Without these settings nothing happens.
"""

from __future__ import annotations


def middle_of(revision: str) -> str:
    """The statement that stands in the middle of a migration."""
    return f"""
DO $$ BEGIN
    PERFORM pg_sleep(coalesce(nullif(current_setting('trauma.pause_migration_seconds', true), ''), '0')::float8);
    IF current_setting('trauma.fail_migration', true) = '{revision}' THEN
        RAISE EXCEPTION 'migration {revision} fails in its middle, as trauma.fail_migration asks';
    END IF;
END $$
"""
