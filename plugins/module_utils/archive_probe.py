# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seeing that WAL arrives although nobody writes: a segment is asked for, once, and its arrival is awaited.

PostgreSQL switches segments only when something was written. So silence is no proof of a fault, and none of health either.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from .files import TextFile, write_text
from .pgbackrest import PgBackRest
from .pgbackrest_failure import NO_WAL, BackupError
from .wal_archive import WalArchive

__all__ = ["Probe"]

WAIT_SECONDS = 20
# Each question leaves 16 MiB on the database's disk until it can be archived; so it is not repeated while the last one is not answered, but for
# a database that may be another one by then.
PATIENCE = timedelta(hours=6)


@dataclass(frozen=True)
class Probe:
    """What asks for a segment.

    Attributes:
        state: file that says when a segment was asked for last, and what was said to it.
        after: age of the newest segment from which on one is asked for.
    """

    engine: PgBackRest
    state: Path
    now: datetime
    after: timedelta

    def freshened(self, archive: WalArchive, database_id: str) -> tuple[WalArchive, str]:
        """Return the archive, after a segment was asked for where it is quiet; and what was said, "" where all is well.

        Raises:
            OpsError: the archive cannot be read, or the state cannot be written.
        """
        newest = max((each.archived_at for each in archive.segments.values()), default=None)
        if newest is not None and self.now - newest <= self.after:
            return archive, ""
        asked_at, said = self.unanswered()
        if asked_at is not None and (newest is None or newest < asked_at) and self.now - asked_at < PATIENCE:
            return archive, said
        said, unanswered = "", False
        try:
            self.engine.call(f"--archive-timeout={WAIT_SECONDS}", "check", what="seeing a WAL segment arrive")
        except BackupError as error:
            said, unanswered = str(error), error.code == NO_WAL
        self.note(said, unanswered)
        return self.engine.archive(database_id), said

    def unanswered(self) -> tuple[datetime | None, str]:
        """Return when a segment was asked for that has not come, and what was said; None where no question is open.

        A question that failed for another reason, such as a database that is off, has left no segment and may be repeated.
        """
        try:
            told = json.loads(self.state.read_text(encoding="utf-8"))
            asked_at = datetime.fromisoformat(told["asked_at"]).astimezone(UTC) if told["unanswered"] else None
            return asked_at, str(told["said"])
        except (OSError, KeyError, TypeError, ValueError):
            return None, ""

    def note(self, said: str, unanswered: bool) -> None:
        """Keep when a segment was asked for, what was said, and whether the segment is still to come."""
        asked_at = self.now.astimezone(UTC).isoformat(timespec="seconds")
        told = {"asked_at": asked_at, "said": said, "unanswered": unanswered}
        write_text(TextFile(self.state, json.dumps(told) + "\n", owner=self.engine.user))
