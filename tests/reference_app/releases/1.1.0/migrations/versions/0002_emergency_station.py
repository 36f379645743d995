"""The emergency station of a case, and the length of stay computed instead of read.

An expand migration: 1.0.0 works on before, during and after it. Each statement is committed by itself and holds its lock for an
instant; run again after it was cut off, it does only what is missing.
"""

from __future__ import annotations

from alembic import op
from trauma import migration_session, rehearsal

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

HAS_COLUMN = """
SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'trauma.trauma_case'::regclass AND attname = 'emergency_station')
"""
COLUMN = "ALTER TABLE trauma.trauma_case ADD COLUMN emergency_station text"

VIEW_READS_OLD_COLUMN = """
SELECT position('o.length_of_stay_days' IN pg_get_viewdef('report.case_figures'::regclass)) > 0
"""
# As in 0001, but for the length of stay: begun days as `trauma.case_rows.length_of_stay_days` counts them, within the column's type.
VIEW = """
CREATE OR REPLACE VIEW report.case_figures AS
SELECT c.case_id, c.case_number, c.call_at,
       date_trunc('month', c.call_at AT TIME ZONE 'Asia/Shanghai')::date AS month,
       c.injury_mechanism, c.sex,
       extract(year FROM age(c.call_at AT TIME ZONE 'Asia/Shanghai', c.birth_date))::integer AS age_years,
       t.level AS triage_level, t.rts, t.team_activated,
       round(extract(epoch FROM t.arrived_at - c.call_at) / 60, 1) AS call_to_arrival_minutes,
       (SELECT count(*) FROM trauma.injury i WHERE i.case_id = c.case_id) AS injuries,
       (SELECT count(*) FROM trauma.treatment_step s WHERE s.case_id = c.case_id) AS treatment_steps,
       (SELECT count(*) FROM trauma.treatment_step s WHERE s.case_id = c.case_id AND s.kind = '手术') AS operations,
       o.iss, o.outcome,
       CASE WHEN o.discharged_at IS NOT NULL
           THEN least(ceil(trunc(extract(epoch FROM o.discharged_at - t.arrived_at)) / 86400), 32767)::smallint
       END AS length_of_stay_days,
       r.status AS registry_status, r.reported_at
FROM trauma.trauma_case c
JOIN trauma.triage t USING (case_id)
JOIN trauma.outcome o USING (case_id)
LEFT JOIN trauma.registry_report r USING (case_id)
"""

INDEX_IS_VALID = (
    "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('trauma.trauma_case_emergency_station')"
)
DROP_INDEX = "DROP INDEX CONCURRENTLY trauma.trauma_case_emergency_station"
INDEX = """
CREATE INDEX CONCURRENTLY trauma_case_emergency_station ON trauma.trauma_case (emergency_station, call_at)
    WHERE emergency_station IS NOT NULL
"""


def upgrade() -> None:
    """Add what is missing, outside a transaction."""
    with op.get_context().autocommit_block():
        bind = op.get_bind()
        if not bind.exec_driver_sql(HAS_COLUMN).scalar():
            op.execute(COLUMN)
        op.execute(rehearsal.middle_of(revision))
        if bind.exec_driver_sql(VIEW_READS_OLD_COLUMN).scalar():
            op.execute(VIEW)
        with migration_session.waiting_in_nobodys_way(bind):
            valid = bind.exec_driver_sql(INDEX_IS_VALID).scalar()
            if valid is False:
                # What a CREATE INDEX CONCURRENTLY that was cut off leaves: never read, yet written to by each INSERT.
                op.execute(DROP_INDEX)
            if not valid:
                op.execute(INDEX)


def downgrade() -> None:
    """Both versions live with the expanded schema: there is nothing to go back for."""
    raise NotImplementedError("0002 stays: 1.0.0 works on with it")
