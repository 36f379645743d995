# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restore can choose from: the sets, the ways that lead on from them, the range of times; and how a refusal says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .backup_proof import Proof
from .drill_result import DrillResult
from .errors import OpsError
from .pgbackrest_sets import Backup, Stanza
from .restore_goal import Goal, instant
from .restore_search import Reader, Search
from .restore_sets import doubt, preferred
from .restore_way import Way, own_sets, ways_from
from .wal import lsn_text
from .wal_archive import WalArchive

__all__ = ["SECOND", "GapError", "Options", "RefusedError", "Wanted"]

SECOND = timedelta(seconds=1)  # the engine keeps whole seconds, and cuts off the rest


class RefusedError(OpsError):
    """What is wanted cannot be restored, or costs something that nobody has agreed to. Nothing was changed."""


class GapError(RefusedError):
    """A segment on the way is missing, and nobody has agreed to what that costs."""


@dataclass(frozen=True)
class Wanted:
    """What a person wants.

    Attributes:
        label: of the set; "" leaves the choice. timeline: None leaves the choice.
        accept_loss: the words that agree to a loss.
    """

    goal: Goal = field(default_factory=Goal)
    label: str = ""
    timeline: int | None = None
    accept_loss: str = ""


@dataclass
class Options:
    """The sets and ways that a restore may take, and what the WAL on them tells.

    Attributes:
        reader: looks into the WAL; None where that is not possible, and why.
        now: aware, UTC.
        drills: the newest result of each set that was drilled, by label.
    """

    wanted: Wanted
    stanza: Stanza
    archive: WalArchive
    proofs: Mapping[str, Proof]
    reader: Reader | None
    now: datetime
    unreadable: str = ""
    notes: list[str] = field(default_factory=list)
    drills: Mapping[str, DrillResult] = field(default_factory=dict)

    @property
    def sets(self) -> list[Backup]:
        """The sets that may come back, in the order in which they are tried; a set in doubt only where it is named."""
        sets = own_sets(self.stanza, self.proofs)
        if not sets:
            raise RefusedError(f"The repository holds no backup of {self.stanza.name}. Nothing was changed")
        chosen = [backup for backup in sets if self.wanted.label in ("", backup.label)]
        if not chosen:
            known = ", ".join(backup.label for backup in sets)
            raise RefusedError(
                f"the repository holds no backup {self.wanted.label} of {self.stanza.name}; there is: {known}. Nothing was changed"
            )
        if self.wanted.label:
            return chosen
        well = [backup for backup in chosen if not self.doubt(backup)]
        if not well:
            raise RefusedError(f"No backup of {self.stanza.name} is beyond doubt.{self.left_out} Nothing was changed")
        return preferred(well, self.proofs)

    def doubt(self, backup: Backup) -> str:
        """Return why a set is left alone unless it is named; "" where it is not."""
        return doubt(backup, self.drills)

    @property
    def left_out(self) -> str:
        """The sets in doubt, as a sentence of a refusal; "" where there are none, or one was named."""
        sets = [] if self.wanted.label else own_sets(self.stanza, self.proofs)
        named = [f"{backup.label}, which {why}" for backup in sets[::-1] if (why := self.doubt(backup))]
        return f" Left out, unless restore_set names it: {'; '.join(named)}." if named else ""

    def ways(self, backup: Backup) -> list[Way]:
        """Return the ways that lead on from a set, the newest timeline first."""
        return ways_from(backup, self.archive, self.proofs.get(backup.label))

    def search(self, way: Way, since: int | None = None) -> Search | None:
        """Return what looks along a way."""
        begin = way.begin if since is None else since
        return Search(way, self.reader, begin, bool(self.wanted.label)) if self.reader else None

    def final(self, way: Way) -> datetime | None:
        """Return when the last commit on a way was."""
        search = self.search(way)
        return search.final.at if search and search.final else None

    def described(self, way: Way) -> str:
        """Return a timeline in words."""
        left = way.history.ancestors[-1:]
        came = f" (left timeline {left[0][0]} at {lsn_text(left[0][1])})" if left else ""
        final = self.final(way)
        return f"{way.timeline}{came} goes on to segment {way.last}" + (
            f", last commit {instant(final)}" if final else ""
        )

    @property
    def possible(self) -> str:
        """The range of times that can be restored, in words."""
        every = own_sets(self.stanza, self.proofs)
        sets = [backup for backup in every if not self.doubt(backup)] or every
        ends = [end for backup in sets[-1:] for way in self.ways(backup)[:1] if (end := self.final(way))]
        return f"from {instant(datetime.fromisoformat(sets[0].stopped_at) + SECOND)} to " + (
            instant(ends[0]) if ends else "the end of the archive"
        )

    def refused(self, why: str) -> RefusedError:
        """Return a refusal with the possible range."""
        return RefusedError(f"{why}. Possible is any time {self.possible}.{self.left_out} Nothing was changed")
