# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the archive holds beside the way of a restore, on other timelines, and does not come back."""

from __future__ import annotations

from collections.abc import Iterator

from .pgbackrest_sets import Backup
from .restore_goal import instant
from .restore_options import Options
from .restore_way import Way
from .wal import SEGMENT_BYTES, lsn_text, segment_number, timeline_of
from .wal_archive import ArchiveError
from .wal_reader import LookError

__all__ = ["given_up", "left_before"]


def left_before(options: Options, way: Way) -> Iterator[str]:
    """Yield, as notes, what timelines hold on the way behind the place where they were left: it was given up before this restore."""
    for ancestor, left in way.history.ancestors:
        last = options.archive.last_on(ancestor)
        if last and segment_number(last) > left // SEGMENT_BYTES:
            yield (
                f"timeline {ancestor} goes on to segment {last} behind {lsn_text(left)}, where it was left: that does not come back "
                f"(restore_timeline={ancestor} brings it)"
            )


def given_up(options: Options, backup: Backup, timeline: int) -> Iterator[str]:
    """Yield what is lost on timelines that were begun after the one that a restore follows; one without a commit of its own loses nothing."""
    for other in sorted({timeline_of(name) for name in options.archive.segments}):
        if other > timeline and (words := described(options, backup, other)):
            yield f"timeline {words} (restore_timeline={other} brings it)"


def described(options: Options, backup: Backup, timeline: int) -> str:
    """Return a timeline with its last segment and last commit in words; "" where nothing was committed on it."""
    last = options.archive.last_on(timeline) or ""
    try:
        history = options.archive.history(timeline)
    except ArchiveError:
        return f"{timeline}, whose history is missing, up to segment {last}"
    parent, left = history.ancestors[-1] if history.ancestors else (0, 0)
    upto = f"{timeline} (left timeline {parent} at {lsn_text(left)}) up to segment {last}"
    search = options.search(Way(backup, options.archive, history, last, ()), left // SEGMENT_BYTES)
    if search is None:
        return upto
    try:
        final = search.final
    except LookError:  # what does not come back must not keep the rest from coming back
        return f"{upto}, whose last commit cannot be told"
    return f"{upto}, last commit {instant(final.at)}" if final and final.lsn >= left else ""
