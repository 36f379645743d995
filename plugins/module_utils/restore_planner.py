# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the plan of a restore is found: which set and timeline reach what is wanted, and what stands in the way."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from .pgbackrest_sets import Backup
from .restore_goal import END, LSN, NAME, TIME, XID, instant
from .restore_options import SECOND, GapError, Options, RefusedError
from .restore_plan import RestorePlan, accept_words, end_plan, gap_plan, gap_words, target_plan
from .restore_search import Hit, SpanTimes
from .restore_timelines import given_up, left_before
from .restore_way import Way, own_sets
from .wal import SEGMENT_BYTES, lsn_text, position, segment_number, timeline_of
from .wal_archive import Gap
from .wal_records import Ended

__all__ = ["Planner"]


@dataclass(frozen=True)
class Place:
    """A place at which a restore can stop, on a way from a set."""

    way: Way
    hit: Hit

    @property
    def state(self) -> object:
        """Equal where the database would be the same there."""
        return (self.hit.last.lsn, self.hit.last.at, self.hit.last.xid) if self.hit.last else None

    @property
    def reach(self) -> int:
        """The number of the last segment that a replay comes to on its way there."""
        return self.way.reach(self.hit.lsn // SEGMENT_BYTES)


@dataclass
class Planner(Options):
    """Plans one restore.

    Attributes:
        part: what was looked through for a record, in words, where that was not all of the WAL.
    """

    part: str = ""

    def plan(self) -> RestorePlan:
        """Return the plan.

        Raises:
            RefusedError: with the possible range.
        """
        goal = self.wanted.goal
        if goal.at and goal.at > self.now:
            raise self.refused(f"{instant(goal.at)} lies in the future: it is {instant(self.now)} now")
        if goal.kind != END and self.reader is None:
            raise RefusedError(
                f"no target can be looked for in the archived WAL: {self.unreadable}. Nothing was changed"
            )
        found = self.to_end() if goal.kind == END else self.to_target()
        self.notes.extend(self.doubts(found))
        if self.reader is None:
            self.notes.append(f"no commit's time is known: {self.unreadable}")
        lost = "; and ".join([found.lost, *given_up(self, found.backup, found.timeline)])
        looked = len(self.reader.looked) if self.reader else 0
        return replace(found, lost=lost, notes=tuple(self.notes), possible=self.possible, segments_looked=looked)

    def doubts(self, plan: RestorePlan) -> Iterator[str]:
        """Yield what is not known of the set that comes back, and which newer ones it is preferred to."""
        label, proven = plan.backup.label, plan.backup.label in self.proofs
        if why := self.doubt(plan.backup):
            yield f"backup {label} {why}"
        elif self.proofs and not proven:
            yield f"nothing is proven of backup {label}"
        for backup in [] if self.wanted.label else own_sets(self.stanza, self.proofs):
            why = self.doubt(backup) or ("has no proof" if proven and backup.label not in self.proofs else "")
            reached = plan.backup.stopped_at < backup.stopped_at and position(backup.lsn_stop) <= position(plan.reach)
            if why and reached and any(way.timeline == plan.timeline and not way.broken for way in self.ways(backup)):
                yield f"backup {backup.label} is newer and {why}, so {label} takes its place (restore_set={backup.label} takes it all the same)"

    # --- to the end ---

    def to_end(self) -> RestorePlan:
        """Return the plan for a restore to the end of the archive."""
        broken, best = "", None
        sets = self.sets
        self.main_way(
            max(sets, key=lambda backup: backup.stopped_at)
        )  # the newest says which timeline is meant, though another may come back
        for backup in sets:
            # A set that is tried later leads further only where it is newer: an older one meets the same gap.
            if best and (not best.gaps or backup.stopped_at < best.backup.stopped_at):
                continue
            way = self.main_way(backup)
            if way is None:
                continue
            if way.broken:
                broken = (
                    broken
                    or f"{way.broken.words} in the repository, which backup {backup.label} needs: it cannot be restored"
                )
            elif best is None or way.reach(way.end) > best.reach(best.end):
                best = way
        if best is None:
            raise self.refused(broken or f"no backup leads to timeline {self.wanted.timeline}")
        self.note(broken, best)
        if best.gaps:
            return self.up_to_gap(best, best.gaps[0])
        return end_plan(best, self.wanted.goal, self.final(best))

    def main_way(self, backup: Backup) -> Way | None:
        """Return the way that a restore to the end takes from a set; None where it does not lead to the timeline that was chosen.

        Raises:
            RefusedError: nobody can tell which one is meant.
        """
        ways = self.ways(backup)
        if self.wanted.timeline is not None:
            return next((way for way in ways if way.timeline == self.wanted.timeline), None)
        newest = max(map(timeline_of, self.archive.segments), default=0)
        if not ways or ways[0].timeline != newest:
            raise self.unexpected(
                backup,
                ways,
                f"The newest timeline in the archive is {newest}, and it did not come from backup {backup.label}",
            )
        passed = {newest, *(ancestor for ancestor, _left in ways[0].history.ancestors)}
        if others := [way for way in ways if way.timeline not in passed]:
            names = " and ".join(str(way.timeline) for way in [ways[0], *others])
            raise self.unexpected(backup, ways, f"Several timelines came from backup {backup.label}: {names}")
        return ways[0]

    def unexpected(self, backup: Backup, ways: Sequence[Way], why: str) -> RefusedError:
        """Return the refusal of a timeline that nobody expected."""
        listed = "; ".join(self.described(way) for way in ways) or f"none came from {backup.label}"
        return RefusedError(
            f"{why}. Choose by restore_timeline what comes back (and by restore_set an earlier backup): {listed}.{self.left_out} Nothing was changed"
        )

    def note(self, broken: str, way: Way) -> None:
        """Keep what whoever reads the plan should know."""
        if broken:
            self.notes.append(f"{broken}; another backup takes its place")
        self.notes.extend(left_before(self, way))

    # --- to a target ---

    def to_target(self) -> RestorePlan:
        """Return the plan for a restore to a target."""
        places = self.places()
        if not places:
            raise self.unreached()
        states = {
            place.hit.lsn if self.wanted.goal.kind in (NAME, XID) else place.state: place for place in places[::-1]
        }
        if len(states) > 1:
            raise self.ambiguous(list(states.values()))
        place = places[0]
        if self.part and self.wanted.goal.kind == NAME:
            self.notes.append(f"only {self.part} were looked through, so there may be another {self.wanted.goal.words}")
        self.refuse_rolled_back(place.hit.ended)
        way = place.way
        self.note("", way)
        if gap := way.gap_before(place.hit.lsn):
            return self.up_to_gap(way, gap, place.hit)
        return target_plan(way, self.wanted.goal, place.hit, self.final(way))

    def places(self) -> list[Place]:
        """Return all places that the target can mean, on the newest timeline first."""
        by_timeline: dict[int, list[Way]] = {}
        for backup in self.sets:
            for way in self.ways(backup):
                if self.wanted.timeline in (None, way.timeline):
                    by_timeline.setdefault(way.timeline, []).append(way)
        found = []
        for timeline in sorted(by_timeline, reverse=True):
            find = self.places_by_time if self.wanted.goal.kind == TIME else self.places_by_record
            found += find(by_timeline[timeline])
        return found

    def places_by_time(self, ways: Sequence[Way]) -> list[Place]:
        """Return where a replay to a time stops on a timeline, from the first set that was complete before and leads there."""
        at, best = self.wanted.goal.at, None
        for way in ways:
            if at is None or datetime.fromisoformat(way.backup.stopped_at) + SECOND > at or self.skipped(way):
                continue
            hits = self.found(way, way.begin)
            if not hits:
                return []
            place = Place(way, hits[0])
            if place.hit.lsn <= position(way.backup.lsn_stop):
                continue
            best = max(best or place, place, key=lambda each: each.reach)
            if not way.gap_before(best.hit.lsn):
                break
        return [best] if best else []

    def places_by_record(self, ways: Sequence[Way]) -> list[Place]:
        """Return where the record lies on a timeline, each from the first set that was complete before it and leads there."""
        found = []
        for hit in self.found(ways[0], min(way.begin for way in ways)):
            behind = [way for way in ways if position(way.backup.lsn_stop) <= hit.lsn and not self.skipped(way)]
            found += [max((Place(way, hit) for way in behind), key=lambda place: place.reach)] if behind else []
        return found

    def skipped(self, way: Way) -> bool:
        """Tell whether the way's set cannot be restored for want of its own WAL."""
        return way.broken is not None

    def found(self, way: Way, since: int) -> list[Hit]:
        """Return what is found on a way."""
        search = self.search(way, since)
        if search and self.wanted.goal.kind in (NAME, XID):
            self.part = search.part or self.part
        return search.find(self.wanted.goal) if search else []

    # --- what stands in the way ---

    def up_to_gap(self, way: Way, gap: Gap, hit: Hit | None = None) -> RestorePlan:
        """Return the restore up to a gap, where somebody has agreed to that.

        Raises:
            GapError: nobody has.
        """
        search = self.search(way)
        span, final = (search.span(gap), self.final(way)) if search else (SpanTimes(None, None), None)
        words = accept_words(gap, span)
        if self.wanted.accept_loss.strip() != words:
            agree = json.dumps({"restore_accept_loss": words})
            given = f" (it is now {self.wanted.accept_loss!r})" if self.wanted.accept_loss else ""
            raise GapError(
                f"{gap_words(way, gap, span, final)}. Look for the segment in the second copy of the repository first. To restore up to the gap "
                f"and no further, repeat the loss: -e '{agree}'{given}.{self.left_out} Nothing was changed"
            )
        held = way.held(segment_number(gap.first) - 1)
        record = self.reader.last_record(held) if self.reader and held else None
        wanted = (hit.last.at if hit.last else None) if hit else final
        return gap_plan(way, self.wanted.goal, gap, span, record, wanted)

    def refuse_rolled_back(self, ended: Ended | None) -> None:
        """Raise RefusedError where the transaction that was asked for left nothing, or is a part of another one."""
        if ended is None:
            return
        if int(self.wanted.goal.value) != ended.xid:
            raise self.refused(
                f"transaction {self.wanted.goal.value} is a part of transaction {ended.xid}, which ended at {instant(ended.at)}: name that"
            )
        if not ended.committed:
            raise self.refused(
                f"transaction {ended.xid} was rolled back at {instant(ended.at)}: there is nothing of it"
            )

    def ambiguous(self, places: Sequence[Place]) -> RefusedError:
        """Return the refusal of a target that can mean several things."""
        several = len({place.way.timeline for place in places}) == len(places)
        listed = "; ".join(
            f"timeline {place.way.timeline}, {lsn_text(place.hit.lsn)}, "
            + (f"after the commit of {instant(place.hit.last.at)}" if place.hit.last else "before any archived commit")
            for place in sorted(places, key=lambda place: place.hit.lsn)
        )
        how = "restore_timeline" if several else "restore_target_lsn instead"
        return self.refused(f"{self.wanted.goal.words} can mean {len(places)} things; choose by {how}: {listed}")

    def unreached(self) -> RefusedError:
        """Return the refusal of a target that no set and no WAL lead to."""
        goal, sets = self.wanted.goal, self.sets
        on = f" on timeline {self.wanted.timeline}" if self.wanted.timeline is not None else ""
        first = min(sets, key=lambda backup: backup.stopped_at)
        if goal.at and goal.at < datetime.fromisoformat(first.stopped_at) + SECOND:
            return self.refused(
                f"{goal.words} lies before backup {first.label} was complete (at {first.stopped_at}), which is the first there is"
            )
        if self.part:
            other = "Name another" if self.wanted.label else "Name the newest"
            return self.refused(
                f"{goal.words} is not in what was looked through of the archived WAL{on}: {self.part}. {other} backup that was complete before it by "
                "restore_set, behind which as much is looked through; or give its time or position as the target"
            )
        looked = f" ({len(self.reader.looked) if self.reader else 0} segments were looked through)"
        why = {
            TIME: f"no way{on} leads to {goal.words}: the archive ends before it. Leave the target out to restore to the end",
            NAME: f"there is no {goal.words} in the archived WAL{on} behind the first backup{looked}",
            LSN: f"{goal.words} is not in the archived WAL{on} behind the first backup",
            XID: f"the end of {goal.words} is not in the archived WAL{on} behind the first backup{looked}",
        }
        return self.refused(why[goal.kind])
