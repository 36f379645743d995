"""The stored length of stay goes: 2.0.0 neither reads nor writes it, and what it said follows from the times.

A contract migration: 1.1.0 still writes the column and cannot work without it. One transaction that holds its lock for an instant.
0003 is 1.3.0's, on another line from 1.1.0: a database that went there cannot come here, nor the other way.
"""

from __future__ import annotations

from alembic import op
from trauma import rehearsal

revision = "0004"
down_revision = "0002"
branch_labels = None
depends_on = None

OLD_COLUMN = "ALTER TABLE trauma.outcome DROP COLUMN length_of_stay_days"


def upgrade() -> None:
    """Drop the column that only versions before 2.0.0 use."""
    op.execute(rehearsal.middle_of(revision))
    op.execute(OLD_COLUMN)


def downgrade() -> None:
    """Versions before 2.0.0 do not come back."""
    raise NotImplementedError("0004 cannot be undone; go forward, or restore the database to the point before it")
