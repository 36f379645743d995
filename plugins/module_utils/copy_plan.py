# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""To which moment one database or table comes back: what was asked for, and the set and the settings that lead there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from .drill_plan import PlanError, chosen_set
from .pgbackrest import Backup, Stanza
from .wal import WalError, position
from .wal_archive import WalArchive

__all__ = ["Moment", "moment_of", "set_for"]

END, TIME, LSN, NAME, XID = "end", "time", "lsn", "name", "xid"
NOTHING = "Nothing was changed"


@dataclass(frozen=True)
class Moment:
    """A moment in the WAL: its kind, what was given, and for a time that time (aware, UTC)."""

    kind: str = END
    value: str = ""
    at: datetime | None = None

    @property
    def settings(self) -> dict[str, str]:
        """The server's settings that stop there (PostgreSQL documentation, 20.5.5); a transaction and what was committed at the very time are in it."""
        if self.kind == END:
            return {}
        value = f"{self.at:%Y-%m-%d %H:%M:%S.%f+00}" if self.at else self.value
        inclusive = "off" if self.kind == LSN else "on"
        return {
            f"recovery_target_{self.kind}": value,
            "recovery_target_action": "pause",
            **({} if self.kind == NAME else {"recovery_target_inclusive": inclusive}),
        }

    @property
    def words(self) -> str:
        """The moment for people."""
        named = {
            END: "the end of the archive",
            TIME: "",
            LSN: "WAL position ",
            NAME: "restore point ",
            XID: "transaction ",
        }
        return f"{named[self.kind]}{self.value}"


def moment_of(given: Mapping[str, str], now: datetime) -> Moment:
    """Return the moment that was asked for.

    Args:
        given: `time`, `lsn`, `name`, `xid`; the empty ones were not given.

    Raises:
        PlanError: there are several, or it is none.
    """
    named = {kind: value for kind, value in given.items() if value}
    if not named:
        return Moment()
    if len(named) > 1:
        raise PlanError(
            f"{' and '.join(f'restore_target_{kind}' for kind in sorted(named))} are given; one target at most. {NOTHING}"
        )
    ((kind, value),) = named.items()
    if kind == TIME:
        return Moment(TIME, value, time_of(value, now))
    if kind == LSN:
        try:
            position(value)
        except WalError as error:
            raise PlanError(f"restore_target_lsn: {error}. {NOTHING}") from None
    elif kind == XID and not re.fullmatch(r"[1-9][0-9]{0,19}", value):
        raise PlanError(f"restore_target_xid {value!r} is no transaction id, which is a whole number. {NOTHING}")
    elif kind == NAME and (len(value.encode()) > 63 or not value.isprintable()):
        raise PlanError(
            f"restore_target_name {value!r} is no name of a restore point: 63 bytes at most, without line breaks. {NOTHING}"
        )
    return Moment(kind, value)


def time_of(text: str, now: datetime) -> datetime:
    """Return a time in the past, in UTC.

    Raises:
        PlanError: it is none, has no zone, or lies in the future.
    """
    example = "write it like 2026-10-01T23:00:00+08:00"
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise PlanError(f"restore_target_time {text!r} is no time; {example}. {NOTHING}") from None
    if at.tzinfo is None:
        raise PlanError(f"restore_target_time {text!r} has no time zone; {example}. {NOTHING}")
    if at > now:
        raise PlanError(
            f"restore_target_time {text!r} lies in the future; now it is {now:%Y-%m-%dT%H:%M:%S+00:00}. {NOTHING}"
        )
    return at.astimezone(UTC)


def set_for(moment: Moment, stanza: Stanza, label: str | None, archive: WalArchive) -> Backup:
    """Return the set to begin with: the one of that label, else the newest that was complete at the moment.

    A restore point and a transaction are looked for from the newest set on; an older set is named by its label.

    Raises:
        PlanError: there is none, or the moment lies outside what can come back.
    """
    newest = chosen_set(stanza, label)
    if moment.kind == TIME and moment.at:
        latest = max((segment.archived_at for segment in archive.segments.values()), default=None)
        span = f"{stanza.backups[0].stopped_at} to {latest.isoformat() if latest else 'nowhere, since there is no WAL'}"
        if latest is None or moment.at > latest:
            raise PlanError(
                f"restore_target_time {moment.value} lies after the archive's end; what can come back reaches from {span}. {NOTHING}"
            )
        fitting = [backup for backup in stanza.backups if datetime.fromisoformat(backup.stopped_at) <= moment.at]
    elif moment.kind == LSN:
        oldest = stanza.backups[0]
        span = f"{oldest.lsn_stop} (end of {oldest.label}) on, to WAL segment {stanza.wal_max}"
        fitting = [backup for backup in stanza.backups if position(backup.lsn_stop) <= position(moment.value)]
    else:
        return newest
    if label is not None and newest not in fitting:
        raise PlanError(
            f"backup {label} was complete at {newest.stopped_at} ({newest.lsn_stop}) only, after {moment.words}; leave restore_set out. {NOTHING}"
        )
    if not fitting:
        raise PlanError(
            f"{moment.words} lies before the first backup was complete; what can come back reaches from {span}. {NOTHING}"
        )
    return newest if label is not None else fitting[-1]
