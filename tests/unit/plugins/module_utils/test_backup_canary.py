"""The database's side of a backup: rows beside it and after it, in this order, and only while it is seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.backup_canary import DATABASE, CanaryError, Watch
from ansible_collections.traumalink.ops.plugins.module_utils.backup_proof import Canary
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_server import ServerError

BEGIN, END = 3.0, 8.0


@dataclass
class Database:
    """A server on which a backup is seen from BEGIN to END of its own clock, and that notes what it is asked."""

    has_canaries: bool = True
    busy: tuple[str, ...] = ()
    seconds: float = 0.0
    asked: list[str] = field(default_factory=list)
    rows: int = 0

    def clock(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def value(self, sql: str) -> str:
        return self.query(sql)[0][0]

    def query(self, sql: str, database: str = "postgres", timeout_seconds: float = 30.0) -> list[list[str]]:
        return self.session([sql], database, timeout_seconds)

    def session(self, statements: Sequence[str], database: str = "postgres", timeout_seconds: Any = 30.0) -> Any:
        text = " ".join(statements)
        self.asked.append(f"{database}: {text}")
        if "pg_stat_activity" in text:
            return [["1" if BEGIN <= self.seconds < END else "0"]]
        if "INSERT" in text:
            assert database == DATABASE
            self.rows += 1
            return [[str(self.rows)], [f"0/{self.rows:02X}000100"]]
        if "content" in text:
            if database in self.busy:
                return [["null"]]
            return [['{"lsn": "0/A0", "tables": {}, "sequences": {}}']]
        for words, answer in {
            "SELECT 1 FROM pg_database": [["1"]] if self.has_canaries else [],
            "system_identifier": [["77", "4711", "00000002"]],
            "datcollversion": [],
            "pg_database_collation_actual_version": [["postgres", ""], ["trauma", "2.36"]],
            "pg_extension": [["plpgsql", "1.0"]],
            "pg_switch_wal": [["000000020000000000000009"]],
        }.items():
            if words in text:
                return answer
        return []

    def position_of(self, text: str) -> int:
        """Return when something was asked first."""
        return next(index for index, asked in enumerate(self.asked) if text in asked)


def watch(database: Database, **options: Any) -> Watch:
    return Watch(database, clock=database.clock, sleep=database.sleep, **options)  # type: ignore[arg-type]


def test_rows_are_committed_beside_the_backup_and_after_it_and_then_the_segment_ends() -> None:
    database = Database()
    observed = watch(database).observe()
    assert len(observed.during) >= 3
    assert observed.during[0] == Canary(1, "0/01000100")
    assert observed.after.id == observed.during[-1].id + 1
    assert (observed.system_id, observed.next_xid, observed.timeline) == (77, 4711, 2)
    assert observed.proven_to == "000000020000000000000009"
    assert observed.collations == {"trauma": "2.36"}
    assert observed.extensions == {"postgres/plpgsql": "1.0", "trauma/plpgsql": "1.0"}
    last = [database.position_of(text) for text in ("trauma: ", "('after')", "pg_switch_wal")]
    assert last == sorted(last)
    assert database.seconds >= END


def test_a_row_is_behind_its_commit_on_disk() -> None:
    database = Database()
    watch(database).observe()
    row = next(asked for asked in database.asked if "INSERT" in asked)
    assert "synchronous_commit = 'local'" in row
    assert row.index("INSERT") < row.index("pg_current_wal_flush_lsn()")


def test_a_long_backup_gets_fewer_rows() -> None:
    database = Database()
    observed = watch(database).observe()
    assert len(observed.during) <= 8, "a quarter of a second at first, half as much again each time"


def test_its_own_database_is_made_where_there_is_none_and_nobody_else_may_enter_it() -> None:
    database = Database(has_canaries=False)
    watch(database).observe()
    made = [asked for asked in database.asked if "CREATE DATABASE" in asked or "REVOKE" in asked]
    assert made == [
        f"postgres: CREATE DATABASE {DATABASE}", f"postgres: REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC",
    ]  # fmt: skip
    assert database.position_of("CREATE TABLE IF NOT EXISTS") < database.position_of("pg_stat_activity")
    database = Database()
    watch(database).observe()
    assert not any("CREATE DATABASE" in asked for asked in database.asked)
    assert any("60 days" in asked for asked in database.asked if asked.startswith(DATABASE))


def test_a_backup_that_is_never_seen_is_an_error() -> None:
    database = Database()
    with pytest.raises(CanaryError, match=r"no backup was seen from the database within 2 s.*forks must be 2"):
        watch(database, start_seconds=2.0).observe()
    assert database.rows == 0


def test_a_database_that_is_never_quiet_is_said_and_the_others_are_summed() -> None:
    observed = watch(Database(busy=("trauma",))).observe()
    assert [content.database for content in observed.content] == ["postgres"]
    assert "database trauma was never without a transaction" in observed.busy[0]


def test_content_can_be_left_out() -> None:
    database = Database()
    observed = watch(database, budget_bytes=0).observe()
    assert (observed.content, observed.busy) == ((), ())
    assert not any("content" in asked for asked in database.asked)


def test_a_server_that_goes_away_is_an_error() -> None:
    database = Database()
    database.value = lambda _sql: (_ for _ in ()).throw(ServerError("PostgreSQL on port 5432: gone"))  # type: ignore[method-assign]
    with pytest.raises(ServerError, match="gone"):
        watch(database).observe()


def test_facts_are_plain() -> None:
    facts = watch(Database()).observe().facts()
    assert facts["after"] == {"id": facts["during"][-1]["id"] + 1, "lsn": facts["after"]["lsn"]}
    assert facts["content"][0]["database"] == "postgres"
