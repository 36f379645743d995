# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a restore shall come: to a time, a restore point, an LSN, a transaction, or the end; read from what a person typed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from .errors import OpsError
from .wal import WalError, lsn_text, position

__all__ = ["END", "LSN", "NAME", "TIME", "XID", "Goal", "GoalError", "instant", "read_goal", "read_time"]

END, TIME, NAME, LSN, XID = "end", "time", "name", "lsn", "xid"
NAME_BYTES = 63  # pg_create_restore_point refuses more (src/include/access/xlog_internal.h, MAXFNAMELEN)
FIRST_XID = 3  # src/include/access/transam.h, FirstNormalTransactionId
XID_BITS = 32  # pg_current_xact_id() puts the epoch in front, the WAL has the rest alone
WRITTEN = re.compile(r"(\d{4}-\d{2}-\d{2})[T ]\s*(\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,6})?)?)\s*(.*)")
OFFSET = re.compile(r"(?:UTC|GMT)?([+-]\d{2}):?(\d{2})?|Z|UTC|GMT", re.I)
EXAMPLES = "2026-11-29 03:15:00+08:00 or 2026-11-29 03:15:00 Asia/Shanghai"


class GoalError(OpsError):
    """What was typed is no target of a restore."""


@dataclass(frozen=True)
class Goal:
    """How far a restore shall come.

    Attributes:
        kind: END, TIME, NAME, LSN or XID.
        value: the name, the position, the transaction's number; as PostgreSQL is told, a time in UTC.
        at: the time, aware, UTC; for TIME alone.
    """

    kind: str = END
    value: str = ""
    at: datetime | None = None

    @property
    def words(self) -> str:
        """The goal for a message."""
        kinds = {NAME: f'restore point "{self.value}"', LSN: f"position {self.value}", XID: f"transaction {self.value}"}
        return instant(self.at) if self.at else kinds.get(self.kind, "the end of the archived WAL")


def instant(at: datetime) -> str:
    """Return a time as messages write it: UTC, to the microsecond where it has any."""
    at = at.astimezone(UTC)
    return f"{at:%Y-%m-%d %H:%M:%S}{f'.{at:%f}'.rstrip('0') if at.microsecond else ''} UTC"


def read_goal(given: Mapping[str, str]) -> Goal:
    """Return the goal that a person gave.

    Args:
        given: `time`, `name`, `lsn` and `xid`, empty or missing where not wanted.

    Raises:
        GoalError: more than one is given, or it cannot be read.
    """
    wanted = {kind: text.strip() for kind in (TIME, NAME, LSN, XID) if (text := given.get(kind) or "").strip()}
    if len(wanted) > 1:
        named = " and ".join(f"restore_target_{kind}" for kind in wanted)
        raise GoalError(f"{named} are given; a restore has one target")
    if not wanted:
        return Goal()
    ((kind, text),) = wanted.items()
    if kind == TIME:
        at = read_time(text)
        return Goal(TIME, f"{at:%Y-%m-%d %H:%M:%S.%f}+00", at)
    if kind == NAME and (len(given[NAME].encode()) > NAME_BYTES or re.search(r"[\x00-\x1f\x7f]", given[NAME])):
        raise GoalError(
            f"restore_target_name {given[NAME]!r} can be no restore point's name: those are one line of at most {NAME_BYTES} bytes"
        )
    if kind == LSN:
        try:
            return Goal(LSN, lsn_text(position(text)))
        except WalError as error:
            raise GoalError(f"restore_target_lsn: {error}") from None
    if kind == XID:
        if not text.isascii() or not text.isdigit() or int(text) % 2**XID_BITS < FIRST_XID or int(text) >= 2**64:
            raise GoalError(f"restore_target_xid {text!r} is no transaction's number, such as 4711")
        return Goal(XID, str(int(text) % 2**XID_BITS))
    return Goal(NAME, given[NAME])


def read_time(text: str) -> datetime:
    """Return a time with its zone as an aware time in UTC.

    Raises:
        GoalError: it is no time, has no zone, or its zone's clocks have shown it twice or never.
    """
    found = WRITTEN.fullmatch(text)
    try:
        if not found:
            raise ValueError
        naive = datetime.fromisoformat(f"{found[1]}T{found[2].replace(',', '.')}")
    except ValueError:
        raise GoalError(f"restore_target_time {text!r} is no time; write it as {EXAMPLES}") from None
    zone = found[3].strip()
    if not zone:
        raise GoalError(
            f"restore_target_time {text!r} has no time zone, so it may be any of 24 hours; write it as {EXAMPLES}"
        )
    if offset := OFFSET.fullmatch(zone):
        sign = -1 if (offset[1] or "+").startswith("-") else 1
        away = timedelta(hours=abs(int(offset[1] or 0)), minutes=int(offset[2] or 0))
        return (naive - sign * away).replace(tzinfo=UTC)
    try:
        place = ZoneInfo(zone) if "/" in zone else None
    except (KeyError, OSError, ValueError):
        place = None
    if place is None:
        raise GoalError(
            f"restore_target_time {text!r}: {zone!r} is no time zone that has one meaning; write an offset or a zone's full name: {EXAMPLES}"
        )
    first, second = (naive.replace(tzinfo=place, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first.astimezone(place).replace(tzinfo=None) != naive:
        raise GoalError(
            f"restore_target_time {text!r} was never: the clocks of {zone} were put forward over it; write it with an offset"
        )
    if first != second:
        raise GoalError(
            f"restore_target_time {text!r} was twice, since the clocks of {zone} were put back: write {instant(first)} or {instant(second)}"
        )
    return first
