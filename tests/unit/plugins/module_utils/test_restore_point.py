"""A restore point counts when its WAL has left the host."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.command import Completed
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_server import Server
from ansible_collections.traumalink.ops.plugins.module_utils.restore_point import RestorePointError, make

SEGMENT = "000000020000000100000042"


class Database:
    """A server that archives what it is told to, one answer after another."""

    def __init__(self, *archived: str, failed: str = "") -> None:
        self.archived, self.failed, self.said = list(archived), failed, []
        self.now = 0.0

    def __call__(self, argv: Sequence[str], **_options: Any) -> Completed:
        statement = argv[-1]
        self.said.append(statement)
        answer = ""
        if "pg_create_restore_point" in statement:
            answer = f"1/42000110\x1f{SEGMENT}"
        elif "pg_stat_archiver" in statement:
            answer = f"{self.archived.pop(0) if len(self.archived) > 1 else self.archived[0]}\x1f{self.failed}"
        return Completed(tuple(argv), 0, answer + "\n", "")

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def made(database: Database, name: str = "upgrade_1") -> Any:
    return make(Server(database), name, 60, clock=database.clock, sleep=database.sleep)


@pytest.mark.parametrize("last", [SEGMENT, "000000020000000100000043", f"{SEGMENT}.00000028.backup"])
def test_it_is_there_when_its_segment_was_archived(last: str) -> None:
    database = Database("", "000000020000000100000041", "00000002.history", last)
    point = made(database)
    assert (point.name, point.lsn, point.segment, point.seconds) == ("upgrade_1", "1/42000110", SEGMENT, 1.5)
    assert [said for said in database.said if "pg_switch_wal" in said]


def test_what_is_not_archived_is_no_restore_point() -> None:
    with pytest.raises(RestorePointError, match=f"{SEGMENT}.*not archived within 60 s.*says that {SEGMENT} failed"):
        made(Database("000000020000000100000041", failed=SEGMENT))


@pytest.mark.parametrize("name", ["", "it's", "x" * 64, "名", "-x", "a b"])
def test_an_unfit_name_reaches_no_server(name: str) -> None:
    database = Database(SEGMENT)
    with pytest.raises(RestorePointError, match="no name of a restore point"):
        made(database, name)
    assert database.said == []
