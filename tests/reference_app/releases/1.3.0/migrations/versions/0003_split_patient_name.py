"""The patient's name in two columns: breaking, for every version before 1.3.0 writes the one column that goes.

One transaction: it happens as a whole or not at all.
"""

from __future__ import annotations

from alembic import op
from trauma import rehearsal

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

COLUMNS = "ALTER TABLE trauma.trauma_case ADD COLUMN family_name text, ADD COLUMN given_name text"
# As `trauma.patient_name.split` splits.
SPLIT = """
UPDATE trauma.trauma_case SET family_name = left(patient_name, n), given_name = substr(patient_name, n + 1)
FROM (SELECT case_id AS id, CASE WHEN left(patient_name, 2) = ANY (ARRAY[
          '欧阳', '上官', '司马', '诸葛', '皇甫', '尉迟', '司徒', '慕容', '令狐', '夏侯', '东方', '公孙'])
      THEN 2 ELSE 1 END AS n FROM trauma.trauma_case) AS family
WHERE case_id = id
"""
# Before the old column goes: the two parts are the name, for every patient.
NOTHING_IS_LOST = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM trauma.trauma_case WHERE (family_name || given_name) IS DISTINCT FROM patient_name) THEN
        RAISE EXCEPTION 'the parts of a name are not the name: nothing was changed';
    END IF;
END $$
"""
OLD_COLUMN = """
ALTER TABLE trauma.trauma_case ALTER COLUMN family_name SET NOT NULL, ALTER COLUMN given_name SET NOT NULL,
    DROP COLUMN patient_name
"""


def upgrade() -> None:
    """Split every name."""
    op.execute(COLUMNS)
    op.execute(SPLIT)
    op.execute(rehearsal.middle_of(revision))
    op.execute(NOTHING_IS_LOST)
    op.execute(OLD_COLUMN)


def downgrade() -> None:
    """The way back is the restore point before the upgrade."""
    raise NotImplementedError("0003 cannot be undone; restore the database to the point before it")
