# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is too old in the vault. Names, times and positions come from outside, so none of them makes anything older than it has lain here."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from .pgbackrest_sets import Backup

__all__ = ["VaultAge", "arrived"]

SEGMENT = re.compile(r"[0-9A-F]{8}([0-9A-F]{16})")


def arrived(path: Path) -> datetime:
    """Return since when a file lies where it is: the time of its entry, which nobody sets, unlike that of its content."""
    return datetime.fromtimestamp(path.stat().st_ctime, UTC)


@dataclass(frozen=True)
class VaultAge:
    """The age of what a vault holds of a stanza.

    Attributes:
        place: the vault; since: tells since when a file lies there; days: for how many days everything stays.
    """

    place: Path
    stanza: str
    now: datetime
    days: int
    since: Callable[[Path], datetime] = arrived

    def old(self, path: Path) -> bool:
        """Tell whether a file has lain here for long enough; one that is not there has not."""
        return path.exists() and self.now - self.since(path) >= timedelta(days=self.days)

    def old_sets(self, backups: Sequence[Backup]) -> list[str]:
        """Return the labels of sets that are too old: full sets, with what builds on them, before the newest full one that is old itself.

        That one stays, so that all of the time is covered.
        """
        aged = {backup.label for backup in backups if self.old(self.folder(backup.label) / "backup.manifest")}
        full = sorted(backup.label for backup in backups if backup.type == "full")
        before = max((label for label in full if label in aged), default="")
        found = []
        for label in full:
            family = [backup.label for backup in backups if backup.label.partition("_")[0] == label]
            if label < before and aged.issuperset(family):
                found += family
        return found

    def remove(self, labels: Collection[str], kept: Sequence[Backup]) -> None:
        """Remove sets that are not listed any more, and WAL that no set needs which is kept; WAL only where it is too old itself."""
        for label in labels:
            # Without its manifest a folder is no set any more, should this be cut off.
            (self.folder(label) / "backup.manifest").unlink(missing_ok=True)
            shutil.rmtree(self.folder(label))
        for path in self.folder("").glob("[0-9]*F*"):
            if not (path / "backup.manifest").exists() and self.old(path):
                shutil.rmtree(path)  # half a copy, of a set that the repository had no more at the next run
        for path in list(self.old_wal(kept)):
            path.unlink()

    def old_wal(self, kept: Sequence[Backup]) -> Iterator[Path]:
        """Yield WAL before the first segment that a set of the same database needs. Without any set there is nothing to tell by, and all of it stays."""
        archive = self.place / "archive" / self.stanza
        for folder in sorted(path for path in archive.glob("*-*") if path.is_dir() and kept):
            # Whatever the timeline: a set that was taken before a restore may be replayed along another.
            needed = min((backup.wal_start[8:] for backup in kept if backup.database_id == folder.name), default="G")
            for place, _folders, names in os.walk(folder):
                for name in names:
                    found = SEGMENT.match(name)
                    if found and found[1] < needed and self.old(Path(place, name)):
                        yield Path(place, name)

    def folder(self, label: str) -> Path:
        """Return where a set lies."""
        return self.place / "backup" / self.stanza / label
