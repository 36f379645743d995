# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a database says of the WAL that it archives: which database it is, what waits, and why the last attempt failed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .postgresql_server import Server

__all__ = ["Archiving", "look", "spooled_error"]

SPOOL = Path("/var/spool/pgbackrest")
# PostgreSQL documentation: table 9.93 (pg_control_system), 28.2.12 (pg_stat_archiver), table 9.101 (pg_ls_archive_statusdir).
STATE = """
SELECT system_identifier, (SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'),
  coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false), last_failed_wal,
  to_char(last_failed_time AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')
FROM pg_control_system(), pg_stat_archiver
"""


@dataclass(frozen=True)
class Archiving:
    """The state of a server's archiving.

    Attributes:
        system_id: the number that initdb gave this database; a repository knows its database by it.
        waiting: how many WAL segments wait to be archived.
        failed_segment, failed_at: the last attempt, where it failed; error: what the backup engine said of it.
    """

    system_id: int
    waiting: int
    failed_segment: str | None = None
    failed_at: str | None = None
    error: str | None = None

    def words(self, stanza: str) -> str:
        """Say in a sentence or two what keeps WAL from arriving, and what to do."""
        log = f"/var/log/pgbackrest/{stanza}-archive-push-async.log"
        rest = f"{self.waiting} WAL segments wait there, and go by themselves once the cause is gone; then run again"
        if self.failed_segment is None:
            return f"PostgreSQL reports no failure of archiving; see {log} there. {rest}"
        why = self.error or f"the reason stands in {log}"
        return f"PostgreSQL failed to archive {self.failed_segment} at {self.failed_at}: {why}. {rest}"


def look(server: Server, stanza: str, spool: Path = SPOOL) -> Archiving:
    """Return the state of archiving now.

    Raises:
        ServerError: the server does not answer.
    """
    system_id, waiting, failing, segment, at = server.query(" ".join(STATE.split()))[0]
    if failing != "t":
        return Archiving(int(system_id), int(waiting))
    return Archiving(int(system_id), int(waiting), segment, at, spooled_error(spool / "archive" / stanza / "out"))


def spooled_error(folder: Path) -> str | None:
    """Return the newest error that pgBackRest's asynchronous archiving left: a file of its number, then the text (src/command/archive/common.c)."""
    found: list[tuple[float, str]] = []
    for path in folder.glob("*.error"):
        try:
            found.append((path.stat().st_mtime, path.read_text(encoding="utf-8", errors="replace")))
        except OSError:
            continue  # the next attempt has removed it meanwhile
    if not found:
        return None
    number, _, text = max(found)[1].partition("\n")
    return f"[{number.zfill(3)}]: {' '.join(text.split())}"[:400]
