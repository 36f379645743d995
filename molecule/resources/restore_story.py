"""A story to restore from: rows in the strange database, each committed alone in its segment, with all the ways of saying when that was."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import strange_database
from faults import await_segment, info
from flows import Run, play, session, sql
from site_access import reported
from strange_database import STRANGE

LAST = 6
ZONE = "Asia/Shanghai"
CLOCK = """SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')"""
LOCAL_CLOCK = f"SELECT to_char(clock_timestamp() AT TIME ZONE '{ZONE}', 'YYYY-MM-DD HH24:MI:SS.US') || ' {ZONE}'"
SEGMENT = "SELECT pg_walfile_name(pg_switch_wal())"


@dataclass(frozen=True)
class Step:
    """A row that was committed alone in its segment.

    Attributes:
        id: of the row; xid: of its transaction.
        began: before its commit; at: behind it, as a person writes it; closed: behind the restore point. By the clock of the database's host.
        lsn: a position behind its commit; point: a restore point behind it.
        segment: that the commit lies in.
    """

    id: int
    xid: str
    lsn: str
    began: datetime
    at: str
    closed: datetime
    segment: str
    point: str


@dataclass(frozen=True)
class Moment:
    """What a restore is asked for, and what must be there then.

    Attributes:
        variables: that ask for it.
        backup: the set from which it comes back.
        rows, content: of the strange database.
        earliest, latest: the last commit that comes back lies between them.
    """

    variables: dict[str, str]
    backup: str
    rows: list[int]
    content: dict[str, str]
    earliest: datetime
    latest: datetime


@dataclass(frozen=True)
class Story:
    """What was written, on which timeline, and the full backup before it.

    Attributes:
        content: of the strange database's other tables, which has been the same all the time.
        twice: the name of a restore point that stands behind each of the later rows.
    """

    steps: tuple[Step, ...]
    backup: str
    timeline: int
    content: dict[str, str]
    twice: str

    def moment(self, kind: str, number: int) -> Moment:
        """Return the moment behind a row, asked for in one of the ways."""
        step = self.steps[number - 1]
        target, earliest, latest = {
            "time": (step.at, step.began, local(step.at)),
            "lsn": (step.lsn, step.began, local(step.at)),
            "xid": (step.xid, step.began, local(step.at)),
            # Before the point something else has been committed: what shows where the time is.
            "name": (step.point, local(step.at), step.closed),
        }[kind]
        variables = {f"restore_target_{kind}": target, "restore_timeline": str(self.timeline)}
        known = [each.id for each in self.steps[:number]]
        return Moment(variables, self.backup, known, self.content, earliest, latest)


def local(text: str) -> datetime:
    """Return a time that was written with the zone's name."""
    return datetime.fromisoformat(text.replace(f" {ZONE}", "+08:00"))


def step(number: int, point: str, *more: str) -> Step:
    """Commit one row, and begin another segment with a restore point; then what else is given."""
    began, xid, _message, lsn, at, _commit, segment, _point, *_answers, closed = session(
        CLOCK,
        f"INSERT INTO step (id) VALUES ({number}) RETURNING pg_current_xact_id()",
        "SELECT pg_logical_emit_message(false, 'traumalink', 'a record behind the commit')",
        "SELECT pg_current_wal_insert_lsn()",
        LOCAL_CLOCK,
        "SELECT pg_logical_emit_message(true, 'traumalink', 'a commit behind the time')",
        SEGMENT,
        restore_point(point),
        *more,
        CLOCK,
        database=STRANGE,
    )
    return Step(number, xid, lsn, datetime.fromisoformat(began), at, datetime.fromisoformat(closed), segment, point)


def restore_point(name: str) -> str:
    """Return what makes a restore point."""
    return f"SELECT pg_create_restore_point($${name}$$)"


def tell() -> Story:
    """Make the strange database, take a full backup, write LAST rows and one more; everything is archived then."""
    strange_database.make()
    run = play("backup", "-e", "backup_type=full")
    assert run.succeeded, run.output[-3000:]
    backup, content = labels()[-1], strange_database.content()
    # The names are this story's own: an earlier one stands in the archive as well.
    twice, steps = f"twice {backup}", []
    for number in range(1, LAST + 2):
        again = [restore_point(twice)] if LAST // 2 < number <= LAST else []
        steps.append(step(number, f"it's 升级 {number} {backup}", *again))
    await_segment(sql(SEGMENT))
    return Story(tuple(steps[:LAST]), backup, int(steps[0].segment[:8], 16), content, twice)


def the_end() -> Moment:
    """Commit a row, see it archived, and return the moment; the strange database must not be written to any more."""
    began, segment = session(CLOCK, "INSERT INTO step (id) SELECT max(id) + 1 FROM step", SEGMENT, database=STRANGE)
    await_segment(segment)
    known, content = strange_database.rows(), strange_database.content()
    # Whatever else is committed until the server is gone comes back too.
    return Moment({}, labels()[-1], known, content, datetime.fromisoformat(began), datetime.max.replace(tzinfo=UTC))


def restore(*arguments: str, **wanted: Any) -> tuple[Run, dict[str, Any]]:
    """Restore, and return the run with what it reported."""
    given = ("-e", json.dumps({"restore_confirm": "lab", **wanted}), *arguments)
    run = play("restore", *given, ANSIBLE_SHOW_CUSTOM_STATS="true", ANSIBLE_CALLBACK_RESULT_FORMAT="json")
    return run, reported(run.output).get("restore", {})


def labels() -> list[str]:
    """Return the sets of the repository, oldest first."""
    return [str(backup["label"]) for backup in info()["backup"]]
