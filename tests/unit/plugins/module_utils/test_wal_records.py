"""What pg_waldump prints, read."""

from __future__ import annotations

from datetime import UTC, datetime

from ansible_collections.traumalink.ops.plugins.module_utils.wal import position
from ansible_collections.traumalink.ops.plugins.module_utils.wal_records import (
    Ended,
    Point,
    error_at,
    last_position,
    parse_records,
)

# pg_waldump 15.18 in the lab, with TZ=UTC.
TEXT = """\
first record is after 0/5000000, at 0/5000028, skipping over 40 bytes
rmgr: XLOG        len (rec/tot):    114/   114, tx:          0, lsn: 0/05000028, prev 0/04FFFFD8, desc: CHECKPOINT_ONLINE redo 0/5000028; tli 1; xid 0:740; online
rmgr: Transaction len (rec/tot):     34/    34, tx:        741, lsn: 0/050000A0, prev 0/05000028, desc: COMMIT 2026-11-29 01:02:03.500000 UTC
rmgr: Transaction len (rec/tot):    178/   178, tx:        742, lsn: 0/050000C8, prev 0/050000A0, desc: COMMIT 2026-11-29 01:02:04 UTC; subxacts: 743 744; inval msgs: catcache 80
rmgr: XLOG        len (rec/tot):    106/   106, tx:          0, lsn: 0/05000180, prev 0/050000C8, desc: RESTORE_POINT before it's 升级
rmgr: Transaction len (rec/tot):     34/    34, tx:        745, lsn: 0/050001F0, prev 0/05000180, desc: ABORT 2026-11-29 01:02:05 UTC
rmgr: Transaction len (rec/tot):     50/    50, tx:          0, lsn: 0/05000218, prev 0/050001F0, desc: COMMIT_PREPARED 746: 2026-11-29 01:02:06 UTC
rmgr: Transaction len (rec/tot):     50/    50, tx:        747, lsn: 0/06000030, prev 0/05000218, desc: COMMIT 2026-11-29 01:02:07 UTC
"""
AT = datetime(2026, 11, 29, 1, 2, 3, 500000, tzinfo=UTC)


def test_reads_ends_of_transactions_and_restore_points_of_one_stretch() -> None:
    found = parse_records(TEXT, position("0/5000000"), position("0/6000000"))
    assert found.ends[0] == Ended(position("0/50000A0"), 741, AT)
    assert [(end.xid, end.committed, end.parts) for end in found.ends] == [
        (741, True, ()),
        (742, True, (743, 744)),
        (745, False, ()),
        (746, True, ()),
    ]
    assert found.points == (Point(position("0/5000180"), "before it's 升级"),)
    assert [end.xid for end in found.commits] == [741, 742, 746]
    assert [end.xid for end in parse_records(TEXT, position("0/6000000"), position("0/7000000")).ends] == [747]


def test_reads_where_the_last_record_begins_and_where_it_could_not_go_on() -> None:
    assert last_position(TEXT) == position("0/6000030")
    assert last_position("first record is after 0/5000000\n") is None
    said = "pg_waldump: error: error in WAL record at 0/6000030: invalid record length at 0/6000068: wanted 24, got 0\n"
    assert error_at(said) == position("0/6000030")
    assert error_at("pg_waldump: fatal: could not open file") is None
