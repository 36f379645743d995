# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proof of content: counts and sums over a database's tables that belong to one position in the WAL, and the comparison with them.

A commit is in the WAL before other transactions see it. So the state that a snapshot shows is the one at a position only where no transaction is
under way and nothing was written around the moment at which the snapshot was taken; such a moment is waited for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from .backup_proof import Content, content_of
from .errors import OpsError
from .postgresql_server import Server, ServerError

__all__ = ["BusyError", "differences", "sum_content"]

# Whatever changes the text of a value, so that both sides see the same text. The names of types stand with their schema then. PostgreSQL 17 has a
# time-out for transactions, which older ones refuse by its name.
SETTINGS = """
SET search_path = ''; SET timezone = 'UTC'; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres'; SET extra_float_digits = 3;
SET bytea_output = 'hex'; SET xmlbinary = 'base64'; SET lc_monetary = 'C'; SET lock_timeout = '5s'; SET statement_timeout = 0;
SET default_transaction_isolation = 'repeatable read';
DO $settings$ BEGIN PERFORM set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name = 'transaction_timeout'; END $settings$
"""
# PostgreSQL documentation: 9.4 (hashtextextended), TABLESAMPLE SYSTEM … REPEATABLE: the same blocks each time, by their number.
SUM = """SELECT count(*), coalesce(sum(hashtextextended((counted.*)::text COLLATE "C", 0)), 0)::text FROM ONLY %s AS counted"""
SAMPLE = " TABLESAMPLE SYSTEM (%s) REPEATABLE (0)"

# Unlogged tables are empty after a restore. A table that was rewritten since the snapshot looks empty to it, hence the look at its file.
# Tables beyond the budget share what the smaller ones leave of it.
CONTENT = """
DO $content$
DECLARE
  give_up timestamptz := clock_timestamp() + make_interval(secs => {quiet_seconds});
  budget numeric := {budget_bytes};
  seen pg_lsn; at pg_lsn; snapshot pg_snapshot; sequences jsonb; entry record; share numeric; percent numeric; counted bigint; total text;
  tables jsonb := '{{}}'; left_out jsonb := '[]';
BEGIN
  LOOP
    seen := pg_current_wal_insert_lsn();
    COMMIT;
    SELECT pg_current_snapshot(), (SELECT coalesce(jsonb_object_agg(format('%I.%I', n.nspname, c.relname), pg_sequence_last_value(c.oid)), '{{}}')
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'S' AND c.relpersistence = 'p'), pg_current_wal_insert_lsn()
      INTO snapshot, sequences, at;
    EXIT WHEN at = seen AND pg_snapshot_xmin(snapshot) = pg_snapshot_xmax(snapshot);
    IF clock_timestamp() > give_up THEN
      PERFORM set_config('traumalink.content', 'null', false);
      RETURN;
    END IF;
    PERFORM pg_sleep(0.01);
    COMMIT;
  END LOOP;
  FOR entry IN
    SELECT oid, name, relfilenode, bytes, count(*) OVER () - row_number() OVER (ORDER BY bytes, name) + 1 AS remaining FROM (
      SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name, c.relfilenode, pg_table_size(c.oid) AS bytes
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relpersistence = 'p' AND c.relkind IN ('r', 'm') AND c.relispopulated
      AND (n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' OR c.oid = 'pg_catalog.pg_largeobject'::regclass)) AS listed
    ORDER BY bytes, name
  LOOP
    share := budget / entry.remaining;
    percent := CASE WHEN entry.bytes <= share THEN 100 ELSE greatest(round(100 * share / entry.bytes, 3), 0.001) END;
    budget := budget - least(entry.bytes, share);
    BEGIN
      EXECUTE format({sum}, entry.name) || CASE WHEN percent < 100 THEN format({sample}, percent) ELSE '' END INTO counted, total;
      IF pg_relation_filenode(entry.oid) IS DISTINCT FROM entry.relfilenode THEN
        RAISE 'rewritten';
      END IF;
      tables := tables || jsonb_build_object(entry.name, jsonb_build_object('rows', counted, 'sum', total, 'percent', percent));
    EXCEPTION WHEN OTHERS THEN
      left_out := left_out || to_jsonb(entry.name);
    END;
  END LOOP;
  PERFORM set_config('traumalink.content', jsonb_build_object('lsn', at, 'tables', tables, 'sequences', sequences, 'left_out', left_out)::text, false);
END
$content$
"""


class BusyError(OpsError):
    """Transactions were under way all the time."""


def sum_content(server: Server, database: str, budget_bytes: int, quiet_seconds: float = 20.0) -> Content:
    """Return counts and sums of a database's tables at one position.

    Args:
        budget_bytes: how much is read about; of larger tables a part, always the same blocks.
        quiet_seconds: how long to wait for a moment without any transaction.

    Raises:
        BusyError: there was no such moment.
        ServerError: the server is away or refuses.
    """
    statement = CONTENT.format(
        quiet_seconds=quiet_seconds, budget_bytes=budget_bytes, sum=literal(SUM), sample=literal(SAMPLE)
    )
    asked = [SETTINGS, statement, "SELECT current_setting('traumalink.content')"]
    answer = json.loads(server.session(asked, database, timeout_seconds=None)[0][0])
    if answer is None:
        raise BusyError(
            f"database {database} was never without a transaction for a moment within {quiet_seconds:.0f} s: one that is left open holds it up "
            "(pg_stat_activity, pg_prepared_xacts), so its content is not proven"
        )
    return content_of({"database": database, **answer})


def literal(text: str) -> str:
    """Return a text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def differences(server: Server, content: Content) -> Iterator[str]:
    """Yield in words what a restored server that stopped at the content's position has otherwise.

    Raises:
        ServerError: the server is away, or a table cannot be read at all.
    """
    for name, table in content.tables.items():
        statement = SUM % name + (SAMPLE % f"{table.percent:g}" if table.percent < 100 else "")
        try:
            rows, total = server.session([SETTINGS, statement], content.database, timeout_seconds=None)[0]
        except ServerError as error:
            yield f"table {name} of {content.database} cannot be read: {error}"
            continue
        if (int(rows), total) != (table.rows, table.sum):
            yield f"table {name} of {content.database} has {rows} rows with the sum {total}, not {table.rows} with {table.sum}"
    for name, value in content.sequences.items():
        found = server.session(
            [f"SELECT coalesce(pg_sequence_last_value({literal(name)}::regclass)::text, '')"], content.database
        )[0][0]
        if value is not None and (not found or abs(int(found)) < abs(value)):
            yield f"sequence {name} of {content.database} is at {found or 'its start'}, not at {value} or beyond"
